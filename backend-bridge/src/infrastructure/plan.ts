import type { CloudCredential, InfrastructurePlan, InfrastructureRequest } from '../contract';
import { BridgeError, isProblem } from '../http';
import type { Clouds } from './clouds';
import type { ImConnection } from './connection';
import type { IEstimate, Quotas } from './im-client';
import { maskTemplate } from './masking';
import { providerOf } from './providers';
import { checkInputs, fillTemplate, machinesOf, splitSecrets, type IFilled } from './templates/fill';
import { fieldsOf, formOf } from './templates/form';
import { at, computeNodes, inputValues, makesOscar, sizeOf, treeAt, type IParsedTemplate } from './templates/parse';

/** Each machine is in one, and the infrastructure in another. */
const SECURITY_GROUPS = 2;
const GIB = 2 ** 30;
/** Clouds whose names IM can make by itself. */
const NATIVE_DNS = new Set(['EC2', 'GCE', 'Azure', 'Linode', 'EGI']);
/** The zone of the templates' authors: only their dashboard has the keys for it. */
const DASHBOARD_ZONE = /(^|\.)im\.grycap\.net$/;

export interface IPreparedRequest {
  filled: IFilled;
  open: Record<string, unknown>;
  secrets: Record<string, string>;
  image?: string;
  problems: string[];
  warnings: string[];
}

/** Checks a request without asking anybody, and fills its template. */
export function prepareRequest(
  template: IParsedTemplate,
  request: InfrastructureRequest,
  name: string,
  credential: CloudCredential | undefined,
  defaults: Record<string, unknown>
): IPreparedRequest {
  const given = request.inputs ?? {};
  const { open, secrets } = splitSecrets(template, { ...defaults, ...given });
  const problems = [...template.problems, ...checkInputs(template, open, secrets)];
  const provider = credential && providerOf(credential.type);
  const image = request.image ?? provider?.defaultImage;
  const lacking = computeNodes(template.tree).filter(
    ([, node]) => at(node, 'capabilities', 'os', 'properties', 'image') === undefined
  );
  if (image === undefined && lacking.length > 0) {
    problems.push(`Choose an image: the template names none for ${lacking.map(([role]) => role).join(', ')}.`);
  }
  if (
    image !== undefined &&
    provider?.image !== undefined &&
    !image.startsWith(provider.image) &&
    !/^(egi|appdb):/.test(image)
  ) {
    problems.push(`Images of ${provider.title} begin with ${provider.image}, this one does not.`);
  }
  if (credential?.type === 'EGI' && request.site === undefined && credential.shown['host'] === undefined) {
    problems.push('Choose a site of EGI: the credentials name none.');
  }
  const filled = fillTemplate(template, { name, inputs: open, secrets, image, networks: request.networks });
  const ignored = fieldsOf(formOf(template.tree).tabs).filter(
    field => field.ignored && given[field.name] !== undefined
  );
  const warnings = [
    ...ignored.map(field => `The template takes "${field.name}" and does nothing with it.`),
    ...nameWarnings(filled, credential)
  ];
  return { filled, open, secrets, ...(image === undefined ? {} : { image }), problems, warnings };
}

/** The usual reason why a new cluster does not answer: nobody makes its names. */
function nameWarnings({ tree }: IFilled, credential: CloudCredential | undefined): string[] {
  const inputs = inputValues(tree);
  const domain = inputs['domain_name'];
  if (!makesOscar(tree) || typeof domain !== 'string' || domain === 'localhost' || credential?.type === 'Dummy') {
    return [];
  }
  const host = `${String(inputs['cluster_name'] ?? 'oscar')}.${domain}`;
  if (DASHBOARD_ZONE.test(domain)) {
    return [
      `Names below ${domain} are made with keys that only the IM dashboard has: the cluster would get no name, and so no certificate. Give a domain of your own.`
    ];
  }
  return NATIVE_DNS.has(credential?.type ?? '')
    ? []
    : [
        `The cluster answers as ${host}: make DNS records for ${host} and *.${host} that point to the front end once it has an address, unless ${domain} is one of your dynamic DNS domains.`
      ];
}

/** Asks the cloud what it would take and what is free, at the same time. */
export async function askCloud(
  prepared: IPreparedRequest,
  request: InfrastructureRequest,
  { clouds, connection }: { clouds: Clouds; connection: ImConnection }
): Promise<{ estimate?: IEstimate; quotas?: Quotas; problems: string[]; warnings: string[] }> {
  const problems: string[] = [];
  const warnings: string[] = [];
  if (connection.withToken) {
    const warning = await connection.expiryWarning();
    if (warning) {
      warnings.push(warning);
    }
  }
  const auth = await clouds.auth(request.credential, request.site);
  const client = connection.client();
  const { kind, text } = prepared.filled;
  const [estimate, quotas] = await Promise.all([
    client.estimate(auth, { kind, text }).catch((error: unknown) => {
      if (!isProblem(error, 'invalid', 'remote-error')) {
        throw error;
      }
      problems.push(error.problem.detail);
      return undefined;
    }),
    client.quotas(auth).catch((error: unknown) => {
      if (!isProblem(error, 'invalid', 'remote-error', 'not-found')) {
        throw error;
      }
      warnings.push('The cloud does not tell its quotas, so it is not known whether all of this fits.');
      return undefined;
    })
  ]);
  return { ...(estimate ? { estimate } : {}), ...(quotas ? { quotas } : {}), problems, warnings };
}

/** What is shown before anything is made. */
export function planOf(
  name: string,
  prepared: IPreparedRequest,
  asked: { estimate?: IEstimate; quotas?: Quotas; problems: string[]; warnings: string[] }
): InfrastructurePlan {
  const vms = vmsOf(prepared.filled, asked.estimate);
  const storage = storageOf(prepared.filled, asked.estimate);
  const quotas = asked.quotas && barsOf(asked.quotas, asked.estimate);
  const machines = vms.reduce((sum, vm) => sum + vm.count, 0);
  const cores = vms.reduce((sum, vm) => sum + vm.count * vm.cpus, 0);
  const memory = vms.reduce((sum, vm) => sum + vm.count * vm.memory, 0) / GIB;
  const fits = quotas?.every(bar => bar.fits);
  const tight = quotas
    ?.filter(bar => !bar.fits)
    .map(bar => `${bar.resource}: ${bar.needed} needed, ${bar.limit - bar.used} free`);
  return {
    name,
    vms,
    ...(storage > 0 ? { storage } : {}),
    ...(quotas ? { quotas } : {}),
    ...(fits === undefined ? {} : { fits }),
    costNote: `${machines} ${machines === 1 ? 'machine' : 'machines'} with ${cores} cores and ${Math.round(memory)} GiB of memory in all cost what your cloud asks for them, from now until they are deleted; the Infrastructure Manager knows no prices.`,
    warnings: [
      ...prepared.warnings,
      ...asked.warnings,
      ...(asked.estimate?.compute.length === 0 && !/FaaS\.Function/.test(prepared.filled.text)
        ? ['The Infrastructure Manager sees no machines in this template.']
        : []),
      ...(tight?.length ? [`It does not fit into the quota of the cloud: ${tight.join('; ')}.`] : [])
    ],
    problems: [...prepared.problems, ...asked.problems],
    template: maskTemplate(prepared.filled.text, Object.values(prepared.secrets))
  };
}

function vmsOf({ tree, kind }: IFilled, estimate: IEstimate | undefined): InfrastructurePlan['vms'] {
  const own = kind === 'tosca' ? machinesOf(tree) : [];
  if (own.length > 0) {
    return own;
  }
  return (estimate?.compute ?? []).map((machine, index) => ({
    role: `machine ${index}`,
    count: 1,
    cpus: machine.cpuCores ?? 1,
    memory: Math.round((machine.memoryInMegabytes ?? 0) * 1e6),
    ...(machine.diskSizeInGigabytes ? { disk: Math.round(machine.diskSizeInGigabytes * 1e9) } : {}),
    publicIp: (machine.publicIP ?? 0) > 0
  }));
}

function storageOf({ tree }: IFilled, estimate: IEstimate | undefined): number {
  const inputs = inputValues(tree);
  const sizes = Object.values(treeAt(tree, 'topology_template', 'node_templates'))
    .filter(node => /BlockStorage$/.test(String(at(node, 'type'))))
    .map(node => at(node, 'properties', 'size'))
    .map(size => {
      const input = at(size, 'get_input');
      return sizeOf(typeof input === 'string' ? inputs[input] : size) ?? 0;
    });
  const own = sizes.reduce((sum, size) => sum + size, 0);
  return own > 0
    ? own
    : Math.round((estimate?.storage ?? []).reduce((sum, { sizeInGigabytes = 0 }) => sum + sizeInGigabytes * 1e9, 0));
}

/** Quotas beside what is needed; a limit that is not positive is none. */
export function barsOf(quotas: Quotas, estimate: IEstimate | undefined): NonNullable<InfrastructurePlan['quotas']> {
  const compute = estimate?.compute ?? [];
  const sum = (value: (machine: IEstimate['compute'][number]) => number | undefined): number =>
    compute.reduce((total, machine) => total + (value(machine) ?? 0), 0);
  const needed: Record<string, number> = {
    cores: sum(machine => machine.cpuCores),
    ram: Math.round((sum(machine => machine.memoryInMegabytes) * 1e6) / GIB),
    instances: compute.length,
    floating_ips: sum(machine => machine.publicIP),
    security_groups: SECURITY_GROUPS,
    volumes: estimate?.storage.length ?? 0,
    volume_storage: (estimate?.storage ?? []).reduce((total, { sizeInGigabytes = 0 }) => total + sizeInGigabytes, 0),
    gpus: sum(machine => machine.GPU)
  };
  return Object.entries(quotas)
    .filter(([, bar]) => typeof bar === 'object' && bar !== null)
    .map(([resource, bar]) => {
      const used = Number(bar.used) || 0;
      const limit = Number(bar.limit) || 0;
      const need = needed[resource] ?? 0;
      return { resource, used, needed: need, limit: limit > 0 ? limit : -1, fits: !(limit > 0 && limit - used < need) };
    });
}

/** @throws BridgeError `invalid` with all that has to be mended */
export function refuseProblems(problems: string[]): void {
  if (problems.length > 0) {
    throw new BridgeError({
      type: 'invalid',
      title: 'This cannot be created yet',
      status: 400,
      detail: problems[0],
      cause: problems.length > 1 ? problems.slice(1, 10).join('\n') : undefined,
      action: 'Mend what is said, then create it.',
      extra: { problems }
    });
  }
}
