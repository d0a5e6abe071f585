import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BridgeError } from '../../http/errors';
import { diskUsage } from './disk';
import type { IEnvironment, IEnvironmentProgress, IPrepareOptions } from './environment-options';
import { which } from './environment-python';
import { normaliseRequirements, splitRequirements } from './requirements';

/** What the file that marks a finished environment says. */
export interface IReady {
  packages: string[];
  size: number;
}

/** Written last. */
export const READY = '.ready.json';

export interface IBuild {
  requirements: string;
  python: string;
  folder: string;
  key: string;
  options: IPrepareOptions;
}

/** Makes an environment in its folder; one that fails leaves nothing behind. */
export async function buildEnvironment({ requirements, python, folder, key, options }: IBuild): Promise<IEnvironment> {
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
    const progress = new Progress(lines.length, options.onProgress);
    const inner = join(folder, 'bin', 'python');
    const installer = uv
      ? [uv, 'pip', 'install', '--python', inner]
      : [inner, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
    const install = async (name: string, part: string[], more: string[]): Promise<void> => {
      if (part.length === 0) {
        return;
      }
      const file = join(folder, name);
      writeFileSync(file, `${part.join('\n')}\n`);
      await command([...installer, ...more, '--requirement', file], {
        onLine: line => {
          progress.line(line);
          onLine(line);
        },
        signal: options.signal
      });
    };
    const { whole, alone } = splitRequirements(lines);
    await install('requirements.txt', whole, []);
    await install('requirements-no-deps.txt', alone, ['--no-deps']);
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
