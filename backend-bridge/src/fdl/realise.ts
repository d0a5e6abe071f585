import { isUnder, MINIO_DEFAULT, pathOf, placeOfIO, type IPlaceInStorage } from './paths';
import type { IOscarService, IStorageIO } from './service';
import { LINKS_VARIABLE, type ILink } from './types';

/** A service as the FDL documents it, and with the paths it really gets. */
export interface IRealised {
  name: string;
  /** Position in the file. */
  index: number;
  /** What the cluster shall hold in the end. */
  service: Partial<IOscarService>;
  /** Paths of outputs that a create would refuse, because the bucket is there before: added by a PUT. */
  attached: string[];
  /** Buckets that this service makes or keeps. */
  buckets: string[];
}

/** A link and the notification behind it. */
export interface IRealLink extends ILink {
  /** Prefix of the notification, without slashes around it. */
  notify: string;
}

export interface IRealiseOptions {
  /** Services of the file, in its order. */
  services: { name: string; service: Partial<IOscarService> }[];
  deployed: IOscarService[];
  /** Names of all buckets; undefined when unknown. */
  buckets?: Set<string>;
  /** The cluster takes buckets that exist (feature `existing-bucket`). */
  existingBuckets: boolean;
  /** Notifications can be set. */
  storage: boolean;
}

export interface IRealiseResult {
  services: IRealised[];
  links: IRealLink[];
  /** Owner of each bucket, deployed services included. */
  owners: Map<string, string>;
  /** What cannot be realised without the object store: the consumer and the path. */
  impossible: { service: string; path: string }[];
}

interface INode {
  name: string;
  index: number;
  service: Partial<IOscarService>;
  inputs: IPlaceInStorage[];
  outputs: IPlaceInStorage[];
  deployed?: IOscarService;
  external: boolean;
}

/**
 * Decides how services that feed one another are connected. Each keeps buckets of its own, since a create refuses a bucket
 * that exists; the bucket that a producer writes to tells the consumer's webhook of new objects. Where the FDL says that A
 * writes into a bucket of B, A writes to `to-<B>` in a bucket of its own. A consumer whose input lies in the bucket of
 * another gets an input of its own, because only that makes its webhook. Without the object store the consumer owns the
 * bucket, and the producer's output is added by a PUT afterwards.
 */
export function realise(options: IRealiseOptions): IRealiseResult {
  const nodes = readNodes(options);
  const ordered = sortByFlow(nodes.filter(node => !node.external));
  const owners = findOwners(nodes, ordered, options.storage);
  const links: IRealLink[] = [];
  const impossible: { service: string; path: string }[] = [];
  const context: IContext = { options, nodes, owners, links, impossible, moved: new Map() };

  for (const node of ordered) {
    moveOutputs(node, context);
  }
  const services = ordered.map(node => realiseOne(node, context));
  linkDeployedConsumers(context);
  services.forEach(item => addLinksVariable(item, links));
  return { services, links, owners, impossible };
}

interface IContext {
  options: IRealiseOptions;
  nodes: INode[];
  owners: Map<string, string>;
  links: IRealLink[];
  impossible: { service: string; path: string }[];
  /** Where an output really goes, by `<service> <documented path>`. */
  moved: Map<string, IPlaceInStorage>;
}

function placesOf(list: IStorageIO[] | undefined, name: string): IPlaceInStorage[] {
  return (list ?? []).map(io => placeOfIO(io, name));
}

function readNodes(options: IRealiseOptions): INode[] {
  const names = new Set(options.services.map(item => item.name));
  const own = options.services.map(({ name, service }, index): INode => {
    return {
      name,
      index,
      service,
      inputs: placesOf(service.input, name),
      outputs: placesOf(service.output, name),
      deployed: options.deployed.find(other => other.name === name),
      external: false
    };
  });
  const others = options.deployed
    .filter(service => !names.has(service.name))
    .map((service): INode => {
      const inputs = placesOf(service.input, service.name);
      return {
        name: service.name,
        index: -1,
        service,
        inputs,
        outputs: placesOf(service.output, service.name),
        external: true
      };
    });
  return [...own, ...others];
}

/** True when new objects below `output` start what listens to `input`. */
export function feeds(output: IPlaceInStorage, input: IPlaceInStorage): boolean {
  return isUnder(output, input) || isUnder(input, output);
}

/** Producers before consumers; the order of the file where nothing else decides, and in loops. */
function sortByFlow(nodes: INode[]): INode[] {
  const result: INode[] = [];
  const rest = [...nodes];
  while (rest.length > 0) {
    const free = rest.findIndex(node =>
      rest.every(
        other => other === node || !other.outputs.some(output => node.inputs.some(input => feeds(output, input)))
      )
    );
    result.push(...rest.splice(Math.max(free, 0), 1));
  }
  return result;
}

/** The one service that makes a bucket: of those deployed who has it, else the one it is named after, else the first in the flow. */
function findOwners(nodes: INode[], ordered: INode[], storage: boolean): Map<string, string> {
  const owners = new Map<string, string>();
  const claim = (place: IPlaceInStorage, name: string) => {
    if (place.provider === MINIO_DEFAULT && place.bucket !== '' && !owners.has(place.bucket)) {
      owners.set(place.bucket, name);
    }
  };
  for (const node of nodes) {
    if (node.external) {
      [...node.inputs, ...node.outputs].forEach(place => claim(place, node.name));
    }
  }
  for (const node of ordered) {
    [...node.inputs, ...node.outputs]
      .filter(place => place.bucket === node.name)
      .forEach(place => claim(place, node.name));
  }
  // Without notifications the consumer has to make the bucket: only that sets its webhook.
  const sides = storage ? ordered.map(node => [...node.inputs, ...node.outputs]) : ordered.map(node => node.inputs);
  ordered.forEach((node, index) => sides[index].forEach(place => claim(place, node.name)));
  ordered.forEach(node => node.outputs.forEach(place => claim(place, node.name)));
  return owners;
}

function has(list: IStorageIO[] | undefined, name: string, place: IPlaceInStorage): boolean {
  return placesOf(list, name).some(other => other.provider === place.provider && pathOf(other) === pathOf(place));
}

/** A bucket of its own that a service may put further folders into. */
function ownBucket(node: INode, context: IContext): string {
  const { owners, options } = context;
  const owned = [...node.inputs, ...node.outputs].find(
    place =>
      place.provider === MINIO_DEFAULT && owners.get(place.bucket) === node.name && isFree(place.bucket, node, options)
  );
  if (owned) {
    return owned.bucket;
  }
  for (let i = 0; ; i++) {
    const name = i === 0 ? node.name : i === 1 ? `${node.name}-own` : `${node.name}-own-${i}`;
    const owner = owners.get(name);
    if ((owner === undefined || owner === node.name) && isFree(name, node, options)) {
      owners.set(name, node.name);
      return name;
    }
  }
}

/** A create may make the bucket, or the service has it already. */
function isFree(bucket: string, node: INode, options: IRealiseOptions): boolean {
  return options.existingBuckets || !options.buckets?.has(bucket) || usesBucket(node.deployed, bucket);
}

export function usesBucket(service: IOscarService | undefined, bucket: string): boolean {
  return (
    service !== undefined &&
    [...placesOf(service.input, service.name), ...placesOf(service.output, service.name)].some(
      place => place.provider === MINIO_DEFAULT && place.bucket === bucket
    )
  );
}

function freeFolder(wanted: string, bucket: string, taken: IPlaceInStorage[]): IPlaceInStorage {
  for (let i = 1; ; i++) {
    const place = { provider: MINIO_DEFAULT, bucket, prefix: i === 1 ? wanted : `${wanted}-${i}` };
    if (!taken.some(other => feeds(place, other))) {
      return place;
    }
  }
}

/** An output in the bucket of a consumer goes to a bucket of the producer. */
function moveOutputs(node: INode, context: IContext): void {
  const { owners, options, nodes, moved } = context;
  for (const output of node.outputs) {
    const mine = output.provider !== MINIO_DEFAULT || owners.get(output.bucket) === node.name;
    const consumer = nodes.find(other => other !== node && other.inputs.some(input => feeds(output, input)));
    if (mine || !consumer || !options.storage) {
      continue;
    }
    const bucket = ownBucket(node, context);
    const taken = [...node.inputs, ...node.outputs, ...moved.values()];
    moved.set(`${node.name} ${pathOf(output)}`, freeFolder(`to-${consumer.name}`, bucket, taken));
  }
}

function realiseOne(node: INode, context: IContext): IRealised {
  const { owners, options, nodes, links, impossible, moved } = context;
  const input: IStorageIO[] = [];
  let hasOwnTrigger = false;
  let needsTrigger = false;
  (node.service.input ?? []).forEach((io, index) => {
    const place = node.inputs[index];
    const real: IStorageIO = place.provider === MINIO_DEFAULT ? { ...io, path: pathOf(place) } : io;
    const sameBucket = input.some(
      other => placeOfIO(other).provider === MINIO_DEFAULT && placeOfIO(other).bucket === place.bucket
    );
    const mine =
      place.provider !== MINIO_DEFAULT ||
      (owners.get(place.bucket) === node.name &&
        (options.existingBuckets ||
          ((!options.buckets?.has(place.bucket) || has(node.deployed?.input, node.name, place)) && !sameBucket)));
    if (mine) {
      input.push(real);
      hasOwnTrigger ||= place.provider === MINIO_DEFAULT;
    } else if (options.storage) {
      needsTrigger = true;
    } else {
      impossible.push({ service: node.name, path: pathOf(place) });
    }
    if (place.provider === MINIO_DEFAULT && options.storage) {
      links.push(...linksInto(node, place, mine, nodes, moved));
    }
  });
  if (needsTrigger && !hasOwnTrigger) {
    input.unshift({ storage_provider: MINIO_DEFAULT, path: pathOf(triggerOf(node, context)) });
  }
  const attached: string[] = [];
  const output = (node.service.output ?? []).map((io, index): IStorageIO => {
    const place = node.outputs[index];
    if (place.provider !== MINIO_DEFAULT) {
      return io;
    }
    const real = moved.get(`${node.name} ${pathOf(place)}`) ?? place;
    const mine = owners.get(real.bucket) === node.name && isFree(real.bucket, node, options);
    if (!mine && !options.existingBuckets && !has(node.deployed?.output, node.name, real)) {
      attached.push(pathOf(real));
    }
    return { ...io, path: pathOf(real) };
  });
  const service = { ...node.service };
  if (node.service.input || input.length > 0) {
    service.input = input;
  }
  if (node.service.output) {
    service.output = output;
  }
  const buckets = [...input, ...output]
    .map(io => placeOfIO(io, node.name))
    .filter(place => place.provider === MINIO_DEFAULT && owners.get(place.bucket) === node.name)
    .map(place => place.bucket);
  return { name: node.name, index: node.index, service, attached, buckets: [...new Set(buckets)] };
}

/**
 * The input that a service gets only so that its webhook is made. That happens with a bucket that is new, so it is one that
 * is not there yet, or the one that an earlier apply made.
 */
function triggerOf(node: INode, context: IContext): IPlaceInStorage {
  const { owners, options } = context;
  const before = placesOf(node.deployed?.input, node.name).find(
    place => place.provider === MINIO_DEFAULT && !node.inputs.some(input => pathOf(input) === pathOf(place))
  );
  if (before) {
    owners.set(before.bucket, node.name);
    return before;
  }
  const isNew = (bucket: string) => options.existingBuckets || !options.buckets?.has(bucket);
  const owned = node.outputs.find(
    place => place.provider === MINIO_DEFAULT && owners.get(place.bucket) === node.name && isNew(place.bucket)
  );
  for (let i = 0; ; i++) {
    const bucket = owned?.bucket ?? (i === 0 ? node.name : i === 1 ? `${node.name}-own` : `${node.name}-own-${i}`);
    const owner = owners.get(bucket);
    if ((owner === undefined || owner === node.name) && isNew(bucket)) {
      owners.set(bucket, node.name);
      return freeFolder('in', bucket, node.outputs);
    }
  }
}

/** All that starts `node` through one of its inputs. `mine`: its own webhook hears the input itself. */
function linksInto(
  node: INode,
  place: IPlaceInStorage,
  mine: boolean,
  nodes: INode[],
  moved: Map<string, IPlaceInStorage>
): IRealLink[] {
  const result: IRealLink[] = [];
  let direct = mine;
  for (const parent of nodes) {
    for (const output of parent.outputs) {
      if (parent === node || output.provider !== MINIO_DEFAULT || !feeds(output, place)) {
        continue;
      }
      const path = pathOf(output);
      const to = moved.get(`${parent.name} ${path}`);
      if (to) {
        const rest = isUnder(output, place) ? '' : place.prefix.slice(output.prefix.length).replace(/^\//, '');
        const prefix = rest === '' ? to.prefix : `${to.prefix}/${rest}`;
        result.push({ from: parent.name, to: node.name, path, bucket: to.bucket, prefix, notify: prefix });
      } else if (!mine) {
        // The objects lie where the FDL says; what others put there counts, too.
        direct = true;
        const prefix = isUnder(output, place) ? output.prefix : place.prefix;
        result.push({ from: parent.name, to: node.name, path, bucket: place.bucket, prefix, notify: place.prefix });
      }
    }
  }
  if (!direct) {
    result.push({
      from: '',
      to: node.name,
      path: pathOf(place),
      bucket: place.bucket,
      prefix: place.prefix,
      notify: place.prefix
    });
  }
  return result;
}

/** Services that are there already and that the new ones feed. */
function linkDeployedConsumers(context: IContext): void {
  for (const node of context.nodes.filter(other => other.external)) {
    for (const input of node.inputs) {
      if (input.provider === MINIO_DEFAULT) {
        context.links.push(
          ...linksInto(
            node,
            input,
            true,
            context.nodes.filter(other => !other.external),
            context.moved
          )
        );
      }
    }
  }
}

function addLinksVariable(item: IRealised, links: IRealLink[]): void {
  const mine = links.filter(link => link.to === item.name);
  if (mine.length === 0) {
    return;
  }
  const value = JSON.stringify(mine.map(({ from, path, bucket, prefix }) => ({ from, path, bucket, prefix })));
  const environment = item.service.environment;
  item.service = {
    ...item.service,
    environment: {
      ...environment,
      variables: { ...environment?.variables, [LINKS_VARIABLE]: value }
    } as IOscarService['environment']
  };
}
