/** What the benchmarks share: an embedded cluster alone with temporary data, a keep-alive client for it, medians. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Connection, many, signed } from './s3-client.mjs';

/** The bundle that is measured: BENCH_BRIDGE, to hold another build against this one. */
export const BRIDGE =
  process.env.BENCH_BRIDGE ?? fileURLToPath(new URL('../../jupyterlab_oscar/bridge/bridge.cjs', import.meta.url));
export const ms = began => Number(process.hrtime.bigint() - began) / 1e6;
export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const spread = values => `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;
export const emit = row => console.log(JSON.stringify(row));

/** User and system time of a process and of all its ended and living descendants, in ms (Linux: ticks of 10 ms). */
export function processTreeCpu(pid) {
  const stats = new Map();
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry)) {
      try {
        const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        stats.set(Number(entry), {
          parent: Number(fields[1]),
          own: Number(fields[11]) + Number(fields[12]),
          children: Number(fields[13]) + Number(fields[14])
        });
      } catch {
        // It ended while we looked.
      }
    }
  }
  const sum = id => {
    const stat = stats.get(id);
    let ticks = stat ? stat.own + stat.children : 0;
    for (const [child, { parent }] of stats) {
      ticks += parent === id ? sum(child) : 0;
    }
    return ticks;
  };
  return sum(pid) * 10;
}

/** Starts `serve` on temporary data and answers what a benchmark needs of it. */
export async function serveCluster(options = {}) {
  const data = mkdtempSync(join(tmpdir(), 'oscar-bench-data-'));
  const child = spawn(process.execPath, [BRIDGE, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(`${JSON.stringify({ data, runtime: 'process', ...options })}\n`);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = JSON.parse((await lines.next()).value);
  // Not kept longer than the server keeps it.
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 2000 });
  const authorization = `Basic ${Buffer.from(`${ready.user}:${ready.password}`).toString('base64')}`;
  // What measures runs on the same cores as what is measured: its client is a light one.
  const port = Number(new URL(ready.s3.endpoint).port);
  const credentials = { access: ready.s3.access_key, secret: ready.s3.secret_key, region: ready.s3.region };
  const sign = (method, path, body) => signed(credentials, port, method, path, body);
  const connection = new Connection(port);
  let turn = Promise.resolve();
  /** One request after the other, on one connection. */
  const s3 = (method, path, body) => {
    const answer = turn.then(() => connection.send(sign(method, path, body), true));
    turn = answer.catch(() => undefined);
    return answer;
  };
  const need = async (method, path, body) => {
    const answer = await s3(method, path, body);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
    }
    return answer;
  };

  const call = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const message = request(
        new URL(path, ready.endpoint),
        { method, agent, headers: { authorization, 'content-type': 'application/json', ...headers } },
        answer => {
          const chunks = [];
          answer
            .on('data', chunk => chunks.push(chunk))
            .on('end', () =>
              resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) })
            );
        }
      );
      message.on('error', reject).end(body);
    });

  const exists = async (bucket, key) => {
    const { status, body } = await s3('GET', `/${bucket}/${key}`);
    if (status !== 200 && status !== 404) {
      throw new Error(`${bucket}/${key}: ${status} ${body.slice(0, 300)}`);
    }
    return status === 200;
  };

  const count = async (bucket, prefix) => {
    let total = 0;
    let after = '';
    do {
      const query = `${after === '' ? '' : `continuation-token=${encodeURIComponent(after)}&`}list-type=2&prefix=${encodeURIComponent(prefix)}`;
      const { body } = await need('GET', `/${bucket}?${query}`);
      total += [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].filter(([, key]) => !key.endsWith('/')).length;
      after = /<NextContinuationToken>([^<]*)</.exec(body)?.[1] ?? '';
    } while (after !== '');
    return total;
  };

  const put = (bucket, key, body) => need('PUT', `/${bucket}/${key}`, body);

  return {
    ...ready,
    pid: child.pid,
    call,
    put,
    create: async (name, script, extra = {}) => {
      const definition = {
        name,
        image: 'none',
        script,
        log_level: 'CRITICAL',
        cpu: '0.1',
        memory: '128Mi',
        input: [{ storage_provider: 'minio.default', path: `${name}/in` }],
        output: [{ storage_provider: 'minio.default', path: `${name}/out` }],
        annotations: { 'jupyterlab-oscar/runtime': 'process' },
        ...extra
      };
      const answer = await call('POST', '/system/services', JSON.stringify(definition));
      if (answer.status !== 201) {
        throw new Error(`${answer.status}: ${answer.body}`);
      }
    },
    until: async (bucket, key) => {
      for (const began = Date.now(); !(await exists(bucket, key));) {
        if (Date.now() - began > 60_000) {
          throw new Error(`${bucket}/${key} did not appear within a minute.`);
        }
        await new Promise(resolve => setTimeout(resolve, 2));
      }
    },
    putMany: (bucket, files, body) =>
      many(
        port,
        Array.from({ length: files }, (_, index) => sign('PUT', `/${bucket}/in/f${index}`, body)),
        16
      ),
    untilCount: async (bucket, prefix, files) => {
      for (const began = Date.now(); (await count(bucket, prefix)) < files;) {
        if (Date.now() - began > 600_000) {
          throw new Error(`${bucket}/${prefix} has not got ${files} objects within ten minutes.`);
        }
        await new Promise(resolve => setTimeout(resolve, 250));
      }
    },
    stop: async () => {
      agent.destroy();
      connection.socket.destroy();
      child.kill('SIGTERM');
      await new Promise(resolve => child.on('close', resolve));
      rmSync(data, { recursive: true, force: true });
    }
  };
}
