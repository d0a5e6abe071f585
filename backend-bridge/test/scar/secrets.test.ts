/** Credentials of storage providers: kept in Secrets Manager, and nowhere else. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { sdk } from '../../src/scar/sdk';
import { Builder } from './podman';
import {
  denied,
  describeAws,
  fdl,
  IMAGE,
  Moto,
  Proxy,
  putImage,
  PYTHON,
  Room,
  setEnvironment,
  type ICallSeen
} from './support';

const PREPARED = `image: ${IMAGE}\n        create_image: false`;
const KEY = 'first-key-of-the-test';

/** A function that is built here and writes to MinIO. */
function text(key = KEY, mode = 'lambda'): string {
  return `${fdl('grey', `      execution_mode: ${mode}`)
    .replace(PREPARED, 'image: ubuntu:24.04')
    .replace(
      'storage_provider: s3\n        path: grey-bucket/out',
      'storage_provider: minio.edge\n        path: out/x'
    )}storage_providers:
  minio:
    edge:
      endpoint: https://minio.example
      access_key: AKEXAMPLE-of-edge
      secret_key: ${key}
    other:
      endpoint: https://other.example
      access_key: AKEXAMPLE-of-other
      secret_key: not-needed-here
`;
}
const WITHOUT = fdl().replace(PREPARED, 'image: ubuntu:24.04');

describeAws('credentials of storage providers', () => {
  let moto: Moto;
  let proxy: Proxy;
  let builder: Builder;
  let restore: () => void;
  let room: Room;
  let lines: string[];

  beforeAll(async () => {
    moto = await Moto.start();
    proxy = await Proxy.start(moto.endpoint);
    builder = await Builder.start();
    restore = setEnvironment(builder.environment);
  }, 100_000);
  afterAll(async () => {
    restore?.();
    builder?.stop();
    await proxy?.stop();
    await moto?.stop();
  });

  async function begin(): Promise<void> {
    proxy.fate = () => 'pass';
    await moto.reset();
    lines = [];
    room = await Room.at(proxy.endpoint, { log: line => lines.push(line) });
    room.file('script.sh', 'echo hello\n');
    proxy.calls.length = 0;
  }
  beforeEach(begin);
  afterEach(async () => {
    await room.close();
  });

  async function secret(): Promise<{ value?: unknown; version?: string; tags: Record<string, string> } | undefined> {
    const client = moto.clients().secrets();
    const { SecretList } = await client.send(new (sdk.secrets().ListSecretsCommand)({}));
    if (!SecretList?.length) {
      return undefined;
    }
    expect(SecretList.map(item => item.Name)).toEqual(['scar/grey']);
    const { SecretString, VersionId } = await client.send(
      new (sdk.secrets().GetSecretValueCommand)({ SecretId: 'scar/grey', VersionStage: 'AWSCURRENT' })
    );
    return {
      value: JSON.parse(SecretString ?? 'null'),
      version: VersionId,
      tags: Object.fromEntries((SecretList[0].Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']))
    };
  }

  async function variables(): Promise<Record<string, string>> {
    const { Configuration } = await moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    return Configuration?.Environment?.Variables ?? {};
  }

  const providers = (key = KEY): unknown => ({
    minio: { edge: { endpoint: 'https://minio.example', access_key: 'AKEXAMPLE-of-edge', secret_key: key } }
  });

  /** All that others could read: calls but those of Secrets Manager, the image, the state and what the log says. */
  function readable(): string {
    const files = execFileSync('find', [builder.notes, join(room.folder, 'state'), '-type', 'f'])
      .toString()
      .trim()
      .split('\n')
      .map(path => readFileSync(path, 'latin1'));
    const bodies = proxy.calls.filter(call => call.service !== 'secretsmanager').map(call => call.body);
    const texts = [...files, ...bodies, ...lines];
    // Configurations are encoded: what is in them counts, too.
    return [
      ...texts,
      ...(texts
        .join('\n')
        .match(/[A-Za-z0-9+/=]{40,}/g)
        ?.map(item => Buffer.from(item, 'base64').toString('latin1')) ?? [])
    ].join('\n');
  }

  it('are made, kept, changed in place and removed with the function', async () => {
    const plan = await room.plan(text());
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps[0]).toEqual({
      action: 'create',
      kind: 'secret',
      name: 'scar/grey',
      reason: 'Credentials of minio.edge'
    });
    expect(plan.notes.join('\n')).toContain('secretsmanager:GetSecretValue');
    const applied = await room.apply(text());
    const made = await secret();
    expect(made?.value).toEqual(providers());
    expect(made?.tags).toMatchObject({ createdby: 'scar', owner: expect.any(String), 'scar-function': 'grey' });
    const first = await variables();
    expect(first).toMatchObject({ SCAR_SECRET_ID: 'scar/grey', SCAR_SECRET_VERSION: made?.version });
    expect((await room.scar.function('grey')).environment).not.toHaveProperty('SCAR_SECRET_ID');
    for (const all of [JSON.stringify([plan, applied, room.events, first, made?.tags]), readable()]) {
      expect(all).toContain('minio.edge');
      expect(all).not.toContain(KEY);
      expect(all).not.toContain('AKEXAMPLE-of');
      expect(all).not.toContain('not-needed-here');
    }

    await pushBuilt();
    expect((await room.plan(text())).steps.filter(step => step.action !== 'keep')).toEqual([]);

    const second = 'second-key-of-the-test';
    const change = await room.plan(text(second));
    expect(change.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change secret',
      'change function'
    ]);
    await room.apply(text(second));
    const changed = await secret();
    expect(changed?.value).toEqual(providers(second));
    expect(changed?.version).not.toBe(made?.version);
    expect((await variables())['SCAR_SECRET_VERSION']).toBe(changed?.version);
    expect(readable()).not.toContain(second);
    expect((await room.plan(text(second))).steps.filter(step => step.action !== 'keep')).toEqual([]);

    const preview = await room.scar.deletionPreview('grey');
    expect(preview.goes).toContainEqual({ kind: 'secret', name: 'scar/grey' });
    await room.scar.remove('grey', { onSteps: () => undefined });
    expect(await secret()).toBeUndefined();
  });

  /** As if the stand-in had pushed: what is built already is not built again. */
  async function pushBuilt(): Promise<void> {
    const tags = [...readFileSync(join(builder.notes, 'calls'), 'utf8').matchAll(/^build .*:([0-9a-f]{16}) /gm)];
    await putImage(moto.clients(), 'grey', tags.at(-1)?.[1] ?? '');
  }

  it('go when the function needs none any more, and are found when it is gone', async () => {
    await room.apply(text());
    const plan = await room.plan(WITHOUT);
    expect(plan.steps.at(-1)).toMatchObject({ action: 'delete', kind: 'secret', name: 'scar/grey' });
    await room.apply(WITHOUT);
    expect(await secret()).toBeUndefined();
    expect(await variables()).not.toHaveProperty('SCAR_SECRET_ID');

    await room.apply(text());
    expect((await room.scar.orphans()).map(orphan => orphan.kind)).not.toContain('secret');
    await moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().DeleteFunctionCommand)({ FunctionName: 'grey' }));
    const orphan = (await room.scar.orphans()).find(item => item.kind === 'secret');
    expect(orphan).toMatchObject({ name: 'scar/grey' });
    await room.scar.removeOrphans([orphan?.id ?? ''], { onSteps: () => undefined });
    expect(await secret()).toBeUndefined();
  });

  it('of others are left alone', async () => {
    await moto
      .clients()
      .secrets()
      .send(new (sdk.secrets().CreateSecretCommand)({ Name: 'scar/grey', SecretString: '"of others"' }));
    const plan = await room.plan(text());
    expect(plan.problems.map(problem => problem.code)).toContain('aws-secret-taken');
    expect(plan.steps).toEqual([]);
    await room.apply(WITHOUT);
    expect((await room.scar.deletionPreview('grey')).goes.map(item => item.kind)).not.toContain('secret');
    expect((await secret())?.value).toBe('of others');
  });

  it('are refused for images that are not built here, with the way out', async () => {
    const plan = await room.plan(text().replace('image: ubuntu:24.04', PREPARED));
    expect(plan.problems.find(problem => problem.code === 'aws-secret')?.message).toMatch(
      /storage_providers\.minio\.edge\.secret_key.*create_image: true.*storage_provider: s3/
    );
    expect(JSON.stringify(plan)).not.toContain(KEY);
  });

  it.each(['lambda-batch', 'batch'])('reach jobs of Batch through the built image: %s', async mode => {
    await room.apply(text(KEY, mode));
    const { jobDefinitions } = await moto
      .clients()
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    const container = jobDefinitions?.[0].containerProperties;
    expect(container?.image).toMatch(/\.dkr\.ecr\..*\/grey:[0-9a-f]{16}$/);
    expect(container?.environment).toContainEqual({ name: 'SCAR_SECRET_ID', value: 'scar/grey' });
    expect(container?.command ?? []).toEqual([]);
    expect((await secret())?.value).toEqual(providers());
    expect(readable()).not.toContain(KEY);
    await pushBuilt();
    expect((await room.plan(text(KEY, mode))).steps.filter(step => step.action !== 'keep')).toEqual([]);
    expect((await room.scar.deletionPreview('grey')).goes.map(item => item.kind)).toContain('repository');
  });

  describe('in the image', () => {
    const SUPERVISOR = `#!${PYTHON}
import json, os, sys
with open(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "function_config.yaml")) as file:
    config = json.load(file)
event = "" if os.environ.get("AWS_LAMBDA_RUNTIME_API") else sys.stdin.read()
print("GOT " + json.dumps({"config": config, "env": dict(os.environ), "event": event}))
sys.exit(5)
`;

    /** Runs the entrypoint as the built image does, with the variables that the function has. */
    async function run(more: Record<string, string>) {
      await room.apply(text());
      const task = join(room.folder, 'task');
      cpSync(join(builder.notes, 'context'), task, { recursive: true });
      expect(readFileSync(join(task, 'Dockerfile'), 'utf8')).toContain(
        'RUN ln -sf /tmp/.function_config.yaml /var/task/function_config.yaml'
      );
      expect(existsSync(join(task, 'function_config.yaml'))).toBe(false);
      const whole = join(room.folder, 'whole.yaml');
      symlinkSync(whole, join(task, 'function_config.yaml'));
      // What an instance before left.
      writeFileSync(whole, 'old', { mode: 0o644 });
      cpSync(join(task, 'supervisor'), join(task, 'lib'), { recursive: true });
      execFileSync('rm', ['-r', join(task, 'supervisor')]);
      writeFileSync(join(task, 'supervisor'), SUPERVISOR);
      chmodSync(join(task, 'supervisor'), 0o755);
      const env = {
        PATH: process.env['PATH'],
        LAMBDA_TASK_ROOT: task,
        AWS_ENDPOINT_URL: proxy.endpoint,
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'of-the-test',
        ...(await variables()),
        ...more
      };
      return { env, task, whole };
    }

    /** In a process of its own: the proxy has to answer meanwhile. */
    async function outcome(env: NodeJS.ProcessEnv, task: string) {
      const child = spawn(PYTHON, [join(task, 'entrypoint.py')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      [child.stdout, child.stderr].forEach(stream => stream.on('data', chunk => (output += String(chunk))));
      const status = await new Promise<number | null>(resolve => child.once('close', resolve));
      return { status, output };
    }

    it.each([
      ['a job of Batch', { EVENT: '{"a": "b c"}' }, '{"a": "b c"}'],
      ['Lambda', { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9' }, '']
    ])('the supervisor gets them in %s, also after a fault that passes', async (_where, more, event) => {
      const { env, task, whole } = await run(more);
      let faults = 0;
      proxy.fate = call =>
        call.operation === 'GetSecretValue' && faults++ === 0
          ? { status: 500, body: '{"message":"try again"}' }
          : 'pass';
      const { status, output } = await outcome(env, task);
      expect(output).toContain('GOT ');
      const got = JSON.parse(output.slice(output.indexOf('GOT ') + 4)) as {
        config: Record<string, unknown>;
        env: Record<string, string>;
        event: string;
      };
      expect(status).toBe(5);
      expect(faults).toBe(2);
      expect(got.config).toMatchObject({ name: 'grey', init_script: 'script.sh', storage_providers: providers() });
      expect(got.event).toBe(event);
      expect(JSON.stringify(got.env)).not.toContain(KEY);
      expect(statSync(whole).mode & 0o777).toBe(0o600);
    });

    it('who may not read them is told what the role needs', async () => {
      const { env, task, whole } = await run({ EVENT: '{}' });
      proxy.fate = call => (call.operation === 'GetSecretValue' ? denied(call) : 'pass');
      const { status, output } = await outcome(env, task);
      expect(status).toBe(1);
      expect(output).toMatch(
        /secret scar\/grey of Secrets Manager in eu-west-1: 403[\s\S]*secretsmanager:GetSecretValue/
      );
      expect(output).not.toContain('GOT');
      expect(readFileSync(whole, 'utf8')).toBe('old');
    });
  });

  describe('when a call fails', () => {
    async function left(): Promise<string[]> {
      const clients = moto.clients();
      const [functions, groups, buckets, repositories] = await Promise.all([
        clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({})),
        clients.logs().send(new (sdk.logs().DescribeLogGroupsCommand)({})),
        clients.s3().send(new (sdk.s3().ListBucketsCommand)({})),
        clients.ecr().send(new (sdk.ecr().DescribeRepositoriesCommand)({}))
      ]);
      return [
        ...(functions.Functions ?? []).map(item => `function ${item.FunctionName}`),
        ...(groups.logGroups ?? []).map(item => `log group ${item.logGroupName}`),
        ...(buckets.Buckets ?? []).map(item => `bucket ${item.Name}`),
        ...(repositories.repositories ?? []).map(item => `repository ${item.repositoryName}`),
        ...((await secret()) ? ['secret'] : [])
      ];
    }
    const ALL = ['function grey', 'log group /aws/lambda/grey', 'bucket grey-bucket', 'repository grey', 'secret'];

    function journals(): string[] {
      const folder = join(room.folder, 'state', 'aws-deployments');
      return existsSync(folder) ? readdirSync(folder) : [];
    }

    it.each(['denied', 'lost'] as const)(
      'nothing is left, or all is there: each call is %s once',
      async how => {
        await room.apply(text());
        const total = proxy.calls.length;
        expect(proxy.calls.map(call => call.operation)).toEqual(
          expect.arrayContaining(['DescribeSecret', 'CreateSecret'])
        );
        const wrong: string[] = [];
        for (let index = 0; index < total; index++) {
          await room.close();
          await begin();
          let failed: ICallSeen | undefined;
          proxy.fate = (call, at) => {
            if (at !== index) {
              return 'pass';
            }
            failed = call;
            return how === 'lost' ? 'lose' : denied(call);
          };
          const problem = await room.apply(text()).then(
            () => undefined,
            (error: unknown) => (error as { problem?: { detail: string } }).problem ?? { detail: String(error) }
          );
          proxy.fate = () => 'pass';
          const there = await left();
          const version = problem === undefined ? (await variables())['SCAR_SECRET_VERSION'] : undefined;
          if (
            there.join() !== (problem === undefined ? ALL : []).join() ||
            journals().length > 0 ||
            version !== (await secret())?.version
          ) {
            wrong.push(
              `${index} ${failed?.service} ${failed?.operation}: ${problem?.detail ?? 'done'} → ${there.join(', ')}`
            );
          }
        }
        expect(wrong).toEqual([]);
      },
      600_000
    );

    it('a change is done or taken back: each call is denied once', async () => {
      const key = 'another-key-of-the-test';
      await room.apply(text());
      proxy.calls.length = 0;
      await room.apply(text(key));
      const total = proxy.calls.length;
      const wrong: string[] = [];
      for (let index = 0; index < total; index++) {
        await room.close();
        await begin();
        await room.apply(text());
        const before = [await secret(), await variables()] as const;
        proxy.calls.length = 0;
        let failed: ICallSeen | undefined;
        proxy.fate = (call, at) => {
          if (at !== index) {
            return 'pass';
          }
          failed = call;
          return denied(call);
        };
        const problem = await room.apply(text(key)).then(
          () => undefined,
          (error: unknown) => error
        );
        proxy.fate = () => 'pass';
        const after = [await secret(), await variables()] as const;
        const right =
          problem === undefined
            ? after[1]['SCAR_SECRET_VERSION'] === after[0]?.version && JSON.stringify(after[0]).includes(key)
            : JSON.stringify(after) === JSON.stringify(before);
        if (!right || journals().length > 0) {
          wrong.push(`${index} ${failed?.service} ${failed?.operation}: ${String(problem ?? 'done')}`);
        }
      }
      expect(wrong).toEqual([]);
    }, 300_000);

    it('a change is taken back', async () => {
      await room.apply(text());
      const before = await secret();
      const env = await variables();
      proxy.fate = call =>
        call.service === 'lambda' &&
        call.operation.startsWith('PUT') &&
        call.body.includes('SCAR_SECRET_VERSION') &&
        !call.body.includes(String(before?.version))
          ? denied(call)
          : 'pass';
      await expect(room.apply(text('another-key-of-the-test'))).rejects.toMatchObject({
        problem: { type: expect.stringContaining('forbidden') }
      });
      expect(await secret()).toEqual(before);
      expect(await variables()).toEqual(env);
      expect(journals()).toEqual([]);
      expect(readable()).not.toContain('another-key-of-the-test');
    });

    it('one that goes comes back when a later function fails', async () => {
      await room.apply(text());
      const later = WITHOUT.replace(/^[\s\S]*aws:\n/, '').replaceAll('grey', 'later');
      proxy.fate = call =>
        call.operation === 'POST /2015-03-31/functions' && call.body.includes('later') ? denied(call) : 'pass';
      await expect(room.apply(`${WITHOUT}${later}`)).rejects.toBeDefined();
      expect((await secret())?.value).toEqual(providers());
      expect((await variables())['SCAR_SECRET_ID']).toBe('scar/grey');
    });
  });
});
