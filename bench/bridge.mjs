/**
 * Start and size of the bridge, with its local cluster, against a bare Node of the same version.
 *
 * - cold start: from the start of the process to the first answer of `GET /v1/status`; bare Node: an HTTP server on a socket
 *   of the same kind, to its first answer. The disk is warm, the process is not.
 * - memory: resident set, idle, some seconds after the local cluster is ready; bare Node: waiting in its event loop.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BRIDGE, emit, median, ms, spread } from './lib/cluster.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11);
const SECRET = 'a-secret-of-the-benchmark-0123456789';
const SETTLE = 3000;
const BARE = `
const { createServer } = require('node:http');
createServer((request, response) => response.end('{}')).listen(process.argv[1]);
process.stdin.resume().on('end', () => process.exit());
`;

function get(socketPath, path) {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path, agent: false, headers: { authorization: `Bearer ${SECRET}` } },
      response => {
        let body = '';
        response.on('data', chunk => (body += chunk)).on('end', () => resolve({ status: response.statusCode, body }));
      }
    );
    call.once('error', reject).end();
  });
}

/** The first answer, asked for again and again until it comes. */
async function answer(socketPath, path) {
  for (;;) {
    if (existsSync(socketPath)) {
      try {
        return await get(socketPath, path);
      } catch (error) {
        if (!['ECONNREFUSED', 'ENOENT'].includes(error.code)) {
          throw error;
        }
      }
    }
    await delay(1);
  }
}

async function measure(args, handshake, path) {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-'));
  const socket = join(folder, 's');
  const began = process.hrtime.bigint();
  const child = spawn(process.execPath, args(socket), { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise(resolve => child.once('close', resolve));
  child.stdin.write(`${JSON.stringify(handshake(folder, socket))}\n`);
  const { status } = await answer(socket, path);
  const took = ms(began);
  if (status !== 200) {
    throw new Error(`answered with ${status}`);
  }
  return {
    took,
    socket,
    pid: child.pid,
    end: async () => {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const bridge = local =>
  measure(
    () => [BRIDGE],
    (folder, socket) => ({
      socket,
      secret: SECRET,
      data: join(folder, 'data'),
      localCluster: { enabled: local, runtime: 'process' }
    }),
    '/v1/status'
  );
const bare = () =>
  measure(
    socket => ['-e', BARE, socket],
    () => ({}),
    '/'
  );
const resident = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

// Cold start ---------------------------------------------------------------------------------------------------------------
const ours = [];
const theirs = [];
for (let round = 0; round < ROUNDS; round++) {
  const one = await bridge(true);
  ours.push(one.took);
  await one.end();
  const other = await bare();
  theirs.push(other.took);
  await other.end();
}
emit({
  name: 'bridge: cold start to first answer (ms)',
  against: 'bare Node, HTTP server',
  ours: median(ours),
  theirs: median(theirs),
  ratio: median(ours) / median(theirs),
  runs: ROUNDS,
  spread: spread(ours),
  aim: '≤ 300 ms',
  met: median(ours) <= 300
});

// Memory -------------------------------------------------------------------------------------------------------------------
const sizes = [];
const bareSizes = [];
for (let round = 0; round < 3; round++) {
  const one = await bridge(true);
  for (let state = 'starting'; state === 'starting';) {
    await delay(100);
    state = JSON.parse((await get(one.socket, '/v1/clusters/local')).body).state;
  }
  await delay(SETTLE);
  sizes.push(resident(one.pid));
  await one.end();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  await delay(1000);
  bareSizes.push(resident(other.pid));
  other.kill();
}
emit({
  name: 'bridge: resident memory, idle, with local cluster (MB)',
  against: 'bare Node',
  ours: median(sizes),
  theirs: median(bareSizes),
  ratio: median(sizes) / median(bareSizes),
  runs: sizes.length,
  spread: spread(sizes),
  aim: '≤ 2.5×',
  met: median(sizes) <= 2.5 * median(bareSizes)
});
