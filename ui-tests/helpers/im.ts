import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';

import { ROOT } from './server.cjs';

const PYTHON = path.join(ROOT, '.setup', 'im', 'bin', 'python');
const SCRIPT = path.join(ROOT, 'backend-bridge', 'test', 'infrastructure', 'run-im.py');

/** False where the real Infrastructure Manager is not installed: the bridge's tests make its environment. */
export const haveIm = (): boolean => fs.existsSync(path.join(ROOT, '.setup', 'im', 'bin', 'im_service'));

/** The real Infrastructure Manager with its Dummy cloud. */
export async function startIm(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oscar-ui-im-'));
  const port = await freePort();
  const settings = {
    REST_ADDRESS: '127.0.0.1',
    REST_PORT: port,
    DATA_DB: `sqlite://${path.join(folder, 'im.db')}`,
    LOG_FILE: path.join(folder, 'im.log'),
    WAIT_SSH_ACCCESS_TIMEOUT: 10,
    WAIT_PUBLIC_IP_TIMEOUT: 10,
    CONFMAMAGER_CHECK_STATE_INTERVAL: 1,
    VM_INFO_UPDATE_FREQUENCY: 1,
    SSH_REVERSE_TUNNELS: false
  };
  const child = spawn(PYTHON, [SCRIPT, JSON.stringify(settings)], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const keep = (data: Buffer): void => void (said = (said + data.toString()).slice(-5000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 480 && child.exitCode === null; attempt++) {
    const answer = await fetch(`${url}/version`).catch(() => null);
    if (answer?.ok) {
      return { url, stop };
    }
    await new Promise(resolve => setTimeout(resolve, 250));
  }
  await stop();
  throw new Error(`The Infrastructure Manager did not start: ${said}`);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
