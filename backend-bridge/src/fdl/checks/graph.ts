import { awsEntries } from './aws';
import { awsPaths, inOneS3 } from './aws/storage';
import { pathsOf, type IServicePath } from './storage';
import { isUnder, parsePath, pathOf, type IPlaceInStorage } from '../paths';
import { asText, join, textOf } from '../pointer';
import type { Reporter } from './reporter';
import type { ICheckContext, IFdlDocument, IFdlEntry } from '../types';

interface INode {
  name: string;
  entry?: IFdlEntry;
  /** A function of AWS. */
  aws?: boolean;
  inputs: { place: IPlaceInStorage; pointer: string }[];
  outputs: { place: IPlaceInStorage; pointer: string }[];
}

/** What services do to each other: names, loops, one folder that starts two. */
export function checkGraph(document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  const nodes = document.oscar.map((entry): INode => {
    const paths = pathsOf(entry, document);
    const name = textOf(document, join(entry.pointer, 'name'), entry.service.name) ?? '';
    return { name, entry, inputs: side(paths, 'input'), outputs: side(paths, 'output') };
  });
  checkNames(nodes, reporter);
  const functions = awsEntries(document).map((entry): INode => {
    const paths = awsPaths(entry);
    return {
      name: asText(entry.lambda.name),
      aws: true,
      inputs: side(paths, 'input'),
      outputs: side(paths, 'output')
    };
  });
  const names = new Set(nodes.map(node => node.name));
  const deployed = (context.deployed ?? [])
    .filter(service => !names.has(service.name))
    .map((service): INode => {
      const places = (list: typeof service.input) =>
        (list ?? []).map(io => ({ place: parsePath(io.storage_provider, io.path, service.name), pointer: '' }));
      return { name: service.name, inputs: places(service.input), outputs: places(service.output) };
    });
  checkLoops([...nodes, ...functions, ...deployed], reporter);
  // Those that are there come first: it is the new one that is told.
  checkTriggers([...deployed, ...nodes], reporter);
  checkFunctionTriggers(functions, reporter);
}

/** What an S3 account is called does not matter to the flow: buckets are unique in the world. */
function side(paths: IServicePath[], which: 'input' | 'output'): IServicePath[] {
  return paths.flatMap(item => (item.side === which ? [{ ...item, place: inOneS3(item.place) }] : []));
}

function checkNames(nodes: INode[], reporter: Reporter): void {
  const seen = new Map<string, INode>();
  for (const node of nodes) {
    const key = `${node.entry?.clusterId} ${node.name}`;
    if (node.name !== '' && seen.has(key) && node.entry) {
      reporter.error(
        'duplicate-name',
        join(node.entry.pointer, 'name'),
        `There is another service ${node.name} in this file. Names are unique in a cluster.`
      );
    }
    seen.set(key, node);
  }
}

/** By bucket, so that a thousand services are compared with few others each. */
function byBucket(nodes: INode[]): Map<string, { node: INode; place: IPlaceInStorage; pointer: string }[]> {
  const map = new Map<string, { node: INode; place: IPlaceInStorage; pointer: string }[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const key = `${input.place.provider}/${input.place.bucket}`;
      const list = map.get(key) ?? [];
      list.push({ node, ...input });
      map.set(key, list);
    }
  }
  return map;
}

function checkLoops(nodes: INode[], reporter: Reporter): void {
  const listeners = byBucket(nodes);
  const next = new Map<INode, { node: INode; pointer: string }[]>();
  for (const node of nodes) {
    next.set(
      node,
      node.outputs.flatMap(output =>
        (listeners.get(`${output.place.provider}/${output.place.bucket}`) ?? [])
          .filter(input => input.node !== node && isUnder(output.place, input.place))
          .map(input => ({ node: input.node, pointer: output.pointer }))
      )
    );
  }
  // Depth first without recursion; a node on the way that is met again closes a loop.
  const state = new Map<INode, 'open' | 'done'>();
  for (const start of nodes) {
    if (state.has(start)) {
      continue;
    }
    const way: { node: INode; edge: number }[] = [{ node: start, edge: 0 }];
    state.set(start, 'open');
    while (way.length > 0) {
      const top = way[way.length - 1];
      const edge = next.get(top.node)?.[top.edge++];
      if (!edge) {
        state.set(top.node, 'done');
        way.pop();
      } else if (state.get(edge.node) === 'open') {
        const loop = way.slice(way.findIndex(item => item.node === edge.node)).map(item => item.node.name);
        const pointer =
          edge.pointer || way.map(item => next.get(item.node)?.[item.edge - 1]?.pointer).find(Boolean) || '';
        reporter.error(
          'loop',
          join(pointer, 'path'),
          `These services would start each other for ever: ${[...loop, loop[0]].join(' → ')}. Send one of these outputs elsewhere.`
        );
      } else if (!state.has(edge.node)) {
        state.set(edge.node, 'open');
        way.push({ node: edge.node, edge: 0 });
      }
    }
  }
}

/** Two services that listen to one folder, or to a folder in it, which no service of the file writes to. */
function checkTriggers(nodes: INode[], reporter: Reporter): void {
  const outputs = new Map<string, IPlaceInStorage[]>();
  for (const { place } of nodes.flatMap(node => node.outputs)) {
    const key = `${place.provider}/${place.bucket}`;
    const list = outputs.get(key) ?? [];
    list.push(place);
    outputs.set(key, list);
  }
  for (const [key, list] of byBucket(nodes)) {
    const fed = (place: IPlaceInStorage) =>
      (outputs.get(key) ?? []).some(output => isUnder(output, place) || isUnder(place, output));
    overlaps(list, (item, other) => {
      const { node, place, pointer } = item;
      if (pointer === '' || node.name === other.node.name || fed(place)) {
        return;
      }
      const path = pathOf(place);
      const same = path === pathOf(other.place);
      reporter.warning(
        'shared-trigger',
        join(pointer, 'path'),
        same
          ? `Each new file in ${path} starts ${other.node.name}, too. OSCAR itself refuses this; here ${node.name} is connected by a notification. Use a folder of its own if that is not meant.`
          : `Files in ${longer(place, other.place)} start ${node.name} and ${other.node.name}: one folder lies in the other. Use folders side by side if that is not meant.`
      );
    });
  }
}

/** S3 itself refuses two triggers of one kind for one folder, whoever writes there. */
function checkFunctionTriggers(nodes: INode[], reporter: Reporter): void {
  for (const list of byBucket(nodes).values()) {
    overlaps(list, ({ node, place, pointer }, other) => {
      if (node !== other.node) {
        reporter.error(
          'aws-overlapping-trigger',
          join(pointer, 'path'),
          `S3 starts one function for a folder, and ${other.node.name || 'another one'} listens to ${pathOf(other.place)} already. Let the first write to ${pathOf(place)} and to a second folder, and use that here.`
        );
      }
    });
  }
}

interface IListener {
  node: INode;
  place: IPlaceInStorage;
  pointer: string;
}

function longer(a: IPlaceInStorage, b: IPlaceInStorage): string {
  return pathOf(a.prefix.length >= b.prefix.length ? a : b);
}

/** Calls back for each listener whose folder is, holds or lies in that of an earlier one; once for each. */
function overlaps(list: readonly IListener[], found: (item: IListener, earlier: IListener) => void): void {
  // All folders above a folder, and the folder itself, so that many services of one bucket stay cheap.
  const exact = new Map<string, IListener>();
  const above = new Map<string, IListener>();
  for (const item of list) {
    const parts = item.place.prefix === '' ? [] : item.place.prefix.split('/');
    const ways = ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
    const earlier =
      exact.get(item.place.prefix) ?? ways.map(way => exact.get(way)).find(Boolean) ?? above.get(item.place.prefix);
    if (earlier) {
      found(item, earlier);
    }
    if (!exact.has(item.place.prefix)) {
      exact.set(item.place.prefix, item);
    }
    for (const way of ways) {
      if (!above.has(way)) {
        above.set(way, item);
      }
    }
  }
}
