/** Credentials of storage providers: kept in Secrets Manager, and nowhere else. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdk } from '../../src/scar/sdk';
import { KEY, PREPARED, providers, text, useStage, WITHOUT } from './secrets-stage';
import { denied, describeAws, putImage, PYTHON } from './support';

describeAws('credentials of storage providers', () => {
  const stage = useStage();

  it('are made, kept, changed in place and removed with the function', async () => {
    const plan = await stage.room.plan(text());
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps[0]).toEqual({
      action: 'create',
      kind: 'secret',
      name: 'scar/grey',
      reason: 'Credentials of minio.edge'
    });
    expect(plan.notes.join('\n')).toContain('secretsmanager:GetSecretValue');
    const applied = await stage.room.apply(text());
    const made = await stage.secret();
    expect(made?.value).toEqual(providers());
    expect(made?.tags).toMatchObject({ createdby: 'scar', owner: expect.any(String), 'scar-function': 'grey' });
    const first = await stage.variables();
    expect(first).toMatchObject({ SCAR_SECRET_ID: 'scar/grey', SCAR_SECRET_VERSION: made?.version });
    expect((await stage.room.scar.function('grey')).environment).not.toHaveProperty('SCAR_SECRET_ID');
    for (const all of [JSON.stringify([plan, applied, stage.room.events, first, made?.tags]), stage.readable()]) {
      expect(all).toContain('minio.edge');
      expect(all).not.toContain(KEY);
      expect(all).not.toContain('AKEXAMPLE-of');
      expect(all).not.toContain('not-needed-here');
    }

    await pushBuilt();
    expect((await stage.room.plan(text())).steps.filter(step => step.action !== 'keep')).toEqual([]);

    const second = 'second-key-of-the-test';
    const change = await stage.room.plan(text(second));
    expect(change.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change secret',
      'change function'
    ]);
    await stage.room.apply(text(second));
    const changed = await stage.secret();
    expect(changed?.value).toEqual(providers(second));
    expect(changed?.version).not.toBe(made?.version);
    expect((await stage.variables())['SCAR_SECRET_VERSION']).toBe(changed?.version);
    expect(stage.readable()).not.toContain(second);
    expect((await stage.room.plan(text(second))).steps.filter(step => step.action !== 'keep')).toEqual([]);

    const preview = await stage.room.scar.deletionPreview('grey');
    expect(preview.goes).toContainEqual({ kind: 'secret', name: 'scar/grey' });
    await stage.room.scar.remove('grey', { onSteps: () => undefined });
    expect(await stage.secret()).toBeUndefined();
  });

  /** As if the stand-in had pushed: what is built already is not built again. */
  async function pushBuilt(): Promise<void> {
    const tags = [...readFileSync(join(stage.builder.notes, 'calls'), 'utf8').matchAll(/^build .*:([0-9a-f]{16}) /gm)];
    await putImage(stage.moto.clients(), 'grey', tags.at(-1)?.[1] ?? '');
  }

  it('go when the function needs none any more, and are found when it is gone', async () => {
    await stage.room.apply(text());
    const plan = await stage.room.plan(WITHOUT);
    expect(plan.steps.at(-1)).toMatchObject({ action: 'delete', kind: 'secret', name: 'scar/grey' });
    await stage.room.apply(WITHOUT);
    expect(await stage.secret()).toBeUndefined();
    expect(await stage.variables()).not.toHaveProperty('SCAR_SECRET_ID');

    await stage.room.apply(text());
    expect((await stage.room.scar.orphans()).map(orphan => orphan.kind)).not.toContain('secret');
    await stage.moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().DeleteFunctionCommand)({ FunctionName: 'grey' }));
    const orphan = (await stage.room.scar.orphans()).find(item => item.kind === 'secret');
    expect(orphan).toMatchObject({ name: 'scar/grey' });
    await stage.room.scar.removeOrphans([orphan?.id ?? ''], { onSteps: () => undefined });
    expect(await stage.secret()).toBeUndefined();
  });

  it('of others are left alone', async () => {
    await stage.moto
      .clients()
      .secrets()
      .send(new (sdk.secrets().CreateSecretCommand)({ Name: 'scar/grey', SecretString: '"of others"' }));
    const plan = await stage.room.plan(text());
    expect(plan.problems.map(problem => problem.code)).toContain('aws-secret-taken');
    expect(plan.steps).toEqual([]);
    await stage.room.apply(WITHOUT);
    expect((await stage.room.scar.deletionPreview('grey')).goes.map(item => item.kind)).not.toContain('secret');
    expect((await stage.secret())?.value).toBe('of others');
  });

  it('are refused for images that are not built here, with the way out', async () => {
    const plan = await stage.room.plan(text().replace('image: ubuntu:24.04', PREPARED));
    expect(plan.problems.find(problem => problem.code === 'aws-secret')?.message).toMatch(
      /storage_providers\.minio\.edge\.secret_key.*create_image: true.*storage_provider: s3/
    );
    expect(JSON.stringify(plan)).not.toContain(KEY);
  });

  it.each(['lambda-batch', 'batch'])('reach jobs of Batch through the built image: %s', async mode => {
    await stage.room.apply(text(KEY, mode));
    const { jobDefinitions } = await stage.moto
      .clients()
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    const container = jobDefinitions?.[0].containerProperties;
    expect(container?.image).toMatch(/\.dkr\.ecr\..*\/grey:[0-9a-f]{16}$/);
    expect(container?.environment).toContainEqual({ name: 'SCAR_SECRET_ID', value: 'scar/grey' });
    expect(container?.command ?? []).toEqual([]);
    expect((await stage.secret())?.value).toEqual(providers());
    expect(stage.readable()).not.toContain(KEY);
    await pushBuilt();
    expect((await stage.room.plan(text(KEY, mode))).steps.filter(step => step.action !== 'keep')).toEqual([]);
    const { goes } = await stage.room.scar.deletionPreview('grey');
    expect(goes.map(item => item.kind)).toEqual(expect.arrayContaining(['repository', 'secret']));
    const without = await stage.room.plan(
      WITHOUT.replace('runtime: image', `runtime: image\n      execution_mode: ${mode}`)
    );
    expect(without.steps.at(-1)).toMatchObject({ action: 'delete', kind: 'secret' });
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
      await stage.room.apply(text());
      const task = join(stage.room.folder, 'task');
      cpSync(join(stage.builder.notes, 'context'), task, { recursive: true });
      expect(readFileSync(join(task, 'Dockerfile'), 'utf8')).toContain(
        'RUN ln -sf /tmp/.function_config.yaml /var/task/function_config.yaml'
      );
      expect(existsSync(join(task, 'function_config.yaml'))).toBe(false);
      const whole = join(stage.room.folder, 'whole.yaml');
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
        AWS_ENDPOINT_URL: stage.proxy.endpoint,
        AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'of-the-test',
        ...(await stage.variables()),
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
      stage.proxy.fate = call =>
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
      stage.proxy.fate = call => (call.operation === 'GetSecretValue' ? denied(call) : 'pass');
      const { status, output } = await outcome(env, task);
      expect(status).toBe(1);
      expect(output).toMatch(
        /secret scar\/grey of Secrets Manager in eu-west-1: 403[\s\S]*secretsmanager:GetSecretValue/
      );
      expect(output).not.toContain('GOT');
      expect(readFileSync(whole, 'utf8')).toBe('old');
    });
  });
});
