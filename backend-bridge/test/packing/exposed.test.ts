import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packService } from '../../src/pipelines/packing';
import { freePort } from '../free-port';

const CELL = `
calls = 0

def handler(body, path, query):
    global calls
    calls += 1
    if path == "/text":
        return body.decode().upper()
    if path == "/bytes":
        return b"\\x00\\xff"
    if path == "/wrong":
        raise ValueError("give a number")
    if path == "/broken":
        return {}["x"]
    return {"n": len(body), "query": query, "calls": calls}
`;

let folder: string;
let child: ChildProcess | undefined;
let base: string;
let log = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-pack-'));
  const packed = packService({ name: 'web', text: CELL, language: 'python', mode: 'exposed' });
  writeFileSync(join(folder, 'script.sh'), packed.files[1].text);
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  child = spawn('/bin/sh', [join(folder, 'script.sh')], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder, OSCAR_EXPOSED_PORT: String(port) }
  });
  child.stdout?.on('data', (data: Buffer) => (log += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (log += data.toString()));
  for (;;) {
    try {
      expect(await (await fetch(`${base}/health`)).text()).toBe('ok');
      return;
    } catch (error) {
      if (child.exitCode !== null || (error as Error).name !== 'TypeError') {
        throw new Error(`it ended: ${log}`, { cause: error });
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
});
afterAll(async () => {
  if (child && child.exitCode === null) {
    const ended = new Promise(resolve => child?.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('each kind of answer', async () => {
  const text = await fetch(`${base}/text`, { method: 'POST', body: 'abc' });
  expect([await text.text(), text.headers.get('content-type')]).toEqual(['ABC', 'text/plain; charset=utf-8']);
  const bytes = await fetch(`${base}/bytes`);
  expect(Buffer.from(await bytes.arrayBuffer())).toEqual(Buffer.from([0, 255]));
  const json = await fetch(`${base}/any?a=1&b=`, { method: 'PUT', body: 'xy' });
  expect(await json.json()).toMatchObject({ n: 2, query: { a: '1', b: '' } });
});

test('a body in pieces arrives whole', async () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let number = 0; number < 5; number++) {
      yield Buffer.alloc(100_000);
    }
  }
  const answer = await fetch(base, { method: 'POST', body: pieces() as never, duplex: 'half' } as RequestInit);
  expect(await answer.json()).toMatchObject({ n: 500_000 });
});

test('what the caller does wrong is 400, what the code does wrong 500 with its lines in the log', async () => {
  const wrong = await fetch(`${base}/wrong`);
  expect([wrong.status, await wrong.text()]).toEqual([400, 'give a number\n']);
  const broken = await fetch(`${base}/broken`);
  expect([broken.status, await broken.text()]).toEqual([500, "KeyError: 'x'\n"]);
  expect(log).toMatch(/cell\.py", line 14, in handler/);
  expect(log).not.toContain('run.py');
});

test('many at once are answered one after the other', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => ((await (await fetch(base)).json()) as { calls: number }).calls)
  );
  expect(new Set(answers).size).toBe(50);
});
