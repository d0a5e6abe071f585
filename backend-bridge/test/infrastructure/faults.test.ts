import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ImClient } from '../../src/infrastructure/im-client';
import { onRealIm, startIm, useIm } from './real-im';
import { finished, openRoom, PASSWORD, request, stepsOf, until, type IRoom } from './room';

jest.setTimeout(120_000);

onRealIm('faults on the real Infrastructure Manager', () => {
  const manager = useIm();
  let room: IRoom;
  afterEach(async () => room.close());

  // First of all: a server that has read other templates before takes unknown types, and makes nothing of them.
  it('a template that the server refuses is said before and when it is created', async () => {
    room = await openRoom({ im: manager.im.url, user: 'ada' });
    const file = {
      name: 'bad.yaml',
      text: 'tosca_definitions_version: tosca_simple_yaml_1_0\ntopology_template:\n  node_templates:\n    a: {type: tosca.nodes.Nothing}\n'
    };
    const plan = await room.room.plan(request(), file);
    expect(plan.problems.join()).toMatch(/could not estimate.*"tosca\.nodes\.Nothing" is not a valid type/);
    expect(plan.problems.join()).not.toMatch(/File /);
    const made = await room.room.create(request(), file);
    expect(made).toMatchObject({ state: 'failed', steps: [{ name: 'create', state: 'failed' }, {}, {}] });
    expect(made.problem?.detail).not.toMatch(/File /);
    await expect(room.room.create(request({ credential: 'nobody' }), undefined)).rejects.toThrow(
      /no credentials "nobody"/
    );
    await expect(room.room.create(request({ inputs: { wn_num: 'many' } }), undefined)).rejects.toThrow(/whole number/);
    // Nothing was made: it goes at once.
    await room.room.remove(made.id, { confirm: 'my cluster' });
    await until(room, made.id, found => found.state === 'deleted');
  });

  it('a server that ended: the problem is told, and when it is back all goes on', async () => {
    room = await openRoom({ im: manager.im.url, user: 'ada' });
    const { id } = await room.room.create(request(), undefined);
    await until(room, id, finished);
    await manager.im.stop();
    await room.reopen();
    expect((await room.room.list()).problem).toMatchObject({ title: 'Not reachable' });
    expect(await room.room.server()).toMatchObject({ state: 'unreachable' });
    const down = await until(room, id, found => found.problem !== undefined);
    expect(down).toMatchObject({ state: 'configured', problem: { title: 'Not reachable' } });
    manager.im = await startIm({ folder: manager.im.folder, port: Number(new URL(manager.im.url).port) });
    const up = await until(room, id, found => found.problem === undefined, 60);
    expect(up.vms).toHaveLength(2);
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });

  it('a change that failed and still changed the stored template does not mislead the next one', async () => {
    room = await openRoom({ im: manager.im.url, user: 'ada' });
    const { id } = await room.room.create(request({ inputs: { wn_num: 2 } }), undefined);
    await until(room, id, finished);
    await room.room.scale(id, { count: 1 });
    await until(room, id, found => finished(found) && found.vms.length === 2);
    // As another client does it: a lower number with the old list of machines that are gone.
    const client = new ImClient({ url: manager.im.url });
    const auth = {
      im: { type: 'InfrastructureManager', username: 'ada', password: 'password-of-ada' },
      cloud: { id: 'dummy', type: 'Dummy' }
    };
    const stored = (await client.tosca(auth, id)) ?? '';
    const wrong = stored.replace(/(wn_num:\s+constraints:[\s\S]*?default: )1/, '$10');
    expect(wrong).not.toBe(stored);
    await expect(client.change(auth, id, { kind: 'tosca', text: wrong })).rejects.toMatchObject({
      problem: { status: expect.any(Number) as number }
    });
    expect(await client.tosca(auth, id)).toMatch(/wn_num:\s+constraints:[\s\S]*?default: 0/);
    client.dispose();
    await room.room.scale(id, { count: 3 });
    const now = await until(
      room,
      id,
      found => finished(found) && found.vms.length === 4 && found.state === 'configured'
    );
    expect(now.vms.map(vm => vm.id)).toEqual(['0', '1', '3', '4']);
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });

  it('a cluster that does not answer: the step fails with what is missing, and goes on when it is there', async () => {
    room = await openRoom({ im: manager.im.url, user: 'ada', local: true, options: { healthTimeout: 1500 } });
    let healthy = false;
    const real = room.local?.endpoint ?? '';
    const gate: Server = createServer((incoming, response) => {
      if (!healthy) {
        response.writeHead(503).end('starting');
        return;
      }
      fetch(real + (incoming.url ?? ''), { headers: { authorization: incoming.headers.authorization ?? '' } })
        .then(async answer =>
          response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text())
        )
        .catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
    await new Promise<void>(resolve => gate.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
    const made = await room.room.create(
      request({ register: true, endpoint, inputs: { oscar_password: PASSWORD } }),
      undefined
    );
    const failed = await until(room, made.id, found => stepsOf(found)['health'] === 'failed');
    expect(failed.problem).toMatchObject({
      title: 'The cluster does not answer',
      detail: expect.stringContaining('503') as string
    });
    expect(stepsOf(failed)).toMatchObject({ configure: 'done', register: 'waiting' });
    // A bridge that starts anew leaves a failed step failed, until somebody asks for it.
    await room.reopen();
    expect(stepsOf(await room.room.get(made.id))['health']).toBe('failed');
    healthy = true;
    await room.room.retry(made.id);
    const now = await until(room, made.id, finished);
    expect(now.cluster).toBe('my-cluster');
    expect(now.problem).toBeUndefined();
    await room.room.remove(made.id, { confirm: 'my cluster' });
    await until(room, made.id, found => found.state === 'deleted', 60);
    gate.closeAllConnections();
    gate.close();
  });
});

describe('faults of a server that is not there', () => {
  let server: Server;
  let room: IRoom;
  const states: Record<string, string> = { '0': 'configured' };
  let refusals = 0;
  let deleted = false;
  /** It takes every deletion, and the cloud refuses each. */
  let undeletable = false;

  beforeEach(async () => {
    refusals = 0;
    deleted = false;
    undeletable = false;
    server = createServer((incoming, response) => {
      const path = (incoming.url ?? '').split('?')[0];
      const json = (value: unknown, status = 200): void => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
      };
      incoming.resume();
      if (path === '/version') {
        return json({ version: '1.19.2' });
      }
      if (deleted && path.startsWith('/infrastructures/')) {
        return json({ message: 'Invalid infrastructure ID or access not granted.', code: 404 }, 404);
      }
      if (incoming.method === 'DELETE') {
        refusals++;
        if (undeletable) {
          response.writeHead(200, { 'Content-Type': 'text/plain' }).end('');
          return;
        }
        if (refusals < 3) {
          return json({ message: 'Error Destroying Inf: it is adding resources', code: 409 }, 409);
        }
        deleted = true;
        response.writeHead(200, { 'Content-Type': 'text/plain' }).end('');
        return;
      }
      if (path === '/infrastructures') {
        return json(incoming.method === 'POST' ? { uri: 'http://x/infrastructures/abc' } : { 'uri-list': [] });
      }
      const kind = path.split('/').pop() ?? '';
      const answers: Record<string, unknown> = {
        state: { state: { state: Object.values(states)[0], vm_states: states } },
        contmsg: { contmsg: '' },
        outputs: { outputs: {} },
        authorization: { authorization: ['u'] }
      };
      json(
        answers[kind] ??
          (path.includes('/vms/') ? { radl: [{ class: 'system', id: 'front' }] } : { 'uri-list': [{ uri: 'x/vms/0' }] })
      );
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    room = await openRoom({ im: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, user: 'u' });
  });
  afterEach(async () => {
    await room.close();
    server.closeAllConnections();
    server.close();
  });

  it('deletion while machines are added is asked for until it is taken', async () => {
    states['0'] = 'configured';
    const { id } = await room.room.create(request(), undefined);
    await until(room, id, finished);
    expect(await room.room.remove(id, { confirm: 'my cluster' })).toMatchObject({ state: 'deleting' });
    const waiting = await until(room, id, found => found.operation !== undefined || found.state === 'deleted');
    expect(waiting.operation ?? waiting.state).toMatch(/being added|deleted/);
    await until(room, id, found => found.state === 'deleted');
    expect(refusals).toBe(3);
  });

  it('deletion that was taken and did not happen is asked for again, then told; it can be deleted later', async () => {
    states['0'] = 'configured';
    const { id } = await room.room.create(request(), undefined);
    await until(room, id, finished);
    undeletable = true;
    await room.room.remove(id, { confirm: 'my cluster' });
    const told = await until(room, id, found => found.problem !== undefined);
    expect(told).toMatchObject({ state: 'configured', problem: { title: 'Not deleted' } });
    expect(told.problem?.detail).toMatch(/asked 3 times to delete my cluster .*one machine is still there/);
    expect(refusals).toBe(3);
    // A look at it does not make it forgotten.
    expect(await room.room.get(id)).toMatchObject({ problem: { title: 'Not deleted' } });
    undeletable = false;
    await room.room.remove(id, { confirm: 'my cluster' });
    expect((await until(room, id, found => found.state === 'deleted')).problem).toBeUndefined();
  });

  it.each([
    ['unknown', /With valid ones the state comes back/],
    ['failed', /the cloud refused/],
    ['pending', /making the machines/],
    ['stopped', /disks may go on costing/]
  ])('%s is explained', async (state, words) => {
    states['0'] = state;
    const { id } = await room.room.create(request(), undefined);
    const now = await until(room, id, found => found.state === state && found.vms.length === 1);
    expect(now.stateDetail).toMatch(words);
  });

  it('a page that shows the list is not told of other servers', async () => {
    expect(await room.room.list()).toEqual({ items: [] });
    await room.room.changeServer({ url: '' });
    expect(await room.room.server()).toMatchObject({ state: 'unset', url: '' });
    await expect(room.room.create(request(), undefined)).rejects.toMatchObject({
      problem: { title: 'No Infrastructure Manager' }
    });
  });

  it('a password does not go to another server', async () => {
    expect((await room.room.server()).authentication).toBe('password');
    await room.room.changeServer({ url: 'http://localhost:1/im' });
    expect((await room.room.server()).authentication).toBe('none');
    await expect(async () => room.room.changeServer({ url: 'http://im.example.org/im' })).rejects.toThrow(
      /show them to everybody/
    );
    await expect(async () => room.room.changeServer({ url: 'https://u:p@im.example.org' })).rejects.toThrow(/no user/);
  });
});

it('needs no server to start', async () => {
  const room = await openRoom();
  try {
    expect(await room.room.list()).toEqual({ items: [] });
    expect(room.room.running()).toBe(0);
  } finally {
    await room.close();
  }
});
