import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, call, cleanUp, openEvents, SECRET, start, temporaryFolder, until } from './harness';

afterEach(cleanUp);

const version = (JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string })
  .version;

test('prints its version', () => {
  expect(execFileSync(process.execPath, [bundle(), '--version'], { encoding: 'utf8' })).toBe(`${version}\n`);
});

test('wrong arguments end with 2 and the usage', () => {
  let status: number | undefined;
  let stderr = '';
  try {
    execFileSync(process.execPath, [bundle(), '--nonsense'], { stdio: 'pipe' });
  } catch (error) {
    ({ status } = error as { status: number });
    stderr = String((error as { stderr: Buffer }).stderr);
  }
  expect(status).toBe(2);
  expect(stderr).toContain('usage');
});

test('answers the handshake, then its status', async () => {
  const bridge = await start();
  expect(bridge.answer).toEqual({
    ready: true,
    version,
    pid: bridge.child.pid,
    boot: expect.stringMatching(/^[0-9a-f]{12}$/)
  });
  const status = await bridge.call('/v1/status');
  expect(status.status).toBe(200);
  expect(status.json()).toMatchObject({
    version,
    node: process.version,
    pid: bridge.child.pid,
    data: bridge.data,
    running: 0,
    clusters: []
  });
  expect(await bridge.stop()).toBe(0);
});

test.each([
  ['no JSON', 'not json', 'is not JSON'],
  ['a list', '[]', 'The handshake is a list'],
  ['no secret', JSON.stringify({ socket: '/tmp/x', data: '/tmp/x' }), '`secret` is missing'],
  ['a short secret', JSON.stringify({ socket: '/tmp/x', data: '/tmp/x', secret: 'short' }), '`secret` must have'],
  [
    'a relative folder',
    JSON.stringify({ socket: '/tmp/x', data: 'x', secret: SECRET }),
    '`data` must be an absolute path'
  ],
  ['no place to listen', JSON.stringify({ data: '/tmp/x', secret: SECRET }), 'either `fd` or `socket`'],
  [
    'two places to listen',
    JSON.stringify({ data: '/tmp/x', socket: '/tmp/x', fd: 3, secret: SECRET }),
    'either `fd` or `socket`'
  ],
  ['a wrong type', JSON.stringify({ data: '/tmp/x', socket: 7, secret: SECRET }), '`socket` is 7: write a text']
])('a handshake with %s is refused with the reason', async (_name, line, reason) => {
  const bridge = await start({ line });
  expect(bridge.answer).toMatchObject({
    ready: false,
    problem: { status: expect.any(Number), detail: expect.stringContaining(reason) }
  });
  expect(await bridge.ended).toBe(1);
  expect(bridge.log() + JSON.stringify(bridge.answer)).not.toContain(SECRET);
});

test('an unwritable data folder is said so', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  // A file where the folder should be fails for root too, unlike missing rights.
  const bridge = await start({ folder, handshake: { data: join(file, 'data') } });
  expect(bridge.answer).toMatchObject({
    ready: false,
    problem: {
      type: 'urn:jupyterlab-oscar:problem:data-folder',
      action: expect.stringContaining('JUPYTERLAB_OSCAR_DATA')
    }
  });
  expect(await bridge.ended).toBe(1);
});

test('folders are 0700, socket and files 0600, also when they were open before', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'data'));
  chmodSync(join(folder, 'data'), 0o777);
  const bridge = await start({ folder });
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect(mode(bridge.data)).toBe('700');
  expect(mode(join(bridge.data, 'bridge'))).toBe('700');
  expect(mode(join(bridge.data, 'bridge', 'uploads'))).toBe('700');
  expect(mode(bridge.socket)).toBe('600');
  expect(mode(join(bridge.data, 'bridge', 'operations.db'))).toBe('600');
});

test('a socket that a dead bridge left is replaced, a live one is not', async () => {
  const folder = temporaryFolder();
  const first = await start({ folder });
  const second = await start({ folder });
  expect(second.answer).toMatchObject({
    ready: false,
    problem: { type: 'urn:jupyterlab-oscar:problem:listen', detail: expect.stringContaining('Another bridge') }
  });
  expect(await first.kill('SIGKILL')).toBe('SIGKILL');
  expect(existsSync(first.socket)).toBe(true);
  const third = await start({ folder });
  expect(third.answer).toMatchObject({ ready: true });
  expect((await third.call('/v1/status')).status).toBe(200);
});

test('listens on a descriptor that it inherits', async () => {
  const folder = temporaryFolder();
  const socket = join(folder, 'inherited');
  // Stands for the Jupyter server: listens, hands the descriptor on, and is stopped so that it takes no connection itself.
  const owner = (file: string): [string, string[]] => [
    process.execPath,
    [
      '-e',
      `
    const { spawn } = require('node:child_process');
    const server = require('node:net').createServer();
    server.listen(${JSON.stringify(socket)}, () => {
      const child = spawn(process.execPath, [${JSON.stringify(file)}], { stdio: ['pipe', 'inherit', 'inherit', server._handle.fd] });
      process.stdin.on('data', chunk => child.stdin.write(chunk));
    });
  `
    ]
  ];
  const bridge = await start({
    folder,
    command: owner,
    line: JSON.stringify({ fd: 3, secret: SECRET, data: join(folder, 'data'), localCluster: { enabled: false } })
  });
  expect(bridge.answer).toMatchObject({ ready: true });
  bridge.child.kill('SIGSTOP');
  for (let count = 0; count < 5; count++) {
    expect((await call(socket, '/v1/status')).json()).toMatchObject({ pid: bridge.answer['pid'] });
  }
});

test('two bridges share a data folder', async () => {
  const folder = temporaryFolder();
  const other = temporaryFolder();
  const first = await start({ folder });
  const second = await start({ folder: other, handshake: { data: first.data } });
  expect(second.answer).toMatchObject({ ready: true });
  const upload = (await first.call('/v1/uploads', { json: { name: 'a', size: 3 } })).json<{ id: string }>();
  expect((await second.call(`/v1/uploads/${upload.id}?offset=0`, { method: 'PUT', body: 'abc' })).status).toBe(200);
  expect((await first.call(`/v1/uploads/${upload.id}`)).json()).toMatchObject({ received: 3 });
  expect(await first.stop()).toBe(0);
  expect((await second.call('/v1/status')).status).toBe(200);
  // Killed, it leaves no lock behind.
  await second.kill('SIGKILL');
  const third = await start({ folder });
  expect(third.answer).toMatchObject({ ready: true });
  expect(existsSync(join(third.data, 'bridge', 'second-2'))).toBe(false);
});

describe('the end', () => {
  test('of stdin ends it: the lifeline', async () => {
    const bridge = await start();
    bridge.child.stdin.end();
    expect(await bridge.ended).toBe(0);
    expect(existsSync(bridge.socket)).toBe(false);
  });

  test('of the process that started it, killed, ends it', async () => {
    // A shell stands for the Jupyter server: it holds the pipe, and is killed with it.
    const bridge = await start({
      command: file => [
        process.execPath,
        [
          '-e',
          `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(file)}], { stdio: ['pipe', 'inherit', 'inherit'] });
      process.stdin.on('data', chunk => child.stdin.write(chunk));
    `
        ]
      ]
    });
    const { pid } = bridge.answer as { pid: number };
    expect(pid).not.toBe(bridge.child.pid);
    bridge.child.kill('SIGKILL');
    await until('the bridge to end', () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('by %s is orderly, with an event stream open', async signal => {
    const bridge = await start();
    const events = await openEvents(bridge.socket);
    await events.next(event => event.type === 'hello');
    expect(await bridge.kill(signal)).toBe(0);
    await events.ended;
    expect(events.events.some(event => event.type === 'bye')).toBe(false);
  });

  test('by idleness says bye, and an open stream alone is not use', async () => {
    const bridge = await start({ handshake: { idleSeconds: 0.3 } });
    const events = await openEvents(bridge.socket);
    await events.next(event => event.type === 'bye');
    expect(await bridge.ended).toBe(0);
  });

  test('does not come by idleness while calls are made', async () => {
    const bridge = await start({ handshake: { idleSeconds: 0.6 } });
    for (const began = Date.now(); Date.now() - began < 1500;) {
      expect((await bridge.call('/v1/status')).status).toBe(200);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    // Who only looks whether something runs does not keep it.
    const monitor = setInterval(
      () => void call(bridge.socket, '/v1/status', { headers: { 'x-oscar-client': 'monitor' } }).catch(() => undefined),
      100
    );
    expect(await bridge.ended).toBe(0);
    clearInterval(monitor);
  });

  test('of a detached one does not come with stdin, and takes its connection file away', async () => {
    const folder = temporaryFolder();
    const connectionFile = join(folder, 'connection.json');
    writeFileSync(connectionFile, '{}');
    const bridge = await start({ folder, handshake: { detached: true, connectionFile, idleSeconds: 1 } });
    bridge.child.stdin.end();
    expect((await bridge.call('/v1/status')).status).toBe(200);
    expect(existsSync(connectionFile)).toBe(true);
    expect(await bridge.ended).toBe(0);
    expect(existsSync(connectionFile)).toBe(false);
  });
});
