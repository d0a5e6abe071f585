import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { parseFdl, toService, type IOscarService } from '../../src/fdl';
import type { IConversion, IStatus } from '../../src/pipelines';
import { ADMIN, startEndpoint, type IEndpoint } from '../s3/endpoint';
import { convert, serviceOf, textOf } from './convert-support';

const VENV = join(__dirname, '../../../.venv/bin');

interface IContainer {
  environment: { Variables: Record<string, string> };
}

/** An object that came, and the services that hear of it. */
export interface IArrival {
  service: string;
  bucket: string;
  key: string;
}

export interface IRanJob {
  service: string;
  code: number;
  log: string;
  /** New objects, in the order in which they were stored. */
  stored: { bucket: string; key: string }[];
}

/** A cluster as small as scripts need one: an object store, and jobs when the test wants them, in the order it wants. */
export class Bench {
  static async start(conversion: IConversion): Promise<Bench> {
    const endpoint = await startEndpoint();
    const bench = new Bench(endpoint, conversion);
    for (const { service } of conversion.services) {
      await endpoint.store.createBucket(service);
    }
    return bench;
  }

  private constructor(
    readonly endpoint: IEndpoint,
    conversion: IConversion
  ) {
    this.load(conversion);
    mkdirSync(join(this.folder, 'keys/minio.default'), { recursive: true });
    writeFileSync(join(this.folder, 'keys/minio.default/accessKey'), ADMIN.accessKey);
    writeFileSync(join(this.folder, 'keys/minio.default/secretKey'), ADMIN.secretKey);
  }

  /** Takes the services of a conversion; those that are there are replaced. */
  load(conversion: IConversion): void {
    this.conversion = conversion;
    const { document } = parseFdl(conversion.fdl);
    for (const entry of document.oscar) {
      const service = toService(entry, { document }) as IOscarService;
      this.services.set(service.name, service);
    }
    for (const item of document.aws as unknown as { lambda: IOscarService & { container: IContainer } }[]) {
      const variables = item.lambda.container.environment.Variables;
      this.services.set(item.lambda.name, { ...item.lambda, environment: { variables, secrets: {} } });
      this.functions.add(item.lambda.name);
    }
  }

  /** Puts a file and tells whom it starts. */
  async put(bucket: string, key: string, body: string | Buffer): Promise<IArrival[]> {
    await this.endpoint.store.put(bucket, key, Buffer.from(body));
    return this._heard(bucket, key);
  }

  /** Begins a run at all nodes without others before them. */
  async begin(run: string, more: object = {}): Promise<IArrival[]> {
    const arrivals: IArrival[] = [];
    for (const { service } of this.conversion.services.filter(one => one.after.length === 0)) {
      const body = JSON.stringify({ run, pipeline: 'demo', parameters: {}, variables: {}, ...more });
      arrivals.push(...(await this.put(service, `in/${run}.json`, body)));
    }
    return arrivals;
  }

  /** Runs jobs and those that they start until nothing is left. `pick` chooses the next of those that wait. */
  async drain(arrivals: IArrival[], pick: (waiting: IArrival[]) => number = () => 0): Promise<IRanJob[]> {
    const waiting = [...arrivals];
    const ran: IRanJob[] = [];
    while (waiting.length > 0) {
      const [arrival] = waiting.splice(pick(waiting), 1);
      const job = await this.job(arrival);
      ran.push(job);
      waiting.push(...job.stored.flatMap(({ bucket, key }) => this._heard(bucket, key)));
    }
    return ran;
  }

  /** One job, as the supervisor runs it. */
  async job(
    { service: name, bucket, key }: IArrival,
    options: { env?: Record<string, string> } = {}
  ): Promise<IRanJob> {
    const service = this.services.get(name) as IOscarService;
    const folder = mkdtempSync(join(this.folder, 'job-'));
    for (const part of ['i', 'o', 't']) {
      mkdirSync(join(folder, part));
    }
    const input = join(folder, 'i', key.split('/').pop() ?? '');
    if (!key.endsWith('/')) {
      await this.endpoint.store.exportTo(bucket, key, input);
    }
    const script = join(folder, 'script.sh');
    writeFileSync(script, textOf(this.conversion, `${name}/script.sh`));
    const encoded = encodeURIComponent(key).replace(/%20/g, '+');
    const record = { eventSource: 'minio:s3', s3: { bucket: { name: bucket }, object: { key: encoded } } };
    const { code, log } = await run('/bin/sh', [script], folder, {
      PATH: `${VENV}:${process.env.PATH}`,
      HOME: folder,
      TMPDIR: join(folder, 't'),
      NO_PROXY: '*',
      ...service.environment?.variables,
      ...this.secrets,
      OSCAR_SERVICE_NAME: name,
      ...(this.functions.has(name) ? this._aws(service) : this._oscar(name)),
      TMP_INPUT_DIR: join(folder, 'i'),
      TMP_OUTPUT_DIR: join(folder, 'o'),
      INPUT_FILE_PATH: input,
      STORAGE_OBJECT_KEY: key,
      EVENT: JSON.stringify({ EventName: 's3:ObjectCreated:Put', Records: [record] }),
      ...this.env,
      ...options.env
    });
    const stored: IRanJob['stored'] = [];
    for (const output of service.output) {
      for (const file of walk(join(folder, 'o')).filter(one => output.prefix?.some(prefix => one.startsWith(prefix)))) {
        const [target, ...path] = output.path.split('/');
        const place = { bucket: target, key: [...path, file].join('/') };
        await this.endpoint.store.put(place.bucket, place.key, readFileSync(join(folder, 'o', file)));
        stored.push(place);
      }
    }
    this.left.push(...readdirSync(join(folder, 't')));
    return { service: name, code, log, stored };
  }

  /** function_config.yaml as the cluster has it. */
  config(name: string): string {
    return stringify({
      ...this.services.get(name),
      storage_providers: {
        minio: {
          default: {
            endpoint: this.endpoint.url,
            verify: true,
            access_key: 'hidden',
            secret_key: 'hidden',
            region: 'us-east-1'
          }
        }
      }
    });
  }

  async text(bucket: string, key: string): Promise<string> {
    return (await buffer(this.endpoint.store.read(bucket, key))).toString();
  }

  keys(bucket: string): string[] {
    return this.endpoint.store.list(bucket, {}).objects.map(object => object.key);
  }

  async status(id: string, name: string): Promise<IStatus> {
    const service = serviceOf(this.conversion, id);
    return JSON.parse(await this.text(service, `out/run/${name}/_status.json`)) as IStatus;
  }

  async close(): Promise<void> {
    await this.endpoint.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private _oscar(name: string): Record<string, string> {
    return {
      FUNCTION_CONFIG: Buffer.from(this.config(name)).toString('base64'),
      OSCAR_PROVIDERS_DIR: join(this.folder, 'keys')
    };
  }

  /** As Lambda has it: the definition as JSON, and keys of the role. */
  private _aws(service: IOscarService): Record<string, string> {
    return {
      FDL: Buffer.from(JSON.stringify({ storage_providers: {}, ...service })).toString('base64'),
      AWS_ACCESS_KEY_ID: ADMIN.accessKey,
      AWS_SECRET_ACCESS_KEY: ADMIN.secretKey,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_S3: this.endpoint.url
    };
  }

  private _heard(bucket: string, key: string): IArrival[] {
    return [...this.services.values()]
      .filter(service => service.input.some(({ path }) => `${bucket}/${key}`.startsWith(`${path}/`)))
      .map(service => ({ service: service.name, bucket, key }));
  }

  readonly services = new Map<string, IOscarService>();
  /** Those that are functions of AWS. */
  readonly functions = new Set<string>();
  readonly folder = mkdtempSync(join(tmpdir(), 'oscar-script-'));
  conversion!: IConversion;
  /** Variables of all jobs. */
  env: Record<string, string> = {};
  secrets: Record<string, string> = {};
  /** What scripts left in their temporary folders. */
  readonly left: string[] = [];
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string>
): Promise<{ code: number; log: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.on('data', (data: Buffer) => (log += data.toString()));
    child.stderr.on('data', (data: Buffer) => (log += data.toString()));
    child.once('error', reject);
    child.once('close', code => resolve({ code: code ?? -1, log }));
  });
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: { [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function walk(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap(name => {
      const path = below ? `${below}/${name}` : name;
      return statSync(join(folder, path)).isDirectory() ? walk(folder, path) : [path];
    });
}

/** Makes benches of what {@link convert} is given, and closes them after the tests of the file. */
export function benches(): (...args: Parameters<typeof convert>) => Promise<Bench> {
  const made: Bench[] = [];
  afterAll(() => Promise.all(made.map(one => one.close())));
  return async (...args) => {
    const bench = await Bench.start(convert(...args));
    made.push(bench);
    return bench;
  };
}

/** How many of the jobs of a service did its work. */
export const went = (jobs: IRanJob[], service: string): number =>
  jobs.filter(job => job.service === service && job.stored.length > 0).length;
