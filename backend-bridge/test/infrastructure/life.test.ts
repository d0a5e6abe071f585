import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Infrastructure } from '../../src/contract';
import { onRealIm, useIm } from './real-im';
import { finished, openRoom, PASSWORD, request, stepsOf, until, type IRoom } from './room';

jest.setTimeout(120_000);

/** All files of a folder with their text. */
function filesBelow(folder: string): { path: string; text: string; mode: number }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({ path, text: readFileSync(path, 'latin1'), mode: statSync(path).mode & 0o777 }));
}

onRealIm('on the real Infrastructure Manager with its Dummy cloud', () => {
  const manager = useIm();
  let room: IRoom;
  afterEach(async () => room.close());

  it('goes from nothing to a service on a new cluster, scales it, guards its front end, and deletes it', async () => {
    room = await openRoom({ local: true, im: manager.im.url, user: 'ada' });
    const endpoint = room.local?.endpoint;
    const wanted = request({
      name: 'Ada’s cluster',
      register: true,
      endpoint,
      deploy: ['hello'],
      inputs: { wn_num: 1, oscar_password: PASSWORD }
    });

    const plan = await room.room.plan(wanted, undefined);
    expect(plan).toMatchObject({
      problems: [],
      fits: true,
      vms: [
        { role: 'front', count: 1, cpus: 4, memory: 4 * 2 ** 30, publicIp: false },
        { role: 'wn', count: 1, cpus: 2, memory: 4 * 2 ** 30, publicIp: false }
      ],
      storage: 20 * 2 ** 30
    });
    expect(plan.quotas).toEqual(
      expect.arrayContaining([
        { resource: 'cores', used: 1, needed: 6, limit: 10, fits: true },
        { resource: 'ram', used: 1, needed: 8, limit: 10, fits: true }
      ])
    );
    expect(plan.costNote).toMatch(/^2 machines with 6 cores and 8 GiB/);
    expect(JSON.stringify(plan)).not.toContain(PASSWORD);

    const made = await room.room.create(wanted, undefined);
    expect(made.id).not.toMatch(/^new-/);
    let now = await until(room, made.id, finished);
    expect(stepsOf(now)).toEqual({
      create: 'done',
      boot: 'done',
      configure: 'done',
      health: 'done',
      register: 'done',
      deploy: 'done'
    });
    expect(now).toMatchObject({
      name: 'Ada’s cluster',
      state: 'configured',
      cloud: 'Dummy',
      owners: ['ada'],
      foreign: false
    });
    expect(now.vms.map(vm => [vm.id, vm.role, vm.frontEnd, vm.cpus])).toEqual([
      ['0', 'front', true, 4],
      ['1', 'wn', false, 2]
    ]);
    expect(now.outputs).toContainEqual({
      name: 'local_oscarui_endpoint',
      value: 'https://oscar.localhost/',
      kind: 'url'
    });

    // The new cluster is in the list, is the current one, and has the service.
    expect(now.cluster).toBe('ada-s-cluster');
    expect(room.clusters.registry.current()).toBe('ada-s-cluster');
    expect((await room.clusters.services(room.clusters.registry.get('ada-s-cluster'))).map(item => item.name)).toEqual([
      'hello'
    ]);
    expect(await room.room.secrets(made.id)).toEqual({ user: 'oscar', password: PASSWORD });
    expect(await room.room.elasticity(made.id)).toMatchObject({ workers: 1, nodes: 1, pendingJobs: 0 });
    expect(await room.room.template(made.id)).not.toContain(PASSWORD);

    // 1 → 3 → 2 → guarded.
    const ids = (found: Infrastructure): string[] => found.vms.map(vm => vm.id);
    expect(await room.room.scale(made.id, { count: 3 })).toMatchObject({ operation: 'adding 2 machines of wn' });
    await expect(room.room.scale(made.id, { count: 1 })).rejects.toMatchObject({ problem: { status: 409 } });
    now = await until(
      room,
      made.id,
      found => finished(found) && found.vms.length === 4 && found.state === 'configured'
    );
    expect(ids(now)).toEqual(['0', '1', '2', '3']);
    await room.room.scale(made.id, { count: 2, remove: ['2'] });
    now = await until(room, made.id, found => finished(found) && found.vms.length === 3);
    expect(ids(now)).toEqual(['0', '1', '3']);
    // The list that the server keeps for ever does no harm.
    await room.room.scale(made.id, { count: 1 });
    now = await until(room, made.id, found => finished(found) && found.vms.length === 2);
    expect(ids(now)).toEqual(['0', '1']);
    await room.room.scale(made.id, { count: 2 });
    now = await until(
      room,
      made.id,
      found => finished(found) && found.vms.length === 3 && found.state === 'configured'
    );
    await expect(room.room.scale(made.id, { count: 1, remove: ['0'] })).rejects.toMatchObject({
      problem: { status: 403, title: 'The front end stays' }
    });
    await expect(room.room.scale(made.id, { role: 'front', count: 0 })).rejects.toMatchObject({
      problem: { status: 403 }
    });
    await expect(room.room.scale(made.id, { count: 1, remove: ['77'] })).rejects.toThrow(/no living machine/);

    await expect(room.room.remove(made.id, { confirm: 'other' })).rejects.toThrow(/name has to be given/);
    expect(await room.room.remove(made.id, { confirm: 'Ada’s cluster' })).toMatchObject({ state: 'deleting' });
    now = await until(room, made.id, found => found.state === 'deleted', 60);
    expect((await room.room.list()).items).toEqual([]);
    expect(room.clusters.registry.list()).toEqual([]);
    expect(room.events.at(-1)).toEqual({ id: made.id, infrastructure: null });

    // No secret outside the store.
    const shown = JSON.stringify([room.events, room.logged]);
    expect(shown).not.toContain(PASSWORD);
    expect(shown).not.toContain('password-of-ada');
    for (const { path, text, mode } of filesBelow(join(room.folder, 'bridge'))) {
      if (text.includes('password-of-ada') || text.includes(PASSWORD)) {
        expect(path).toMatch(/credentials\.json$/);
        expect(mode).toBe(0o600);
      }
    }
  });

  it('stops and starts, gives the way into a machine on request, and shows the log', async () => {
    room = await openRoom({ im: manager.im.url, user: 'bob' });
    const { id } = await room.room.create(request(), undefined);
    await until(room, id, finished);
    await room.room.control(id, 'stop');
    let now = await until(room, id, found => found.state === 'stopped' && found.operation === undefined);
    expect(now.stateDetail).toMatch(/disks may go on costing/);
    await room.room.control(id, 'start');
    await until(room, id, found => found.state === 'configured' && found.operation === undefined);
    await room.room.controlVm(id, '1', 'stop');
    now = await until(room, id, found => found.vms[1].state === 'stopped' && found.operation === undefined);
    expect(now).toMatchObject({ state: 'configured', stateDetail: '1 of 2 machines are stopped.' });
    await room.room.controlVm(id, '1', 'start');
    await until(room, id, found => found.vms[1].state === 'configured' && found.operation === undefined);
    await room.room.control(id, 'reconfigure');
    await until(room, id, found => found.state === 'configured' && found.operation === undefined);
    expect(await room.room.sshKey(id, '0')).toMatchObject({ user: 'username', host: '10.0.0.1' });
    let log = '';
    for await (const text of room.room.log(id)) {
      log += text;
    }
    expect(log).toContain('Contextualization disabled');
    expect(JSON.stringify(room.events)).not.toContain('credentials');
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });

  it('goes on after the bridge was killed, also when the answer to the creation was lost', async () => {
    room = await openRoom({ im: manager.im.url, user: 'eve' });
    const made = await room.room.create(request({ idempotencyKey: 'once' }), undefined);
    expect((await room.room.create(request({ idempotencyKey: 'once' }), undefined)).id).toBe(made.id);
    await room.reopen();
    await until(room, made.id, finished);
    // Forget the answer, as a kill between the call and its answer does.
    let key = '';
    await room.reopen(() => {
      const database = new DatabaseSync(join(room.folder, 'bridge', 'infrastructures.db'));
      const row = database.prepare('SELECT key, document FROM infrastructure').get() as {
        key: string;
        document: string;
      };
      const { id: _id, ...kept } = JSON.parse(row.document) as { id: string; view: Infrastructure };
      Object.assign(kept.view, { id: row.key, state: 'pending', vms: [] });
      kept.view.steps = kept.view.steps.map(step => ({
        ...step,
        state: step.name === 'create' ? 'running' : 'waiting'
      }));
      database.prepare('UPDATE infrastructure SET document = ?').run(JSON.stringify(kept));
      database.close();
      key = row.key;
    });
    const again = await until(room, key, finished);
    expect(again.id).toBe(made.id);
    expect((await room.room.list()).items).toHaveLength(1);
    await room.room.remove(made.id, { confirm: 'my cluster' });
    await until(room, made.id, found => found.state === 'deleted', 60);
  });

  it('takes RADL, which has neither a form nor outputs', async () => {
    room = await openRoom({ im: manager.im.url, user: 'kim' });
    const text =
      "network net (outbound = 'no')\nsystem front (\ncpu.count>=1 and\nmemory.size>=512m and\nnet_interface.0.connection = 'net' and\ndisk.0.os.name = 'linux'\n)\nconfigure front ()\ndeploy front 1\n";
    const file = { name: 'mine.radl', text };
    const plan = await room.room.plan(request(), file);
    expect(plan).toMatchObject({ problems: [], vms: [{ count: 1, cpus: 1, publicIp: false }] });
    const { id } = await room.room.create(request(), file);
    const now = await until(room, id, finished);
    expect(now).toMatchObject({ state: 'configured', outputs: [], oscar: false });
    expect(await room.room.template(id)).toMatch(/name = 'my cluster'/);
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });

  it('lists what was created elsewhere, and takes it under credentials', async () => {
    const other = await openRoom({ im: manager.im.url, user: 'zoe' });
    room = await openRoom({ im: manager.im.url, user: 'zoe' });
    try {
      const { id } = await other.room.create(
        request({ name: 'of another machine', inputs: { oscar_password: PASSWORD } }),
        undefined
      );
      await until(other, id, finished);
      const { items } = await room.room.list();
      expect(items).toMatchObject([
        { id, name: 'of another machine', foreign: true, state: 'unknown', oscar: true, owners: ['zoe'] }
      ]);
      await expect(room.room.scale(id, { count: 2 })).rejects.toMatchObject({ problem: { status: 404 } });
      await room.room.adopt(id, 'dummy');
      expect(await until(room, id, found => found.state === 'configured')).toMatchObject({
        foreign: false,
        cloud: 'Dummy'
      });
      expect(await room.room.secrets(id)).toEqual({ user: 'oscar', password: PASSWORD });
      await room.room.remove(id, { confirm: 'of another machine' });
      await until(room, id, found => found.state === 'deleted', 60);
      // The first one finds out by itself.
      await until(other, id, found => found.state === 'deleted', 60);
    } finally {
      await other.close();
    }
  });
});
