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
import { createHash, createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-s3-'));
const children = [];
const note = line => process.stderr.write(`${line}\n`);
const wanted = name => ONLY === undefined || ONLY.includes(name);
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const seconds = began => Number(process.hrtime.bigint() - began) / 1e9;

process.on('exit', () => {
  children.forEach(child => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});

// The client ---------------------------------------------------------------------------------------------------------------

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

function signed(port, method, path, body, { unsigned = false, length } = {}) {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const payload = unsigned
    ? 'UNSIGNED-PAYLOAD'
    : createHash('sha256')
        .update(body ?? '')
        .digest('hex');
  const [rawPath, query = ''] = path.split('?');
  const host = `127.0.0.1:${port}`;
  const canonical = `${method}\n${rawPath}\n${query}\nhost:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${date}\n\nhost;x-amz-content-sha256;x-amz-date\n${payload}`;
  const scope = `${day}/${REGION}/s3/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${SECRET}`, day), REGION), 's3'), 'aws4_request');
  const signature = hmac(
    key,
    `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  ).toString('hex');
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nx-amz-date: ${date}\r\nx-amz-content-sha256: ${payload}\r\n` +
    `Authorization: AWS4-HMAC-SHA256 Credential=${ACCESS}/${scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}\r\n` +
    (method === 'PUT' ? `Content-Length: ${length ?? body?.length ?? 0}\r\n` : '') +
    '\r\n';
  return Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)]);
}

/** One connection; reads answers with a Content-Length or in chunks, one at a time. */
class Connection {
  constructor(port) {
    this.port = port;
    this.open();
    this.reset();
  }

  open() {
    const socket = connect(this.port, '127.0.0.1').setNoDelay(true);
    this.socket = socket;
    // What an old connection still has to say is not about the request on the new one.
    const fail = error => this.socket === socket && this.reject?.(error);
    socket.on('data', chunk => this.socket === socket && this.take(chunk));
    socket.on('error', fail);
    socket.on('close', () => {
      socket.gone = true;
      fail(new Error('The server closed the connection.'));
    });
  }

  reset() {
    this.head = undefined;
    this.pieces = [];
    this.got = 0;
  }

  send(bytes, keep = false) {
    this.keep = keep;
    if (this.socket.gone || this.last) {
      // A server that keeps no connection alive (moto's) is asked on a new one.
      this.socket.destroy();
      this.open();
    }
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.socket.write(bytes);
    });
  }

  take(chunk) {
    if (this.head === undefined) {
      this.pieces.push(chunk);
      const all = this.pieces.length === 1 ? chunk : Buffer.concat(this.pieces);
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) {
        this.pieces = [all];
        return;
      }
      this.head = all.toString('latin1', 0, end + 2);
      this.status = Number(this.head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.head);
      this.last = /^HTTP\/1\.0|\r\nconnection: *close/i.test(this.head);
      this.chunked = length === null && /\r\ntransfer-encoding: *chunked/i.test(this.head);
      this.left = length === null ? 0 : Number(length[1]);
      this.pieces = [];
      chunk = all.subarray(end + 4);
    }
    this.got += chunk.length;
    if (this.keep || this.chunked) {
      this.pieces.push(chunk);
    }
    const done = this.chunked
      ? Buffer.concat(this.pieces.slice(-2)).includes('\r\n0\r\n\r\n') || chunk.equals(Buffer.from('0\r\n\r\n'))
      : this.got >= this.left;
    if (done) {
      const answer = {
        status: this.status,
        bytes: this.got,
        body: this.keep ? Buffer.concat(this.pieces).toString() : ''
      };
      const { resolve } = this;
      this.reject = undefined;
      this.reset();
      resolve(answer);
    }
  }
}

async function one(port, method, path, body, options) {
  const connection = new Connection(port);
  const answer = await connection.send(signed(port, method, path, body, options), true);
  connection.socket.destroy();
  if (answer.status >= 300) {
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
  }
  return answer;
}

/** Requests a second. */
async function many(port, requests, concurrency) {
  const connections = Array.from({ length: concurrency }, () => new Connection(port));
  let next = 0;
  const began = process.hrtime.bigint();
  await Promise.all(
    connections.map(async connection => {
      while (next < requests.length) {
        const { status } = await connection.send(requests[next++]);
        if (status >= 300) {
          throw new Error(`A request was answered with ${status}.`);
        }
      }
    })
  );
  const rate = requests.length / seconds(began);
  connections.forEach(connection => connection.socket.destroy());
  return rate;
}

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

async function measure(name, startServer, { levels = [1, 16, 64], big = true } = {}) {
  const body = Buffer.alloc(1024, 'x');
  const server = await startServer(join(folder, `data-${name}`));
  await one(server.port, 'PUT', '/bench');
  for (let run = 0; run < RUNS; run++) {
    for (const level of levels) {
      const keys = Array.from({ length: SMALL }, (_, n) => `/bench/c${level}-r${run}-${n}`);
      keep(
        name,
        `put${level}`,
        await many(
          server.port,
          keys.map(key => signed(server.port, 'PUT', key, body)),
          level
        )
      );
      keep(
        name,
        `get${level}`,
        await many(
          server.port,
          keys.map(key => signed(server.port, 'GET', key)),
          level
        )
      );
    }
  }
  if (big && LARGE > 0) {
    const before = memory(server.pid);
    for (let run = 0; run < Math.min(RUNS, 2); run++) {
      const { put, get } = await large(server.port, '/bench/large');
      keep(name, 'largePut', put);
      keep(name, 'largeGet', get);
    }
    keep(name, 'memory', (memory(server.pid) ?? 0) - (before ?? 0));
  }
  server.stop();
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
  await measure('ours', ours);
  if (ONLY === undefined || wanted('power')) {
    await measure('power', data => ours(data, 'power'), { levels: [16], big: false });
  }
  for (const [name, startServer] of servers) {
    note(`measuring ${name} …`);
    try {
      await measure(name, startServer, name === 'moto' ? { levels: [16], big: false } : {});
    } catch (error) {
      note(`${name} did not get through all of it: ${error.message}`);
    }
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
