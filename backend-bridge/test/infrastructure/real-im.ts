import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port';

const ROOT = join(__dirname, '..', '..', '..');
const PLACE = join(ROOT, '.setup', 'im');
const PYTHON = join(PLACE, 'bin', 'python');

/** Interpreter of the environment with the real Infrastructure Manager, which brings SCAR's command line along. */
export const IM_PYTHON = PYTHON;
/** Written when all is there. */
const READY = join(PLACE, 'ready');
const LOCK = `${PLACE}.lock`;
const INSTALL_WITHIN = 600_000;

/**
 * The real Infrastructure Manager, in an environment of its own that is made when it is missing (from the package index, some
 * 100 MB), by one of the processes that ask. False: it cannot be had here; the tests on it are skipped, and say so.
 */
export function haveIm(): boolean {
  mkdirSync(join(ROOT, '.setup'), { recursive: true });
  for (const deadline = Date.now() + INSTALL_WITHIN; !existsSync(READY) && Date.now() < deadline; pause()) {
    try {
      mkdirSync(LOCK);
    } catch {
      if (Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > INSTALL_WITHIN) {
        // Its maker was killed.
        rmSync(LOCK, { recursive: true, force: true });
      }
      continue;
    }
    try {
      return existsSync(READY) || install();
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
  return existsSync(READY);
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
}

function install(): boolean {
  const uv = join(ROOT, '.venv', 'bin', 'uv');
  const own = join(ROOT, '.venv', 'bin', 'python');
  try {
    const run = (file: string, args: string[]): unknown =>
      execFileSync(file, args, { stdio: 'pipe', timeout: INSTALL_WITHIN });
    if (existsSync(uv)) {
      run(uv, ['venv', '--clear', '--python', own, PLACE]);
      run(uv, ['pip', 'install', '--python', PYTHON, 'IM==2.0.0', 'scar==4.3.1']);
    } else {
      run(own, ['-m', 'venv', '--clear', PLACE]);
      run(PYTHON, ['-m', 'pip', 'install', '--quiet', 'IM==2.0.0', 'scar==4.3.1']);
    }
    writeFileSync(READY, '');
    return true;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    console.warn(
      `SKIPPED: the real Infrastructure Manager could not be installed: ${stderr?.toString().slice(-500) ?? String(error)}`
    );
    return false;
  }
}

/** `describe`, or a loud skip where the real server cannot be had. */
export const onRealIm: jest.Describe = haveIm() ? describe : describe.skip;

export interface IRealIm {
  readonly url: string;
  readonly folder: string;
  log(): string;
  /** Ends it; its data stays for `startIm({folder})`. */
  stop(): Promise<void>;
}

/** One for all tests of the block it is called in; a test may put another in its place. */
export function useIm(options: () => Parameters<typeof startIm>[0] = () => undefined): { im: IRealIm } {
  const manager = {} as { im: IRealIm };
  beforeAll(async () => {
    manager.im = await startIm(options());
  });
  afterAll(async () => {
    await manager.im.stop();
    removeFolder(manager.im.folder);
  });
  return manager;
}

/** Starts the server on loopback, with its Dummy cloud; ready when this resolves. */
export async function startIm(options: { issuer?: string; folder?: string; port?: number } = {}): Promise<IRealIm> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'oscar-im-'));
  const port = options.port ?? (await freePort());
  const settings = {
    REST_ADDRESS: '127.0.0.1',
    REST_PORT: port,
    DATA_DB: `sqlite://${join(folder, 'im.db')}`,
    LOG_FILE: join(folder, 'im.log'),
    WAIT_SSH_ACCCESS_TIMEOUT: 10,
    WAIT_PUBLIC_IP_TIMEOUT: 10,
    CONFMAMAGER_CHECK_STATE_INTERVAL: 1,
    VM_INFO_UPDATE_FREQUENCY: 1,
    SSH_REVERSE_TUNNELS: false,
    ...(options.issuer === undefined ? {} : { OIDC_ISSUERS: [options.issuer] })
  };
  const child: ChildProcess = spawn(PYTHON, [join(__dirname, 'run-im.py'), JSON.stringify(settings)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  let ended = false;
  const over = new Promise<void>(resolve =>
    child.once('close', () => {
      ended = true;
      resolve();
    })
  );
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + 60_000; ;) {
    if (ended || Date.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`The Infrastructure Manager did not start: ${said}`);
    }
    try {
      if ((await fetch(`${url}/version`)).ok) {
        break;
      }
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
  return {
    url,
    folder,
    log: () => said + (existsSync(join(folder, 'im.log')) ? readFileSync(join(folder, 'im.log'), 'utf8') : ''),
    stop: async () => {
      child.kill('SIGKILL');
      await over;
    }
  };
}

export interface IIssuer {
  readonly url: string;
  /** A token for a user that lives so many seconds. */
  token(user: string, seconds?: number): string;
  close(): Promise<void>;
}

/** An issuer of tokens on loopback: as much of OpenID Connect as the Infrastructure Manager asks for. */
export async function startIssuer(): Promise<IIssuer> {
  const key = randomBytes(32);
  const server: Server = createServer((request, response) => {
    const answer = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.url === '/.well-known/openid-configuration') {
      return answer({ issuer: url, userinfo_endpoint: `${url}/userinfo`, introspection_endpoint: `${url}/introspect` });
    }
    if (request.url?.startsWith('/userinfo')) {
      const claims = request.headers.authorization?.split('.')[1];
      const user = claims ? (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number }) : undefined;
      return user && user.exp * 1000 > Date.now() ? answer(user) : answer({ error: 'invalid_token' }, 401);
    }
    answer({}, 404);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token: (user, seconds = 3600) => {
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const now = Math.floor(Date.now() / 1000);
      const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({
        iss: url,
        sub: `${user}-sub`,
        preferred_username: user,
        name: user,
        eduperson_entitlement: ['urn:mace:egi.eu:group:vo.example.org:role=vm_operator#aai.egi.eu'],
        iat: now,
        exp: now + seconds,
        jti: randomBytes(4).toString('hex')
      })}`;
      return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
    },
    close: () => new Promise(resolve => server.close(() => resolve()))
  };
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
