import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClusters, type IClusters } from '../../src/clusters';
import { Tokens } from '../../src/credentials';
import { TestIssuer } from '../local-cluster/issuer';
import { removeFolder } from './real-im';

jest.setTimeout(90_000);

/** The command that suites of others log in to: `clusters serve --oidc-issuer`, as a user starts it. */
const COMMAND = join(__dirname, '..', '..', '..', '.venv', 'bin', 'jupyter-oscar');
const present = existsSync(COMMAND) ? describe : describe.skip;
if (!existsSync(COMMAND)) {
  console.warn(`SKIPPED: ${COMMAND} is not there; run the set-up first`);
}

interface IReady {
  endpoint: string;
  user: string;
  password: string;
}

present('a cluster that is served with an issuer', () => {
  let folder: string;
  let issuer: TestIssuer;
  let child: ChildProcessWithoutNullStreams;
  let ready: IReady;
  const opened: IClusters[] = [];

  /** Clusters as one person has them: their token, and nothing else. */
  const as = async (token: string): Promise<IClusters> => {
    const tokens = new Tokens({ env: {} });
    tokens.give(token);
    const clusters = createClusters({ data: join(folder, `clusters-${opened.length}`), tokens });
    opened.push(clusters);
    await clusters.registry.add({ id: 'served', endpoint: ready.endpoint });
    return clusters;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'oscar-serve-'));
    issuer = await TestIssuer.start([
      { sub: 'ada', name: 'Ada', groups: [] },
      { sub: 'bob', name: 'Bob', groups: [] }
    ]);
    const args = [
      'clusters',
      'serve',
      '--data',
      join(folder, 'data'),
      '--runtime',
      'process',
      '--oidc-issuer',
      issuer.url
    ];
    child = spawn(COMMAND, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('close', code => reject(new Error(`It ended with ${String(code)}: ${said}`)));
    });
    ready = JSON.parse(line) as IReady;
  });
  afterAll(async () => {
    await Promise.all(opened.map(clusters => clusters.close()));
    const ended = new Promise(resolve => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
    await issuer.close();
    removeFolder(folder);
  });

  it('takes both users, shows each their own services, and nobody another’s', async () => {
    const [ada, bob] = [await as(issuer.token('ada')), await as(issuer.token('bob'))];
    const mine = ada.registry.get('served');
    const theirs = bob.registry.get('served');
    expect(await mine.describe()).toMatchObject({ state: 'ready' });
    const service = { image: 'process', cpu: '0.1', memory: '64Mi', script: 'true' };
    await mine.client.createService({ ...service, name: 'of-ada' });
    await theirs.client.createService({ ...service, name: 'of-bob' });
    expect((await ada.services(mine)).map(item => item.name)).toEqual(['of-ada']);
    expect((await bob.services(theirs)).map(item => item.name)).toEqual(['of-bob']);
    await expect(bob.service(theirs, 'of-ada')).rejects.toMatchObject({
      problem: { status: expect.any(Number) as number }
    });
    await expect(theirs.client.deleteService('of-ada')).rejects.toBeDefined();
    expect((await ada.services(mine)).map(item => item.name)).toEqual(['of-ada']);
  });

  it('takes its administrator by password, and nobody else', async () => {
    const clusters = createClusters({ data: join(folder, 'clusters-admin') });
    opened.push(clusters);
    await clusters.registry.add({ id: 'served', ...ready });
    expect((await clusters.services(clusters.registry.get('served'))).map(item => item.name).sort()).toEqual([
      'of-ada',
      'of-bob'
    ]);
    for (const token of [
      issuer.token('mallory'),
      issuer.token('ada', { expires: -60 }),
      issuer.token('ada', { issuer: 'https://other' })
    ]) {
      const other = await as(token);
      expect(await other.registry.get('served').describe()).toMatchObject({ state: 'unauthorized' });
    }
  });
});
