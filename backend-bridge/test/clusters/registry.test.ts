import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterRegistry } from '../../src/clusters';
import { Replay } from './replay';

describe('the list of clusters', () => {
  let folder: string;
  let registry: ClusterRegistry;
  let replay: Replay;
  const changes: string[] = [];

  const open = (): ClusterRegistry =>
    new ClusterRegistry({
      data: folder,
      onChange: (cluster, removed) => changes.push(`${removed ? '-' : '+'}${cluster.id}`)
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'oscar-registry-'));
    changes.length = 0;
    registry = open();
    replay = new Replay();
    await replay.start();
  });

  afterEach(async () => {
    registry.dispose();
    await replay.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('adds, uses, keeps and removes', async () => {
    registry.register({ id: 'local', endpoint: 'http://127.0.0.1:1', user: 'oscar', password: 'local-password' });
    await registry.add({ id: 'edge', endpoint: 'https://edge.example/', user: 'u', password: 'edge-password' });
    expect(registry.current()).toBe('local');
    await registry.use('edge');
    expect(registry.get().id).toBe('edge');

    const again = open();
    expect(again.list().map(cluster => cluster.id)).toEqual(['edge']);
    expect(again.current()).toBe('edge');
    again.register({ id: 'local', endpoint: 'http://127.0.0.1:2', user: 'oscar', password: 'local-password' });
    expect(again.list().map(cluster => cluster.id)).toEqual(['local', 'edge']);
    expect(again.get('edge').credentials()).toEqual({ configured: true, kind: 'basic' });
    again.dispose();

    const file = readFileSync(join(folder, 'clusters.json'), 'utf8');
    expect(file).not.toContain('password');
    expect(statSync(join(folder, 'clusters.json')).mode & 0o777).toBe(0o600);
    await registry.remove('edge');
    expect(registry.current()).toBe('local');
    expect(readFileSync(join(folder, 'credentials.json'), 'utf8')).not.toContain('edge-password');
    expect(changes.slice(0, 2)).toEqual(['+local', '+edge']);
    expect(changes).toContain('-edge');
  });

  it('keeps a list that cannot be read, and says where', async () => {
    const text = '{"clusters": [{"id": "edge", "endpoint": "https://edge.example"}';
    writeFileSync(join(folder, 'clusters.json'), text);
    const said: string[] = [];
    const other = new ClusterRegistry({ data: folder, log: line => said.push(line) });
    expect(other.list()).toEqual([]);
    await other.add({ id: 'cloud', endpoint: 'https://cloud.example' });
    other.dispose();
    const [kept, ...more] = readdirSync(folder).filter(name => name.startsWith('clusters.json.broken-'));
    expect(more).toEqual([]);
    expect(readFileSync(join(folder, kept), 'utf8')).toBe(text);
    expect(said).toEqual([expect.stringContaining(kept)]);
    expect(readFileSync(join(folder, 'clusters.json'), 'utf8')).toContain('cloud');
  });

  it('is shared with another bridge of the same user', async () => {
    const other = open();
    await registry.add({ id: 'edge', endpoint: 'https://edge.example', user: 'u', password: 'edge-password' });
    expect(other.get('edge').credentials()).toEqual({ configured: true, kind: 'basic' });
    await other.add({ id: 'cloud', endpoint: 'https://cloud.example', token: 'cloud-token' });
    expect(registry.list().map(cluster => cluster.id)).toEqual(['edge', 'cloud']);
    await registry.remove('edge');
    expect(other.list().map(cluster => cluster.id)).toEqual(['cloud']);
    expect(other.get('cloud').credentials()).toEqual({ configured: true, kind: 'token' });
    other.dispose();
  });

  it('says so when the list cannot be saved, and then does not have it', async () => {
    rmSync(join(folder, 'clusters.json'), { force: true });
    mkdirSync(join(folder, 'clusters.json'));
    await expect(registry.add({ id: 'edge', endpoint: 'https://edge.example' })).rejects.toMatchObject({
      problem: { type: 'urn:jupyterlab-oscar:problem:not-writable', status: 507 }
    });
    expect(registry.list()).toEqual([]);
    expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  it('names what there is when an id is wrong', async () => {
    expect(() => registry.get('nope')).toThrow('There is no cluster "nope".');
    expect(() => registry.get()).toThrow('There is no cluster yet.');
    registry.register({ id: 'local', endpoint: 'http://127.0.0.1:1', user: 'u', password: 'local-password' });
    expect(() => registry.get('nope')).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ status: 404, action: 'Use one of: local.' }) as unknown
      }) as Error
    );
    await expect(registry.remove('local')).rejects.toMatchObject({ problem: { status: 400 } });
    await expect(registry.add({ id: 'local', endpoint: 'http://x' })).rejects.toMatchObject({
      problem: { status: 409 }
    });
  });

  it.each([
    ['ftp://x', 'begins with http'],
    ['nonsense', 'is no address'],
    ['https://u:p@host', 'user or password'],
    ['https://host/?x=1', 'has no ?']
  ])('refuses the address %s', async (endpoint, words) => {
    await expect(registry.add({ id: 'x', endpoint })).rejects.toMatchObject({
      problem: { status: 400, detail: expect.stringContaining(words) as unknown }
    });
    expect(registry.list()).toEqual([]);
  });

  it('tells states and never throws', async () => {
    replay.play('general.json', 'info-wrong');
    await registry.add({ id: 'wrong', endpoint: replay.base, user: 'u', password: 'not the one' });
    expect(await registry.get('wrong').describe()).toMatchObject({
      state: 'unauthorized',
      problem: { type: expect.stringContaining('unauthorized') as unknown },
      removable: true,
      user: 'u'
    });
    await registry.add({ id: 'bare', endpoint: replay.base });
    expect(await registry.get('bare').describe()).toMatchObject({ state: 'unauthorized' });
    await registry.add({ id: 'gone', endpoint: 'http://127.0.0.1:1', user: 'u', password: 'not the one' });
    expect(await registry.get('gone').describe()).toMatchObject({
      state: 'unreachable',
      problem: { action: expect.any(String) as unknown }
    });
    replay.play('general.json', 'info', 'config');
    expect(await registry.get('wrong').describe()).toMatchObject({
      state: 'ready',
      version: 'devel',
      features: [],
      storage: { region: 'us-east-1' }
    });
  });
});
