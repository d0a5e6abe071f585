import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

import { ROOT } from './server.cjs';

/** An OSCAR cluster of its own, with a password that the test knows. */
export async function serveCluster(password: string): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oscar-ui-cluster-'));
  const file = path.join(folder, 'password');
  fs.writeFileSync(file, password, { mode: 0o600 });
  const options = ['--user', 'oscar', '--password-file', file, '--data', path.join(folder, 'data')];
  const child = spawn(
    path.join(ROOT, '.venv', 'bin', 'jupyter-oscar'),
    ['clusters', 'serve', '--runtime', 'process', ...options],
    { env: { ...process.env, PYTHONPATH: ROOT }, stdio: ['ignore', 'pipe', 'pipe'] }
  );
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log = (log + data.toString()).slice(-5000)));
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const line = await Promise.race([
    new Promise<string>(resolve => {
      let text = '';
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString();
        if (text.includes('\n')) {
          resolve(text.split('\n')[0]);
        }
      });
    }),
    ended.then(() => '')
  ]);
  if (!line) {
    await stop();
    throw new Error(`The cluster did not start: ${log}`);
  }
  return { endpoint: (JSON.parse(line) as { endpoint: string }).endpoint, stop };
}
