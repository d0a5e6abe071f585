import { some } from '../sample';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineText, writePipeline } from './pipeline';
import { artifact, jobsOf, nodeOf, openRoom, states, until, type IRoom } from './room';

jest.setTimeout(120_000);

describe.each(
  some([
    ['as they are', false],
    ['strict', true]
  ])
)('two clusters %s', (_name, strict) => {
  let room: IRoom;
  beforeAll(async () => {
    room = await openRoom({ strict, ids: ['edge', 'cloud'], lostAfter: 4000 });
  });
  afterAll(() => room?.close());

  test('a pipeline goes from one to the other and back; keys are in no file', async () => {
    const path = writePipeline(
      join(room.folder, 'work'),
      pipelineText(
        [
          { id: 'read', command: 'echo 1 > 1.txt', outputs: ['1.txt'], target: 'edge' },
          { id: 'near', command: 'cp 1.txt near.txt', after: ['read'], outputs: ['near.txt'], target: 'edge' },
          { id: 'far', command: 'cp 1.txt far.txt', after: ['read'], outputs: ['far.txt'], target: 'cloud' },
          {
            id: 'both',
            command: 'cat near.txt far.txt > both.txt',
            after: ['near', 'far'],
            outputs: ['both.txt'],
            target: 'cloud'
          },
          { id: 'back', command: 'cp both.txt back.txt', after: ['both'], outputs: ['back.txt'], target: 'edge' }
        ],
        { name: 'continuum' }
      )
    );
    const run = await until(room, (await room.start(path, { cluster: 'edge' })).id);
    expect(states(run)).toEqual({ read: 'done', near: 'done', far: 'done', both: 'done', back: 'done' });
    expect(await artifact(room, run, 'back', 'back.txt')).toBe('1\n1\n');
    expect(nodeOf(run, 'far').cluster).toBe('cloud');
    // Nothing had to be sent a second time.
    expect(run.nodes.map(node => node.reason)).toEqual(Array(5).fill(undefined));
    const again = await until(room, (await room.start(path, { cluster: 'edge' })).id);
    expect(again.state).toBe('done');
    expect(new Set(again.steps.map(step => step.action))).toEqual(new Set(['keep']));
    expect(await jobsOf(room, nodeOf(again, 'both').service, 'cloud')).toHaveLength(4);
    await room.runs.remove(run.id);
    for (const id of ['edge', 'cloud']) {
      const storage = await room.cluster(id).storage();
      for (const { bucket_name: bucket } of await room.cluster(id).client.buckets()) {
        expect((await storage.list(bucket)).items.filter(item => item.key.includes(run.id))).toEqual([]);
      }
    }
  });

  test('code that is too large for a script goes up once, and again only when it has changed', async () => {
    const folder = join(room.folder, 'large');
    mkdirSync(folder, { recursive: true });
    const noise = Array.from({ length: 400_000 }, () => Math.random().toString(36).slice(2, 6)).join('');
    writeFileSync(join(folder, 'data.txt'), noise);
    const path = writePipeline(
      folder,
      pipelineText([{ id: 'a', file: 'a.py', dependencies: ['data.txt'], outputs: ['size.txt'] }], { name: 'large' }),
      { 'a.py': 'open("size.txt", "w").write(str(len(open("data.txt").read())))\n' }
    );
    const first = await until(room, (await room.start(path, { cluster: 'cloud' })).id);
    expect(await artifact(room, first, 'a', 'size.txt')).toBe(String(noise.length));
    const sent = (steps: typeof first.steps): string[] =>
      steps.filter(step => step.kind === 'file').map(step => step.action);
    expect(sent(first.steps)).toEqual(['create']);
    const second = await until(room, (await room.start(path, { cluster: 'cloud' })).id);
    expect(sent(second.steps)).toEqual(['keep']);
    writeFileSync(join(folder, 'data.txt'), `${noise}more`);
    const third = await until(room, (await room.start(path, { cluster: 'cloud' })).id);
    expect(sent(third.steps)).toEqual(['create']);
    expect(await artifact(room, third, 'a', 'size.txt')).toBe(String(noise.length + 4));
  });

  test('a node calls a service with the token and address that the deployment gives it', async () => {
    const base = join(room.folder, 'shout');
    mkdirSync(base, { recursive: true });
    writeFileSync(join(base, 'script.sh'), 'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/loud.txt"\n');
    await room.clusters.apply(room.cluster('edge'), {
      text: JSON.stringify({
        functions: {
          oscar: [
            {
              edge: {
                name: 'shout',
                image: 'none/none',
                cpu: '0.1',
                memory: '64Mi',
                script: 'script.sh',
                log_level: 'CRITICAL',
                annotations: { 'jupyterlab-oscar/runtime': 'process' },
                input: [{ storage_provider: 'minio.default', path: 'shout/in' }],
                output: [{ storage_provider: 'minio.default', path: 'shout/out' }]
              }
            }
          ]
        }
      }),
      name: 'fdl.yaml',
      base
    });
    const path = writePipeline(
      join(room.folder, 'calls'),
      pipelineText(
        [
          { id: 'write', command: 'echo quiet > words.txt', outputs: ['words.txt'] },
          { id: 'call', service: 'shout', after: ['write'] },
          {
            id: 'read',
            command: 'grep -r QUIET . | wc -l > count.txt; find . -type f',
            after: ['call'],
            outputs: ['count.txt']
          }
        ],
        { name: 'calls' }
      )
    );
    const run = await until(room, (await room.start(path, { cluster: 'edge' })).id);
    expect({ states: states(run), reasons: run.nodes.map(node => node.reason) }).toMatchObject({
      states: { write: 'done', call: 'done', read: 'done' }
    });
    expect(Number(await artifact(room, run, 'read', 'count.txt'))).toBeGreaterThan(0);
    const again = await until(room, (await room.start(path, { cluster: 'edge' })).id);
    expect(new Set(again.steps.map(step => step.action))).toEqual(new Set(['keep']));
  });
});
