/**
 * The S3 endpoint of the local cluster against other people's servers, on one keep-alive client that signs everything ahead
 * and speaks HTTP over bare sockets, so that its own cost is small and the same for all.
 *
 * - 3,000 puts and gets of 1 kB at concurrency 1, 16 and 64; one put and one get of 1 GB; a page of 1,000 keys among 1,000
 *   and among 100,000.
 * - Peers: versitygw (posix) and rclone serve s3 (local), both built by `go install` through the module proxy into a
 *   temporary folder, or taken from BENCH_S3_PEERS; moto's server when the .venv has it. What cannot be had is named on stderr.
 *
 * Durability: ours, versitygw and rclone answer without flushing: an acknowledged object survives a killed process; after a
 * power cut the last seconds may be missing. Ours with durability "power" flushes file, folder and index before the answer
 * and has a row of its own. moto keeps everything in memory.
 *
 * The gets read what was put a moment before: from the page cache with the Go servers, ours without opening the file again
 * (local-cluster/s3/recent.ts). moto closes each connection after its answer.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection, many, one as ask, signed as sign } from './lib/s3-client.mjs';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SMALL = Number(process.env.BENCH_S3_SMALL ?? 3000);
const LARGE = Number(process.env.BENCH_S3_MB ?? 1024) * 2 ** 20;
const RUNS = Number(process.env.BENCH_S3_RUNS ?? 3);
const MANY = Number(process.env.BENCH_S3_KEYS ?? 100_000);
const ONLY = process.env.BENCH_S3_ONLY?.split(',');
const ACCESS = 'benchkey';
const SECRET = 'bench-secret-key';
const REGION = 'us-east-1';
const CREDENTIALS = { access: ACCESS, secret: SECRET, region: REGION };
const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-s3-'));
const children = [];
const note = line => process.stderr.write(`${line}\n`);
const wanted = name => ONLY === undefined || ONLY.includes(name);
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const signed = (...request) => sign(CREDENTIALS, ...request);
const one = (...request) => ask(CREDENTIALS, ...request);
const seconds = began => Number(process.hrtime.bigint() - began) / 1e9;

process.on('exit', () => {
  children.forEach(child => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});

/** Megabytes a second up and down, with a body that is made on the fly. */
async function large(port, path) {
  const block = Buffer.alloc(2 ** 20);
  for (let at = 0; at < block.length; at += 4) {
    block.writeUInt32LE((at * 2654435761) >>> 0, at);
  }
  const up = new Connection(port);
  let began = process.hrtime.bigint();
  const answer = up.send(signed(port, 'PUT', path, undefined, { unsigned: true, length: LARGE }), true);
  let failed;
  answer.catch(error => (failed = error));
  for (let sent = 0; sent < LARGE && failed === undefined; sent += block.length) {
    if (!up.socket.write(block)) {
      await new Promise(resolve => up.socket.once('drain', resolve));
    }
  }
  const { status, body } = await answer;
  if (status >= 300) {
    throw new Error(`1 GB: ${status} ${body.slice(0, 200)}`);
  }
  const put = LARGE / 2 ** 20 / seconds(began);
  up.socket.destroy();
  const down = new Connection(port);
  began = process.hrtime.bigint();
  const { bytes } = await down.send(signed(port, 'GET', path));
  const get = bytes / 2 ** 20 / seconds(began);
  down.socket.destroy();
  if (bytes < LARGE) {
    throw new Error(`Only ${bytes} bytes came back.`);
  }
  return { put, get };
}

// The servers --------------------------------------------------------------------------------------------------------------

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

async function start(command, args, port, env = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let problems = '';
  child.stderr.on('data', chunk => (problems = (problems + chunk).slice(-2000)));
  children.push(child);
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) {
      throw new Error(`${command} ended: ${problems}`);
    }
    const open = await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => socket.destroy() && resolve(true));
      socket.on('error', () => resolve(false));
    });
    if (open) {
      return { port, pid: child.pid, stop: () => child.kill('SIGKILL') };
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`${command} did not listen: ${problems}`);
}

const bundle = join(folder, 's3.cjs');
require('esbuild').buildSync({
  entryPoints: [join(ROOT, 'backend-bridge/src/local-cluster/s3/index.ts')],
  bundle: true,
  platform: 'node',
  target: 'node24',
  outfile: bundle
});
const program = join(folder, 'serve.cjs');
writeFileSync(
  program,
  `const { ObjectStore, createS3Server } = require('./s3.cjs');
const [, , folder, port, durability] = process.argv;
createS3Server({ store: new ObjectStore({ folder, durability }), region: '${REGION}',
  accounts: { lookup: key => key === '${ACCESS}' ? { secretKey: '${SECRET}', principal: key, admin: true } : undefined }
}).listen(Number(port), '127.0.0.1');`
);

async function ours(data, durability = 'process') {
  const port = await freePort();
  return start(process.execPath, [program, data, String(port), durability], port);
}

function goPeer(name, module) {
  const given = process.env.BENCH_S3_PEERS;
  if (given !== undefined && existsSync(join(given, name))) {
    return join(given, name);
  }
  note(`building ${name} …`);
  const built = spawnSync('go', ['install', module], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'pipe']
  });
  if (built.status !== 0) {
    note(`SKIPPED: ${name} could not be built: ${String(built.stderr ?? built.error).slice(-300)}`);
    return undefined;
  }
  return join(folder, name);
}

const peers = {};
const versitygw = wanted('versitygw')
  ? goPeer('versitygw', 'github.com/versity/versitygw/cmd/versitygw@latest')
  : undefined;
if (versitygw !== undefined) {
  peers.versitygw = async data => {
    const port = await freePort();
    mkdirSync(data, { recursive: true });
    return start(versitygw, ['--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`, 'posix', data], port, {
      ROOT_ACCESS_KEY_ID: ACCESS,
      ROOT_SECRET_ACCESS_KEY: SECRET
    });
  };
}
const rclone = wanted('rclone') ? goPeer('rclone', 'github.com/rclone/rclone@latest') : undefined;
if (rclone !== undefined) {
  peers.rclone = async data => {
    const port = await freePort();
    mkdirSync(data, { recursive: true });
    return start(rclone, ['serve', 's3', '--addr', `127.0.0.1:${port}`, '--vfs-cache-mode', 'off', data], port, {
      RCLONE_AUTH_KEY: `"${ACCESS},${SECRET}"`,
      RCLONE_CONFIG: join(folder, 'rclone.conf')
    });
  };
}
const python = join(ROOT, '.venv/bin/python');
if (wanted('moto') && spawnSync(python, ['-c', 'import moto.server']).status === 0) {
  peers.moto = async () => {
    const port = await freePort();
    return start(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], port);
  };
} else if (wanted('moto')) {
  note('SKIPPED: moto, the .venv does not have it.');
}

// The rows -----------------------------------------------------------------------------------------------------------------

const results = {};
const keep = (server, name, value) => ((results[server] ??= {})[name] ??= []).push(value);

function memory(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** Small objects on all servers in turn, so that what else the machine does meets all of them. */
async function measureSmall(started) {
  const body = Buffer.alloc(1024, 'x');
  for (let run = 0; run < RUNS; run++) {
    for (const level of [1, 16, 64]) {
      for (const [name, server] of started) {
        if (level !== 16 && (name === 'moto' || name === 'power')) {
          continue;
        }
        const keys = Array.from({ length: SMALL }, (_, n) => `/bench/c${level}-r${run}-${n}`);
        const rate = requests => many(server.port, requests, level);
        keep(name, `put${level}`, await rate(keys.map(key => signed(server.port, 'PUT', key, body))));
        keep(name, `get${level}`, await rate(keys.map(key => signed(server.port, 'GET', key))));
      }
    }
  }
}

async function measureLarge(name, server) {
  const before = memory(server.pid);
  for (let run = 0; run < Math.min(RUNS, 2); run++) {
    const { put, get } = await large(server.port, '/bench/large');
    keep(name, 'largePut', put);
    keep(name, 'largeGet', get);
  }
  keep(name, 'memory', (memory(server.pid) ?? 0) - (before ?? 0));
}

/** Milliseconds of a page of 1,000 keys in the middle. */
async function page(name, count, startServer, fill) {
  const data = join(folder, `list-${name}-${count}`);
  await fill(data, count);
  const server = await startServer(data);
  const middle = `k${String(Math.floor(count / 2) - (count > 1000 ? 0 : 500)).padStart(7, '0')}`;
  for (let n = 0; n < 15; n++) {
    const connection = new Connection(server.port);
    const began = process.hrtime.bigint();
    const query =
      count > 1000
        ? `list-type=2&max-keys=1000&start-after=${middle}`.split('&').sort().join('&')
        : 'list-type=2&max-keys=1000';
    const { status, body } = await connection.send(signed(server.port, 'GET', `/bench?${query}`), true);
    const took = seconds(began) * 1000;
    connection.socket.destroy();
    const found = body.split('<Key>').length - 1;
    if (status !== 200 || (found !== 1000 && name === 'ours')) {
      throw new Error(`A page of ${found} keys: ${status} ${body.slice(0, 200)}`);
    }
    keep(name, `page${count}`, took);
  }
  server.stop();
}

async function fillOurs(data, count) {
  const { ObjectStore } = require(bundle);
  const store = new ObjectStore({ folder: data });
  await store.createBucket('bench');
  for (let n = 0; n < count; n++) {
    await store.put('bench', `k${String(n).padStart(7, '0')}`, Buffer.from('x'));
  }
  await store.close();
}

async function fillFolder(data, count) {
  mkdirSync(join(data, 'bench'), { recursive: true });
  for (let n = 0; n < count; n++) {
    writeFileSync(join(data, 'bench', `k${String(n).padStart(7, '0')}`), 'x');
  }
}

const servers = Object.entries(peers);
if (wanted('small') || ONLY === undefined || ONLY.some(name => name in peers)) {
  const started = new Map();
  const all = [
    ['ours', ours],
    ...(ONLY === undefined || wanted('power') ? [['power', data => ours(data, 'power')]] : []),
    ...servers
  ];
  for (const [name, startServer] of all) {
    const server = await startServer(join(folder, `data-${name}`));
    await one(server.port, 'PUT', '/bench');
    started.set(name, server);
  }
  await measureSmall(started);
  for (const [name, server] of started) {
    if (LARGE > 0 && name !== 'moto' && name !== 'power') {
      note(`1 GB with ${name} …`);
      try {
        await measureLarge(name, server);
      } catch (error) {
        note(`${name} did not get through 1 GB: ${error.message}`);
      }
    }
    server.stop();
  }
}
const spread = values => `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;

/** `ratio` above 1 is always in our favour. */
function row(name, metric, against, { aim, least, lower = false, of = 'ours' }) {
  const own = results[of]?.[metric];
  const theirs = results[against]?.[metric];
  if (own === undefined || (theirs === undefined && against !== '')) {
    return;
  }
  const mine = median(own);
  const other = theirs === undefined ? undefined : median(theirs);
  const ratio = other === undefined ? undefined : lower ? other / mine : mine / other;
  const met = least === undefined ? undefined : ratio === undefined ? mine <= least : ratio >= least;
  console.log(
    JSON.stringify({
      name,
      against,
      ours: Number(mine.toFixed(1)),
      ...(other === undefined ? {} : { theirs: Number(other.toFixed(1)), ratio: Number(ratio.toFixed(2)) }),
      runs: own.length,
      spread: spread(own),
      aim,
      ...(met === undefined ? {} : { met })
    })
  );
}

for (const [against] of servers) {
  for (const level of [1, 16, 64]) {
    for (const what of ['put', 'get']) {
      row(`S3 ${what} 1 kB, ${level} at once, requests/s`, `${what}${level}`, against, { aim: '≥ 1×', least: 1 });
    }
  }
  row('S3 put 1 GB, MB/s', 'largePut', against, { aim: '≥ 0.7×', least: 0.7 });
  row('S3 get 1 GB, MB/s', 'largeGet', against, { aim: '≥ 0.7×', least: 0.7 });
}
row('S3 put 1 kB flushed (durability power), 16 at once, requests/s', 'put16', 'versitygw', {
  aim: 'stated',
  of: 'power'
});
row('S3 memory more for 1 GB up and down, MB', 'memory', '', { aim: '≤ 64 MB', least: 64 });

if (ONLY === undefined || wanted('page')) {
  for (const count of [1000, MANY]) {
    await page('ours', count, ours, fillOurs);
    for (const [name, startServer] of servers.filter(([name]) => name !== 'moto')) {
      await page(name, count, startServer, fillFolder);
    }
  }
}

for (const [against] of servers) {
  row('S3 page of 1,000 among 1,000, ms', 'page1000', against, { aim: '', lower: true });
  row(`S3 page of 1,000 among ${MANY.toLocaleString('en')}, ms`, `page${MANY}`, against, { aim: '', lower: true });
}
row('S3 page of 1,000 among 1,000, ms', 'page1000', '', { aim: '≤ 20 ms', least: 20 });
row(`S3 page of 1,000 among ${MANY.toLocaleString('en')}, ms`, `page${MANY}`, '', { aim: '≤ 20 ms', least: 20 });
process.exit(0);
