import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { eventually, SERVICE, TestClient, temporaryFolder, testOptions } from './cluster';

/** The cluster alone in a process of its own, as `serve` runs it. */
class Serving {
  static build(folder: string): string {
    const entry = join(folder, 'entry.ts');
    writeFileSync(
      entry,
      `import { serve } from ${JSON.stringify(join(__dirname, '../../src/local-cluster/serve'))};
       let line = '';
       process.stdin.on('data', part => (line += part)).on('end', () => {
         serve(JSON.parse(line), { print: text => process.stdout.write(text + '\\n'), log: text => process.stderr.write(text + '\\n') })
           .then(() => process.exit(0), error => { process.stderr.write(JSON.stringify(error.problem ?? String(error)) + '\\n'); process.exit(1); });
       });`
    );
    const outfile = join(folder, 'serve.cjs');
    buildSync({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', logLevel: 'error' });
    return outfile;
  }

  static async start(program: string, options: object): Promise<Serving> {
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
    child.stdin.end(JSON.stringify(options));
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('close', code => reject(new Error(`serve ended with ${code}: ${errors}`)));
    });
    return new Serving(child, JSON.parse(line) as { endpoint: string; user: string; password: string });
  }

  private constructor(
    readonly child: ChildProcess,
    readonly ready: { endpoint: string; user: string; password: string; s3?: object; data?: string }
  ) {
    this.client = new TestClient(ready);
  }

  end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return Promise.resolve(this.child.exitCode);
    }
    return new Promise(resolve => {
      this.child.removeAllListeners('close');
      this.child.once('close', code => resolve(code));
      this.child.kill(signal);
    });
  }

  readonly client: TestClient;
}

describe('a cluster that is killed', () => {
  const data = temporaryFolder();
  const options = { ...testOptions(data), data };
  let program: string;
  let running: Serving | undefined;

  beforeAll(() => {
    program = Serving.build(temporaryFolder());
  });
  afterEach(async () => {
    await running?.end('SIGKILL');
    running = undefined;
  });

  it('prints what a client needs, ends in order, and refuses a second one', async () => {
    running = await Serving.start(program, options);
    expect(running.ready).toEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      user: 'oscar',
      password: expect.any(String),
      s3: {
        endpoint: expect.any(String),
        access_key: expect.any(String),
        secret_key: expect.any(String),
        region: 'us-east-1'
      },
      data
    });
    await expect(Serving.start(program, options)).rejects.toThrow(/serve ended with 1:.*running already/);
    await expect(Serving.start(program, { ...options, port: 'x' })).rejects.toThrow(/The option port/);
    await expect(Serving.start(program, { ...options, nonsense: 1 })).rejects.toThrow(/no option/);
    expect(await running.end('SIGINT')).toBe(0);
    running = await Serving.start(program, options);
    expect(await running.end('SIGTERM')).toBe(0);
    running = undefined;
  });

  it('in the middle of creates: each service is there, whole, or not at all', async () => {
    for (let round = 0; round < 4; round++) {
      running = await Serving.start(program, options);
      const { client } = running;
      const names = Array.from({ length: 30 }, (_, index) => `c${round}-${index}`);
      const acknowledged: string[] = [];
      const calls = names.map(async name => {
        const answer = await client.call('POST', '/system/services', {
          ...SERVICE,
          name,
          input: [{ storage_provider: 'minio', path: `${name}/in` }],
          output: [{ storage_provider: 'minio', path: `${name}-results/out` }],
          volume: { size: '1Mi', mount_path: '/data' }
        });
        if (answer.status === 201) {
          acknowledged.push(name);
        }
      });
      const settled = Promise.allSettled(calls);
      // Another number of them each time; the kill falls into the rest.
      await eventually(() => acknowledged.length >= 2 + round * 5, 'some are made');
      await running.end('SIGKILL');
      await settled;

      running = await Serving.start(program, options);
      const after = running.client;
      const services = (await after.call('GET', '/system/services')).json<{ name: string }[]>().map(each => each.name);
      const buckets = ((await after.call('GET', '/system/buckets')).json<{ bucket_name: string }[] | null>() ?? []).map(
        each => each.bucket_name
      );
      const volumes = (await after.call('GET', '/system/volumes')).json<{ name: string }[]>().map(each => each.name);
      expect(services).toEqual(expect.arrayContaining(acknowledged));
      expect(buckets.sort()).toEqual(services.flatMap(name => [name, `${name}-results`]).sort());
      expect(volumes.sort()).toEqual([...services].sort());
      for (const name of names) {
        const removed = services.includes(name) ? (await after.call('DELETE', `/system/services/${name}`)).status : 204;
        expect(removed).toBe(204);
        const made = await after.call('POST', '/system/services', {
          ...SERVICE,
          name,
          input: [{ storage_provider: 'minio', path: `${name}/in` }]
        });
        expect([name, made.status, made.text]).toEqual([name, 201, '']);
        await after.call('DELETE', `/system/services/${name}`);
      }
      expect(await running.end('SIGKILL')).toBe(null);
    }
  }, 90_000);

  it('in the middle of an update: the service is as it was, or as it was to be, and no bucket is left over', async () => {
    running = await Serving.start(program, options);
    const definition = { ...SERVICE, name: 'changing', input: [{ storage_provider: 'minio', path: 'changing/in' }] };
    expect((await running.client.call('POST', '/system/services', definition)).status).toBe(201);
    const output = Array.from({ length: 200 }, (_, index) => ({
      storage_provider: 'minio',
      path: `changing-${index}/out`
    }));
    const update = running.client.call('PUT', '/system/services', { ...definition, output }).catch(() => undefined);
    await eventually(
      async () => (await running!.client.call('GET', '/system/buckets/changing-3')).status === 200,
      'it is under way'
    );
    await running.end('SIGKILL');
    await update;
    running = await Serving.start(program, options);
    const service = (await running.client.call('GET', '/system/services/changing')).json<{ output: unknown[] }>();
    const buckets = (await running.client.call('GET', '/system/buckets')).json<{ bucket_name: string }[]>();
    const made = buckets.filter(bucket => bucket.bucket_name.startsWith('changing-'));
    expect([
      [0, 0],
      [200, 200]
    ]).toContainEqual([service.output.length, made.length]);
    expect((await running.client.call('DELETE', '/system/services/changing')).status).toBe(204);
  });

  it('in the middle of deletes: what was acknowledged is gone, nothing is half there', async () => {
    running = await Serving.start(program, options);
    const names = Array.from({ length: 12 }, (_, index) => `d-${index}`);
    for (const name of names) {
      await running.client.call('POST', '/system/services', {
        ...SERVICE,
        name,
        input: [{ storage_provider: 'minio', path: `${name}/in` }]
      });
    }
    const gone: string[] = [];
    const settled = Promise.allSettled(
      names.map(async name => {
        const { client } = running!;
        if ((await client.call('DELETE', `/system/services/${name}`)).status === 204) {
          gone.push(name);
        }
      })
    );
    await eventually(() => gone.length > 2, 'some are gone');
    await running.end('SIGKILL');
    await settled;
    running = await Serving.start(program, options);
    const services = (await running.client.call('GET', '/system/services'))
      .json<{ name: string }[]>()
      .map(each => each.name);
    const buckets = (
      (await running.client.call('GET', '/system/buckets')).json<{ bucket_name: string }[] | null>() ?? []
    ).map(each => each.bucket_name);
    expect(services.filter(name => gone.includes(name))).toEqual([]);
    expect(buckets.filter(name => name.startsWith('d-')).sort()).toEqual(
      services.filter(name => name.startsWith('d-')).sort()
    );
  });

  it('with jobs running: they are there again, and an upload that was acknowledged is worked on', async () => {
    running = await Serving.start(program, options);
    await running.client.call('POST', '/system/services', {
      ...SERVICE,
      name: 'work',
      script: '#!/bin/sh\nsleep 1\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n',
      input: [{ storage_provider: 'minio', path: 'work/in' }],
      output: [{ storage_provider: 'minio', path: 'work/out' }]
    });
    for (const key of ['a', 'b', 'c']) {
      const link = await running.client.call('POST', '/system/buckets/work/presign', {
        object_key: `in/${key}.txt`,
        operation: 'upload'
      });
      expect((await fetch(link.json<{ url: string }>().url, { method: 'PUT', body: key })).status).toBe(200);
    }
    await running.end('SIGKILL');
    running = await Serving.start(program, options);
    const { client } = running;
    await eventually(
      async () => {
        const bucket = (await client.call('GET', '/system/buckets/work')).json<{
          objects: { object_name: string }[];
        }>();
        return bucket.objects.filter(object => /^out\/[abc]\.txt$/.test(object.object_name)).length === 3;
      },
      'all three are worked on',
      30_000
    );
    const jobs = (await client.call('GET', '/system/logs/work')).json<{ jobs: object }>().jobs;
    expect(Object.keys(jobs)).toHaveLength(3);
  });
});
