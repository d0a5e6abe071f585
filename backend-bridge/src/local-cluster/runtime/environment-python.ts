import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BridgeError } from '../../http/errors';
import type { IEnvironmentOptions } from './environment-options';

const run = promisify(execFile);

export function findPython(options: IEnvironmentOptions): string {
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
export function describePython(python: string): Promise<string> {
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

export function which(names: string[], options: IEnvironmentOptions): string | undefined {
  const folders = [
    ...(options.python ? [dirname(options.python)] : []),
    ...(options.path ?? []),
    ...(process.env.PATH ?? '').split(delimiter)
  ];
  return names
    .flatMap(name => folders.filter(Boolean).map(folder => join(folder, name)))
    .find(path => existsSync(path));
}
