import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BridgeError } from '../http/errors';
import { startLocalCluster } from '.';
import type { ILocalCluster, ILocalClusterOptions } from './interfaces';

/** What `serve` reads from stdin; see contract/README.md. */
export type ServeOptions = Partial<Omit<ILocalClusterOptions, 'log'>>;

const CHECKS: Record<keyof ServeOptions, (value: unknown) => boolean> = {
  data: isText,
  host: isText,
  port: isPort,
  s3Port: isPort,
  user: value => isText(value) && !String(value).includes(':'),
  password: isText,
  runtime: value => ['auto', 'container', 'process'].includes(value as string),
  strict: value => typeof value === 'boolean',
  cpus: isPositive,
  memory: isPositive,
  path: isList,
  python: isText,
  environments: isText,
  oidcIssuers: isList,
  oidcGroups: isList
};

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

/** Checks options that came from outside; `null` counts as absent. @throws BridgeError that names the wrong one */
export function parseServeOptions(value: unknown): ServeOptions {
  const options: Record<string, unknown> = {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('The options of the cluster must be a JSON object.');
  }
  for (const [key, each] of Object.entries(value)) {
    if (each === null || each === undefined) {
      continue;
    }
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key as keyof ServeOptions] : undefined;
    if (!check) {
      throw invalid(`There is no option ${JSON.stringify(key)} of the cluster.`);
    }
    if (!check(each)) {
      throw invalid(`The option ${key} of the cluster cannot be used as given.`);
    }
    options[key] = each;
  }
  return options as ServeOptions;
}

function invalid(detail: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'The options are wrong', status: 400, detail });
}

/** Where the data goes when nobody says. */
function defaultData(): string {
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'jupyterlab_oscar', 'local-cluster');
}

/**
 * Runs the embedded cluster alone until SIGINT or SIGTERM. Prints one line of JSON when it is ready.
 *
 * @throws BridgeError when it cannot start, also when another process already has the data.
 */
export async function serve(
  options: unknown,
  io: { print(line: string): void; log(line: string): void }
): Promise<void> {
  const given = parseServeOptions(options);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>(resolve => (stop = resolve));
  // Heard from the start: a signal while it starts must not kill it half way.
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  let cluster: ILocalCluster | undefined;
  try {
    cluster = await startLocalCluster({
      ...given,
      data: given.data ?? defaultData(),
      path: given.path ?? (given.python ? [dirname(given.python)] : []),
      log: io.log
    });
    if (cluster.shared) {
      throw new BridgeError({
        type: 'locked',
        title: 'The cluster is running already',
        status: 409,
        detail: `Another process serves ${cluster.data} at ${cluster.endpoint}.`,
        action: 'Use that one, end it, or give another --data folder.'
      });
    }
    const { endpoint, user, password, s3, data } = cluster;
    io.print(JSON.stringify({ endpoint, user, password, s3, data }));
    await stopped;
  } finally {
    await cluster?.close();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
