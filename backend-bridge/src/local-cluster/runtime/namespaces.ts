import { execFile } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { IBind } from './runtime';

const run = promisify(execFile);

/** One step in building the program's view of the file system. */
type Step =
  | { kind: 'empty' | 'folder'; target: string }
  | { kind: 'bind'; source: string; target: string; readOnly?: boolean }
  | { kind: 'link'; source: string; target: string };

/**
 * Gives a program its own view of the file system, where folders appear at other places: with bubblewrap, else with
 * `unshare`, else not at all. Nothing is hidden and nothing is made on the real disk.
 */
export class Namespaces {
  constructor(private readonly _folder: string) {}

  /** Looks once, by doing it. */
  available(): Promise<boolean> {
    return (this._tool ??= this._probe()).then(tool => tool !== undefined);
  }

  /** The command that runs `argv` with these binds. */
  async wrap(argv: string[], binds: IBind[], cwd: string): Promise<string[]> {
    const tool = await (this._tool ??= this._probe());
    if (tool === undefined) {
      throw new Error('This machine allows no mount namespaces.');
    }
    return tool === 'bwrap' ? bubblewrap(argv, plan(binds), cwd) : this._unshare(argv, plan(binds), cwd);
  }

  close(): void {
    rmSync(this._folder, { recursive: true, force: true });
  }

  private async _probe(): Promise<'bwrap' | 'unshare' | undefined> {
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    const probe = mkdtempSync(join(this._folder, 'probe-'));
    try {
      writeFileSync(join(probe, 'here'), '');
      const binds = [{ source: probe, target: '/oscar/config' }];
      const argv = ['/bin/sh', '-c', 'test -f /oscar/config/here && test -d /proc/self'];
      for (const [tool, command] of [
        ['bwrap', bubblewrap(argv, plan(binds), probe)],
        ['unshare', this._unshare(argv, plan(binds), probe)]
      ] as const) {
        try {
          await run(command[0], command.slice(1), { timeout: 5000 });
          return tool;
        } catch {
          // Not installed, or not allowed to this user: the next one.
        }
      }
      return undefined;
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  }

  private _unshare(argv: string[], steps: Step[], cwd: string): string[] {
    mkdirSync(join(this._folder, 'mount'), { recursive: true, mode: 0o700 });
    const lines = [
      'set -e',
      'PATH=$PATH:/usr/sbin:/sbin',
      'R=$1; C=$2; shift 2',
      'mount -t tmpfs -o mode=755 tmpfs "$R"'
    ];
    for (const step of steps) {
      const target = `"$R"${quote(step.target)}`;
      switch (step.kind) {
        case 'empty':
          if (step.target !== '/') {
            lines.push(`mkdir -p ${target}`, `mount -t tmpfs -o mode=755 tmpfs ${target}`);
          }
          break;
        case 'folder':
          lines.push(`mkdir -p ${target}`);
          break;
        case 'link':
          lines.push(`ln -s ${quote(step.source)} ${target}`);
          break;
        case 'bind':
          lines.push(
            `if [ -d ${quote(step.source)} ]; then mkdir -p ${target}; else : > ${target}; fi`,
            `mount --rbind ${quote(step.source)} ${target}`,
            ...(step.readOnly ? [`mount -o remount,bind,ro ${target}`] : [])
          );
      }
    }
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    // Back to the user's own number: programs that find themselves root behave differently. A new root by pivot_root, because
    // the kernel refuses a user namespace to who lives in a chroot.
    const back = uid === 0 ? '' : `unshare --user --map-user=${uid} --map-group=${gid} `;
    lines.push(
      'mkdir -p "$R/.old"',
      'pivot_root "$R" "$R/.old"',
      'cd /',
      'umount -l /.old',
      'rmdir /.old',
      'cd "$C"',
      `exec ${back}"$@"`
    );
    const flags = uid === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    return [
      'unshare',
      ...flags,
      '--propagation',
      'private',
      '/bin/sh',
      '-c',
      lines.join('\n'),
      'sh',
      join(this._folder, 'mount'),
      cwd,
      ...argv
    ];
  }

  private _tool: Promise<'bwrap' | 'unshare' | undefined> | undefined;
}

function bubblewrap(argv: string[], steps: Step[], cwd: string): string[] {
  const options = steps.flatMap(step => {
    switch (step.kind) {
      case 'empty':
        return ['--tmpfs', step.target];
      case 'folder':
        return ['--dir', step.target];
      case 'link':
        return ['--symlink', step.source, step.target];
      case 'bind':
        return [step.readOnly ? '--ro-bind' : '--dev-bind', step.source, step.target];
    }
  });
  return ['bwrap', ...options, '--chdir', cwd, '--', ...argv];
}

/**
 * Steps from an empty root to the real file system with the binds in it. A folder that must get a new entry, or that would
 * have to be made on the real disk, is replaced by an empty one that holds all its old entries.
 */
function plan(binds: IBind[]): Step[] {
  const steps: Step[] = [];
  const opened = new Set<string>();
  const targets = binds.map(bind => ({ ...bind, target: resolveTarget(bind.target) }));
  targets.sort((a, b) => a.target.split('/').length - b.target.split('/').length);
  const open = (folder: string): void => {
    if (opened.has(folder)) {
      return;
    }
    opened.add(folder);
    steps.push({ kind: 'empty', target: folder });
    for (const name of entries(folder)) {
      const path = join(folder, name);
      if (targets.some(bind => bind.target === path)) {
        continue;
      }
      steps.push(
        lstatSync(path).isSymbolicLink()
          ? { kind: 'link', source: readlinkSync(path), target: path }
          : { kind: 'bind', source: path, target: path }
      );
    }
  };
  open('/');
  for (const bind of targets) {
    // The nearest folder that is really there takes the new entry; below it everything is ours.
    if (!exists(bind.target)) {
      let folder = dirname(bind.target);
      while (!exists(folder)) {
        folder = dirname(folder);
      }
      open(folder);
    }
    steps.push({ kind: 'bind', source: bind.source, target: bind.target, readOnly: bind.readOnly });
  }
  return steps;
}

/** `/var/run` is a link to `/run`: binds go to the real place. */
function resolveTarget(target: string): string {
  const rest: string[] = [];
  let folder = target.replace(/\/+$/, '') || '/';
  while (!exists(folder)) {
    rest.unshift(folder.slice(folder.lastIndexOf('/') + 1));
    folder = dirname(folder);
  }
  return join(realpathSync(folder), ...rest);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that we may not look into has nothing that the program could use.
    return [];
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
