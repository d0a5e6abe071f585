import { some } from '../sample';
import { BridgeError } from '../../src/http';
import type { PlanStep } from '../../src/contract';
import { deploy, fdl, files, finished, minio, openRoom, readObject, until, type IRoom } from './support';

const APPEND = (word: string): string =>
  `cat "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\necho ${word} >> "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n`;

jest.setTimeout(90_000);

describe.each(some([false, true]))('apply, strict %s', strict => {
  let room: IRoom;

  beforeAll(async () => {
    room = await openRoom({ strict });
  });

  afterAll(() => room.close());

  const buckets = async (): Promise<string[]> =>
    (await room.cluster.client.buckets()).map(bucket => bucket.bucket_name).sort();
  const services = async (): Promise<string[]> =>
    (await room.cluster.client.services()).map(service => service.name).sort();

  it('connects a chain and a fan-out, and a second apply changes nothing', async () => {
    const base = await files(room, 'chain', {
      'one.sh': APPEND('one'),
      'two.sh': APPEND('two'),
      'three.sh': APPEND('three')
    });
    const text = fdl(
      { name: 'one', script: 'one.sh', input: minio('one/in'), output: minio('one/out') },
      { name: 'two', script: 'two.sh', input: minio('one/out'), output: minio('two/out') },
      { name: 'three', script: 'three.sh', input: minio('one/out'), output: minio('three/out') }
    );
    const seen: PlanStep[][] = [];
    const source = { text, name: 'fdl.yaml', base };
    const plan = await room.clusters.apply(room.cluster, source, { onSteps: steps => seen.push(steps) });
    expect(plan.services).toEqual(['one', 'two', 'three']);
    expect(new Set(plan.steps.map(step => step.state))).toEqual(new Set(['done']));
    expect(plan.steps.filter(step => step.kind === 'link').map(step => step.name)).toEqual([
      'one → two',
      'one → three'
    ]);
    expect(seen[0].some(step => step.state === 'waiting')).toBe(true);
    const again = await room.clusters.apply(room.cluster, source);
    expect(new Set(again.steps.map(step => step.action))).toEqual(new Set(['keep']));

    await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'one', [{ file: 'a.txt', name: 'a.txt', data: Buffer.from('zero\n') }])
    );
    const storage = await room.cluster.storage();
    const key = await until(
      'the end of the chain',
      async () => (await storage.list('two', { prefix: 'out/' })).items.find(item => item.size > 0)?.key
    );
    expect(await readObject(room.cluster, 'two', key)).toBe('zero\none\ntwo\n');
    const other = await until(
      'the other branch',
      async () => (await storage.list('three', { prefix: 'out/' })).items.find(item => item.size > 0)?.key
    );
    expect(await readObject(room.cluster, 'three', other)).toBe('zero\none\nthree\n');
  });

  it('takes the links of a deleted service away, and leaves those of others', async () => {
    const storage = await room.cluster.storage();
    expect((await storage.notifications('one')).map(entry => entry.arn.split(':')[4]).sort()).toEqual([
      'one',
      'three',
      'two'
    ]);
    await room.clusters.deleteService(room.cluster, 'two', 'keep');
    expect((await storage.notifications('one')).map(entry => entry.arn.split(':')[4]).sort()).toEqual(['one', 'three']);
    expect(await buckets()).toContain('two');
  });

  it('makes nothing of a file of which one service cannot be made', async () => {
    const before = { services: await services(), buckets: await buckets() };
    const base = await files(room, 'rollback', { 'run.sh': 'true\n' });
    const text = fdl(
      { name: 'first', script: 'run.sh', input: minio('first/in'), output: minio('first/out') },
      {
        name: 'second',
        script: 'run.sh',
        input: minio('second/in'),
        output: [{ storage_provider: 's3.nobody', path: 'x/out' }]
      }
    );
    await expect(room.clusters.apply(room.cluster, { text, name: 'fdl.yaml', base })).rejects.toBeInstanceOf(
      BridgeError
    );
    expect({ services: await services(), buckets: await buckets() }).toEqual(before);
  });

  it('takes the first service back when the second cannot be made, and says so', async () => {
    const before = { services: await services(), buckets: await buckets() };
    const base = await files(room, 'rollback2', { 'run.sh': 'true\n' });
    const text = fdl(
      { name: 'alpha', script: 'run.sh', input: minio('alpha/in'), output: minio('alpha/out') },
      { name: 'beta', script: 'run.sh', input: minio('beta/in'), output: minio('beta/out') }
    );
    const steps: PlanStep[][] = [];
    const client = room.cluster.client;
    const create = client.createService.bind(client);
    // A cluster that breaks after the first service.
    client.createService = async service => {
      if (service.name === 'beta') {
        await create({ ...service, memory: 'lots' });
      } else {
        await create(service);
      }
    };
    try {
      await expect(
        room.clusters.apply(room.cluster, { text, name: 'fdl.yaml', base }, { onSteps: now => steps.push(now) })
      ).rejects.toMatchObject({
        problem: { detail: expect.stringContaining('What had been made was taken back.') as unknown }
      });
    } finally {
      client.createService = create;
    }
    const last = steps[steps.length - 1];
    expect(last.find(step => step.kind === 'service' && step.name === 'alpha')?.state).toBe('undone');
    expect(last.find(step => step.kind === 'service' && step.name === 'beta')?.state).toBe('failed');
    expect({ services: await services(), buckets: await buckets() }).toEqual(before);
    // And it can be run again.
    await room.clusters.apply(room.cluster, { text, name: 'fdl.yaml', base });
    expect(await services()).toEqual([...before.services, 'alpha', 'beta'].sort());
  });

  it('believes what it reads, not an error: 500 though applied', async () => {
    const base = await files(room, 'lies', { 'run.sh': 'true\n' });
    const client = room.cluster.client;
    const create = client.createService.bind(client);
    try {
      client.createService = async service => {
        await create(service);
        throw new BridgeError({ type: 'remote-error', title: 'x', status: 502, detail: 'lied' });
      };
      const plan = await room.clusters.apply(room.cluster, {
        text: fdl({ name: 'liar', script: 'run.sh', input: minio('liar/in'), output: minio('liar/out') }),
        name: 'fdl.yaml',
        base
      });
      expect(new Set(plan.steps.map(step => step.state))).toEqual(new Set(['done']));
    } finally {
      client.createService = create;
    }
    expect(await services()).toContain('liar');
  });

  it('keeps secrets, labels and the owner over an update', async () => {
    const script = 'printf %s "$KEY" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n';
    const service = {
      name: 'vault',
      script: 'run.sh',
      input: minio('vault/in'),
      output: minio('vault/out'),
      labels: { project: 'x' }
    };
    await deploy(
      room,
      'vault',
      { 'run.sh': script },
      { ...service, environment: { secrets: { KEY: 'very-secret-value' } } }
    );
    const owner = (await room.cluster.client.service('vault'))?.owner;
    await deploy(room, 'vault', { 'run.sh': script }, { ...service, memory: '128Mi' });
    const now = await room.cluster.client.service('vault');
    expect(now).toMatchObject({ memory: '128Mi', owner });
    expect(now?.labels['project']).toBe('x');
    // A detach and a link are updates, too: read and written back as they were read.
    await room.cluster.client.updateService({ ...now, cpu: '0.2' });
    const done = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'vault', [{ file: 'k.txt', name: 'k.txt', data: Buffer.from('x') }])
    );
    expect(await readObject(room.cluster, 'vault', done.items[0].outputs[0].key ?? '')).toBe('very-secret-value');
    const shown = await room.clusters.service(room.cluster, 'vault');
    expect(JSON.stringify(shown)).not.toMatch(/very-secret-value|[0-9a-f]{64}/);
  });

  it('refuses a file with errors and changes nothing', async () => {
    const before = await services();
    const base = await files(room, 'bad', {});
    await expect(
      room.clusters.apply(room.cluster, { text: fdl({ name: 'bad', script: 'none.sh' }), name: 'fdl.yaml', base })
    ).rejects.toMatchObject({
      problem: {
        type: 'urn:jupyterlab-oscar:problem:invalid-fdl',
        status: 400,
        problems: [expect.objectContaining({ severity: 'error' })]
      }
    });
    await expect(
      room.clusters.apply(room.cluster, { text: 'functions: [', name: 'fdl.yaml', base })
    ).rejects.toMatchObject({ problem: { status: 400 } });
    expect(await services()).toEqual(before);
    const problems = await room.clusters.check(undefined, {
      text: 'functions:\n  oscar:\n  - local:\n      name: X\n',
      name: 'f.yaml'
    });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatchObject({ file: 'f.yaml', line: expect.any(Number) as unknown });
  });
});
