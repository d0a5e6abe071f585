import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../../http/errors';
import type { IOscarService } from '../../fdl/service';
import { defaultCapacity } from './capacity';
import { EnvironmentManager } from './environment-manager';
import { writable } from './disk';
import type { IRuntimeOptions } from './options';
import { Pool } from './pool';
import { Runtimes } from './runtimes';
import { ServiceFiles } from './service-files';

/** Milliseconds after the end of a job until what it left is looked for. */
const SWEEP_AFTER = 1000;

/** What jobs and deployments of one cluster have in common. */
export interface IShared {
  pool: Pool;
  runtimes: Runtimes;
  environments: EnvironmentManager;
  files: ServiceFiles;
  /** First part of all marks of this cluster's data: who carries it belongs to us, also after a restart. */
  mark: string;
  /** What carries the mark of an earlier run is gone. */
  swept: Promise<void>;
  grace: number;
  /** A job or call with this mark runs, until the returned function is called; soon after, whatever still carries it is ended. */
  begin(mark: string): () => void;
  /** Folder for one start; short, because sockets below it have short names. */
  folder(): string;
  remove(folder: string): Promise<void>;
  /** Services that were named here and still exist. */
  services(): IOscarService[];
  remember(service: IOscarService): void;
  release(): Promise<void>;
}

const shares = new WeakMap<IRuntimeOptions, { shared: IShared; users: number }>();

/** The same for the same options object. Each user calls `release` once. */
export function share(options: IRuntimeOptions): IShared {
  let entry = shares.get(options);
  if (!entry) {
    const created = create(options, async () => {
      const current = shares.get(options);
      if (current && --current.users === 0) {
        shares.delete(options);
        await created.close();
      }
    });
    entry = { shared: created.shared, users: 0 };
    shares.set(options, entry);
  }
  entry.users++;
  return entry.shared;
}

function create(
  options: IRuntimeOptions,
  release: () => Promise<void>
): { shared: IShared; close: () => Promise<void> } {
  const problem = writable(options.data);
  if (problem !== undefined) {
    throw new BridgeError({
      type: 'unwritable',
      title: 'The data folder cannot be written to',
      status: 500,
      detail: `The folder ${options.data} cannot be written to: ${problem}`,
      action: 'Give yourself the right to write there, free some space, or choose another data folder.'
    });
  }
  const work = join(options.data, 'w');
  // What interrupted jobs left.
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const machine = defaultCapacity();
  const pool = new Pool({
    cpus: options.cpus ?? machine.cpus,
    memory: options.memory ?? machine.memory,
    gpus: options.gpus ?? machine.gpus
  });
  const grace = (options.settings?.graceSeconds ?? 5) * 1000;
  const runtimes = new Runtimes({ folder: options.data, path: options.path ?? [], grace }, options.runtime ?? 'auto');
  const environments = new EnvironmentManager(
    { python: options.python, path: options.path, environments: options.environments },
    options.settings?.keepEnvironmentsDays ?? 60
  );
  const mark = readMark(join(options.data, 'mark'));
  const names = new Set<string>();
  const live = new Set<string>();
  let sweeping: NodeJS.Timeout | undefined;
  let next = 0;
  const shared: IShared = {
    pool,
    runtimes,
    environments,
    files: new ServiceFiles(join(options.data, 'c')),
    mark,
    swept: runtimes
      .sweep(other => other.startsWith(`${mark}:`))
      .then(
        count => {
          if (count > 0) {
            options.log?.(`${count} process${count === 1 ? '' : 'es'} of an earlier run ended.`);
          }
        },
        (error: Error) => options.log?.(`Processes of an earlier run could not be looked for: ${error.message}`)
      ),
    grace,
    begin: own => {
      live.add(own);
      return () => {
        live.delete(own);
        // What daemonised itself in a script's short life: looked for once for all jobs of a moment, not at each end.
        sweeping ??= setTimeout(() => {
          sweeping = undefined;
          const dead = (other: string): boolean =>
            other.startsWith(`${mark}:`) && !other.startsWith(`${mark}:exposed-`) && !live.has(other);
          runtimes.process
            .sweep(dead)
            .catch((error: Error) => options.log?.(`Left processes were not ended: ${error.message}`));
        }, SWEEP_AFTER).unref();
      };
    },
    folder: () => {
      const folder = join(work, (next++).toString(36));
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    },
    remove: folder =>
      removeFolder(folder).catch((error: Error) => options.log?.(`The folder ${folder} stays: ${error.message}`)),
    services: () => [...names].flatMap(name => options.service(name) ?? []),
    remember: service => names.add(service.name),
    release
  };
  return {
    shared,
    close: async () => {
      clearTimeout(sweeping);
      environments.close();
      await shared.swept;
      await runtimes.process.sweep(other => other.startsWith(`${mark}:`));
      await runtimes.close();
      await rm(work, { recursive: true, force: true });
    }
  };
}

/** Files in one folder of an execution that are removed at once. */
const FEW = 32;

/** Mostly there is next to nothing in it: then the round trips of the thread pool would cost more than the work. */
async function removeFolder(folder: string): Promise<void> {
  const isFew = readdirSync(folder, { withFileTypes: true }).every(
    entry =>
      !entry.isDirectory() ||
      readdirSync(join(folder, entry.name), { withFileTypes: true }).every(
        (inner, index) => index < FEW && !inner.isDirectory()
      )
  );
  if (isFew) {
    rmSync(folder, { recursive: true, force: true });
  } else {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function readMark(path: string): string {
  if (existsSync(path)) {
    return readFileSync(path, 'utf8');
  }
  const mark = randomBytes(9).toString('base64url');
  writeFileSync(path, mark, { mode: 0o600 });
  return mark;
}
