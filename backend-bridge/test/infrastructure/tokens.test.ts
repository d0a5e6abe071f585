import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokens } from '../../src/credentials';
import { startLocalCluster } from '../../src/local-cluster';
import { TestIssuer } from '../local-cluster/issuer';
import { onRealIm, startIssuer, useIm, type IIssuer } from './real-im';
import { finished, openRoom, request, until, type IRoom } from './room';

jest.setTimeout(120_000);

let issuer: IIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(async () => issuer.close());

describe('places of the token', () => {
  let room: IRoom;
  beforeEach(async () => {
    room = await openRoom();
  });
  afterEach(async () => room.close());

  it('takes the file, then the environment, then the one that was given; the expired one last', async () => {
    const folder = join(room.folder, 'secrets');
    mkdirSync(folder);
    const env: NodeJS.ProcessEnv = { SECRETS_MOUNT_PATH: folder };
    const tokens = new Tokens({ env });
    expect(await tokens.info()).toMatchObject({ source: 'none', state: 'none' });
    tokens.give(issuer.token('given'));
    expect(await tokens.info()).toMatchObject({ source: 'given', name: 'given', refreshable: false });
    env['OIDC_ACCESS_TOKEN'] = issuer.token('environment');
    expect(await tokens.info()).toMatchObject({ source: 'environment', name: 'environment' });
    // An empty file, as before the first sign-in, hides nothing.
    writeFileSync(join(folder, 'access_token'), '');
    expect(await tokens.info()).toMatchObject({ source: 'environment' });
    writeFileSync(join(folder, 'access_token'), issuer.token('file', 60));
    expect(await tokens.info()).toMatchObject({
      source: 'file',
      name: 'file',
      subject: 'file-sub',
      issuer: issuer.url,
      vos: ['vo.example.org'],
      state: 'expiring',
      refreshable: true
    });
    writeFileSync(join(folder, 'access_token'), issuer.token('file', -5));
    expect(await tokens.info()).toMatchObject({ source: 'environment', state: 'valid' });
    delete env['OIDC_ACCESS_TOKEN'];
    tokens.forget();
    expect(await tokens.info()).toMatchObject({ source: 'file', state: 'expired' });
  });

  it('says who the user is and never the token', async () => {
    const token = issuer.token('ada');
    expect(JSON.stringify(await room.room.giveToken(token))).not.toContain(token.split('.')[2]);
    await expect(async () => room.room.giveToken('two words')).rejects.toThrow(/one word/);
  });
});

describe('a cluster with sign-in by token', () => {
  it('takes the token that the user has given, tells two users apart, and says when it has expired', async () => {
    const room = await openRoom();
    const users = await TestIssuer.start([
      { sub: 'ada', name: 'Ada', groups: ['vo.test'] },
      { sub: 'bob', name: 'Bob', groups: ['vo.test'] }
    ]);
    const local = await startLocalCluster({
      data: join(room.folder, 'with-oidc'),
      runtime: 'process',
      oidcIssuers: [users.url],
      oidcGroups: ['vo.test'],
      cpus: 1,
      memory: 1024 ** 3
    });
    try {
      await room.clusters.registry.add({ id: 'shared', endpoint: local.endpoint });
      const cluster = room.clusters.registry.get('shared');
      expect(await cluster.describe()).toMatchObject({ state: 'unauthorized' });
      await room.room.giveToken(users.token('ada'));
      expect(await cluster.describe()).toMatchObject({ state: 'ready' });
      await cluster.client.createService({
        name: 'of-ada',
        image: 'process',
        cpu: '0.1',
        memory: '64Mi',
        script: 'true'
      });
      expect((await room.clusters.services(cluster)).map(service => service.name)).toEqual(['of-ada']);
      await room.room.giveToken(users.token('bob'));
      expect(await room.clusters.services(cluster)).toEqual([]);
      await room.room.forgetToken();
      expect(await cluster.describe()).toMatchObject({ state: 'unauthorized' });
    } finally {
      await local.close();
      await users.close();
      await room.close();
    }
  });
});

onRealIm('with tokens on the real Infrastructure Manager', () => {
  const manager = useIm(() => ({ issuer: issuer.url }));
  let room: IRoom;
  afterEach(async () => room.close());

  it('stops asking when the token has expired half way, and goes on with a new one', async () => {
    room = await openRoom({ im: manager.im.url });
    expect(await room.room.server()).toMatchObject({ state: 'ok', authentication: 'none', version: '2.0.0' });
    await room.room.giveToken(issuer.token('ada'));
    expect(await room.room.server()).toMatchObject({ state: 'ok', authentication: 'token' });
    const { id } = await room.room.create(request(), undefined);
    let now = await until(room, id, finished);
    expect(now.owners).toEqual(['__OPENID__ada']);

    // Two seconds are left; what is begun meets the end of the token.
    await room.room.giveToken(issuer.token('ada', 2));
    const plan = await room.room.plan(request(), undefined);
    expect(plan.warnings.join()).toMatch(/token ends in 1 minutes/);
    await new Promise(resolve => setTimeout(resolve, 2100));
    expect(await room.room.tokens()).toMatchObject({ state: 'expired' });
    expect((await room.room.list()).problem).toMatchObject({ title: 'The token has expired' });
    await expect(room.room.scale(id, { count: 2 })).rejects.toMatchObject({
      problem: { title: 'The token has expired' }
    });
    expect(await room.room.remove(id, { confirm: 'my cluster' }).catch((error: unknown) => error)).toMatchObject({
      problem: { title: 'The token has expired' }
    });
    await room.reopen();
    await room.room.get(id);
    now = await until(room, id, found => found.problem !== undefined);
    expect(now).toMatchObject({ state: 'configured', problem: { title: 'Not signed in' } });
    await room.room.giveToken(issuer.token('ada'));
    now = await until(room, id, found => found.problem === undefined);
    expect(now.vms.map(vm => vm.state)).toEqual(['configured', 'configured']);
    expect(JSON.stringify([room.events, room.logged])).not.toMatch(/eyJ/);
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });

  it('a creation that met an expired token goes on by itself', async () => {
    room = await openRoom({ im: manager.im.url });
    await room.room.giveToken(issuer.token('ada'));
    // The server does not take tokens of others: it answers 401 for one that it takes for expired.
    const stranger = await startIssuer();
    try {
      await room.room.giveToken(stranger.token('ada'));
      const made = await room.room.create(request({ name: 'waits' }), undefined);
      expect(made).toMatchObject({
        state: 'pending',
        problem: { type: expect.stringMatching(/unauthorized$/) as string }
      });
      await room.room.giveToken(issuer.token('ada'));
      const now = await until(room, made.id, finished);
      expect(now.problem).toBeUndefined();
      expect((await room.room.list()).items.filter(item => item.name === 'waits')).toHaveLength(1);
      await room.room.remove(now.id, { confirm: 'waits' });
      await until(room, now.id, found => found.state === 'deleted', 60);
    } finally {
      await stranger.close();
    }
  });

  it('two owners: nobody else sees it, one who was added does', async () => {
    room = await openRoom({ im: manager.im.url });
    await room.room.giveToken(issuer.token('ada'));
    const { id } = await room.room.create(request({ name: 'shared' }), undefined);
    await until(room, id, finished);
    const other = await openRoom({ im: manager.im.url });
    try {
      await other.room.giveToken(issuer.token('bob'));
      expect((await other.room.list()).items).toEqual([]);
      await expect(other.room.get(id)).rejects.toMatchObject({ problem: { status: 403 } });
      const shared = await room.room.addOwner(id, issuer.token('bob'));
      expect(shared.owners).toEqual(['__OPENID__ada', '__OPENID__bob']);
      expect((await other.room.list()).items).toMatchObject([{ id, name: 'shared', foreign: true }]);
    } finally {
      await other.close();
    }
    await room.room.remove(id, { confirm: 'shared' });
    await until(room, id, found => found.state === 'deleted', 60);
  });
});
