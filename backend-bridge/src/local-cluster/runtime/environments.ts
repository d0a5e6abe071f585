import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { homedir, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { BridgeError } from '../../http/errors';

const run = promisify(execFile);

export interface IEnvironmentOptions {
  /** Python that makes it; default: the first `python3` on `path` and PATH. */
  python?: string;
  /** Folders to look for `python3` and `uv` in, before PATH. */
  path?: string[];
  /** Where environments are kept; default: `jupyterlab-oscar/environments` in the user's cache folder. */
  environments?: string;
}

export interface IEnvironmentProgress {
  /** 0 to 1; rises. */
  progress: number;
  /** What is being done, for instance `numpy (3 of 12)`. */
  message: string;
}

export interface IEnvironment {
  key: string;
  folder: string;
  /** First on PATH. */
  bin: string;
  /** Bytes on disk. */
  size: number;
  packages: string[];
}

export interface IPrepareOptions extends IEnvironmentOptions {
  onProgress?: (progress: IEnvironmentProgress) => void;
  /** Each line that uv or pip prints. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

interface IReady {
  packages: string[];
  size: number;
}

const READY = '.ready.json';

/** Requirements without comments, blank lines and the difference between line ends; the order does not matter. */
export function normaliseRequirements(text: string): string[] {
  return [
    ...new Set(
      text
        .replace(/\\\r?\n/g, ' ')
        .split(/\r?\n/)
        .map(line =>
          line
            .replace(/(^|\s)#.*$/, '')
            .trim()
            .replace(/\s+/g, ' ')
        )
        .filter(Boolean)
    )
  ].sort();
}

/** Name of the environment for these requirements: the same for the same requirements, Python and platform. */
export async function environmentKey(requirements: string, options: IEnvironmentOptions = {}): Promise<string> {
  const python = await describePython(findPython(options));
  return createHash('sha256')
    .update(JSON.stringify([normaliseRequirements(requirements), python]))
    .digest('hex')
    .slice(0, 20);
}

/** An environment that is ready; undefined when it has to be made. Marks it as used. */
export async function findEnvironment(
  requirements: string,
  options: IEnvironmentOptions = {}
): Promise<IEnvironment | undefined> {
  const key = await environmentKey(requirements, options);
  return readEnvironment(join(environmentsFolder(options), key));
}

/**
 * Makes the virtual environment for these requirements, or finds it. Two who ask at the same time, also in two processes,
 * make one. It is built at its final place, because its programs carry their path, and is valid once `.ready.json` is there.
 *
 * @throws BridgeError with the last lines of uv or pip when it cannot be made.
 */
export async function prepareEnvironment(requirements: string, options: IPrepareOptions = {}): Promise<IEnvironment> {
  const python = findPython(options);
  const key = await environmentKey(requirements, options);
  const root = environmentsFolder(options);
  const folder = join(root, key);
  const ready = readEnvironment(folder);
  if (ready) {
    return ready;
  }
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const release = await lock(join(root, `${key}.lock`), options);
  try {
    const made = readEnvironment(folder);
    if (made) {
      return made;
    }
    // Whatever is there was interrupted; uv's and pip's own caches keep what was fetched.
    await rm(folder, { recursive: true, force: true });
    return await build({ requirements, python, folder, key, options });
  } finally {
    release();
  }
}

/** Environments on disk; `used` is when a job last started in one. */
export function listEnvironments(
  options: IEnvironmentOptions = {}
): { key: string; folder: string; size: number; used: Date }[] {
  const root = environmentsFolder(options);
  if (!existsSync(root)) {
    return [];
  }
  return readdirSync(root, { withFileTypes: true }).flatMap(entry => {
    const folder = join(root, entry.name);
    const environment = entry.isDirectory() ? readEnvironment(folder, false) : undefined;
    return environment
      ? [{ key: entry.name, folder, size: environment.size, used: statSync(join(folder, READY)).mtime }]
      : [];
  });
}

export function environmentsFolder(options: IEnvironmentOptions): string {
  if (options.environments) {
    return options.environments;
  }
  const cache =
    process.env.XDG_CACHE_HOME ?? join(homedir(), platform() === 'darwin' ? join('Library', 'Caches') : '.cache');
  return join(cache, 'jupyterlab-oscar', 'environments');
}

function readEnvironment(folder: string, touch = true): IEnvironment | undefined {
  const path = join(folder, READY);
  try {
    const { packages, size } = JSON.parse(readFileSync(path, 'utf8')) as IReady;
    if (touch) {
      const now = new Date();
      utimesSync(path, now, now);
    }
    return { key: folder.slice(folder.lastIndexOf('/') + 1), folder, bin: join(folder, 'bin'), size, packages };
  } catch {
    // Not there, or not finished.
    return undefined;
  }
}

function findPython(options: IEnvironmentOptions): string {
  const found = options.python ?? which(['python3', 'python'], options);
  if (!found) {
    throw new BridgeError({
      type: 'missing-program',
      title: 'Python is missing',
      status: 500,
      detail: 'There is no python3 on the PATH to make the Python environment of the service with.',
      action: 'Install Python 3.10 or newer, or start JupyterLab from an environment that has it.'
    });
  }
  return found;
}

const described = new Map<string, Promise<string>>();

/** Version and platform of a Python; asked for once. */
function describePython(python: string): Promise<string> {
  let description = described.get(python);
  if (!description) {
    const code =
      "import sys, sysconfig; print(sys.implementation.cache_tag, '.'.join(map(str, sys.version_info[:3])), sysconfig.get_platform())";
    description = run(python, ['-I', '-c', code]).then(({ stdout }) => stdout.trim());
    description.catch(() => described.delete(python));
    described.set(python, description);
  }
  return description;
}

function which(names: string[], options: IEnvironmentOptions): string | undefined {
  const folders = [
    ...(options.python ? [dirname(options.python)] : []),
    ...(options.path ?? []),
    ...(process.env.PATH ?? '').split(delimiter)
  ];
  return names
    .flatMap(name => folders.filter(Boolean).map(folder => join(folder, name)))
    .find(path => existsSync(path));
}

/**
 * Waits until nobody else makes this environment. The lock is a socket: it is free as soon as its holder is gone, however
 * that ended, and no pid has to be believed.
 */
async function lock(path: string, options: IPrepareOptions): Promise<() => void> {
  // Socket paths are short by nature: the name is hashed into the temporary folder's abstract space where there is one.
  const name = createHash('sha256').update(path).digest('hex').slice(0, 24);
  const address =
    platform() === 'linux'
      ? `\0jupyterlab-oscar-${process.getuid?.() ?? 0}-${name}`
      : join('/tmp', `.oscar-${process.getuid?.() ?? 0}-${name}`);
  for (;;) {
    options.signal?.throwIfAborted();
    const server = await listen(address);
    if (server) {
      return () => server.close();
    }
    options.onProgress?.({ progress: 0, message: 'Another process makes this environment.' });
    await untilFree(address, options.signal);
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy: () => void }>();
    const server = createServer(socket => {
      waiting.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => waiting.delete(socket));
    });
    const close = server.close.bind(server);
    server.close = callback => {
      waiting.forEach(socket => socket.destroy());
      return close(callback);
    };
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)
    );
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** The holder says nothing; the connection ends when it does. */
function untilFree(address: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && !address.startsWith('\0')) {
        // A socket file whose owner was killed.
        rmSync(address, { force: true });
      }
    });
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    socket.resume();
  });
}

interface IBuild {
  requirements: string;
  python: string;
  folder: string;
  key: string;
  options: IPrepareOptions;
}

async function build({ requirements, python, folder, key, options }: IBuild): Promise<IEnvironment> {
  const lines = normaliseRequirements(requirements);
  const uv = which(['uv'], options);
  const tail: string[] = [];
  const onLine = (line: string): void => {
    tail.push(line);
    tail.splice(0, Math.max(0, tail.length - 12));
    options.onLine?.(line);
  };
  try {
    options.onProgress?.({ progress: 0, message: 'The environment is made.' });
    // The uv of a builder that was killed may live a moment longer and make the folder again: it writes the same.
    const venv = uv
      ? [uv, 'venv', '--quiet', '--allow-existing', '--python', python, folder]
      : [python, '-m', 'venv', folder];
    await command(venv, { onLine, signal: options.signal });
    const file = join(folder, 'requirements.txt');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const progress = new Progress(lines.length, options.onProgress);
    const inner = join(folder, 'bin', 'python');
    const install = uv
      ? [uv, 'pip', 'install', '--python', inner, '--requirement', file]
      : [
          inner,
          '-m',
          'pip',
          'install',
          '--disable-pip-version-check',
          '--no-input',
          '--progress-bar',
          'off',
          '--requirement',
          file
        ];
    if (lines.length > 0) {
      await command(install, {
        onLine: line => {
          progress.line(line);
          onLine(line);
        },
        signal: options.signal
      });
    }
    const packages = installedPackages(folder);
    const size = await diskUsage(folder);
    writeFileSync(join(folder, READY), JSON.stringify({ packages, size } satisfies IReady));
    options.onProgress?.({ progress: 1, message: `${packages.length} packages, ${Math.round(size / 1e6)} MB` });
    return { key, folder, bin: join(folder, 'bin'), size, packages };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (options.signal?.aborted) {
      throw options.signal.reason;
    }
    throw new BridgeError({
      type: 'environment-failed',
      title: 'The Python environment could not be made',
      status: 500,
      detail: `${uv ? 'uv' : 'pip'} could not install the requirements of the service: ${(error as Error).message}`,
      cause: tail.join('\n'),
      action: 'Correct the requirements, check the network and the free disk space, then deploy the service again.'
    });
  }
}

/** Runs a program and hands on its lines; rejects with its last ones when it fails. */
function command(argv: string[], options: { onLine: (line: string) => void; signal?: AbortSignal }): Promise<void> {
  return new Promise((resolve, reject) => {
    const tail: string[] = [];
    const child: ChildProcess = spawn(argv[0], argv.slice(1), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONUNBUFFERED: '1',
        PIP_NO_COLOR: '1',
        NO_COLOR: '1',
        VIRTUAL_ENV: undefined,
        PYTHONHOME: undefined,
        PYTHONPATH: undefined
      }
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) {
        createInterface({ input: stream }).on('line', line => {
          if (line.trim()) {
            tail.push(line.trim());
            tail.splice(0, Math.max(0, tail.length - 6));
            options.onLine(line);
          }
        });
      }
    }
    const abort = (): void => {
      if (child.pid !== undefined) {
        process.kill(-child.pid, 'SIGKILL');
      }
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('close', code => {
      options.signal?.removeEventListener('abort', abort);
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(tail.join(' ') || `${argv[0]} ended with exit code ${code}.`));
      }
    });
  });
}

/** Reads the lines of uv and pip. How many packages there are is known once they are resolved; before, it is guessed. */
class Progress {
  constructor(
    private _expected: number,
    private readonly _report: ((progress: IEnvironmentProgress) => void) | undefined
  ) {}

  line(line: string): void {
    const resolved = /^Resolved (\d+) packages?/.exec(line);
    if (resolved) {
      this._expected = Number(resolved[1]);
      this._say(0.1, `${this._expected} packages to install`);
      return;
    }
    const collected = /^\s*(?:Collecting|Downloaded|Downloading|Building|Built) ([^\s=<>!~;[(]+)/.exec(line);
    if (collected) {
      this._seen.add(collected[1].toLowerCase());
      this._expected = Math.max(this._expected, this._seen.size + 1);
      this._say(
        0.1 + 0.7 * (this._seen.size / this._expected),
        `${collected[1]} (${this._seen.size} of ${this._expected})`
      );
    } else if (/^(Installing collected packages|Prepared \d+|Installed \d+)/.test(line)) {
      this._say(0.85, 'The packages are installed.');
    }
  }

  private _say(progress: number, message: string): void {
    this._last = Math.max(this._last, progress);
    this._report?.({ progress: this._last, message });
  }

  private readonly _seen = new Set<string>();
  private _last = 0;
}

function installedPackages(folder: string): string[] {
  const lib = join(folder, 'lib');
  return readdirSync(lib)
    .flatMap(name => {
      const site = join(lib, name, 'site-packages');
      return existsSync(site) ? readdirSync(site) : [];
    })
    .flatMap(name =>
      name.endsWith('.dist-info') ? [name.slice(0, -'.dist-info'.length).replace(/-([^-]*)$/, '==$1')] : []
    )
    .sort();
}

/** Bytes of all files below a folder. */
export async function diskUsage(folder: string): Promise<number> {
  let size = 0;
  const stack = [folder];
  for (let path = stack.pop(), seen = 0; path !== undefined; path = stack.pop(), seen++) {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        stack.push(child);
      } else if (entry.isFile()) {
        size += statSync(child, { throwIfNoEntry: false })?.size ?? 0;
      }
    }
    if (seen % 50 === 49) {
      // Thousands of folders: let others work in between.
      await new Promise(resolve => setImmediate(resolve));
    }
  }
  return size;
}

/** Whether a folder can be written to; the message of the machine when not. */
export function writable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const probe = join(folder, `.probe-${process.pid}`);
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
