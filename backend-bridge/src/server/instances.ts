import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * A lock that the system takes away when the process ends in whatever way. SQLite's locks are used because Node has none of its
 * own; numbers of processes would mean nothing in another container.
 *
 * @returns What lets go of it; undefined when somebody else has it.
 */
export function tryLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec(
      'PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x);'
    );
    return () => database.close();
  } catch (error) {
    database.close();
    // SQLITE_BUSY
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== 5) {
      throw error;
    }
    return undefined;
  }
}

/** Tells which bridges of this user are alive. */
export class Instances {
  constructor(options: { folder: string; boot: string }) {
    this._folder = join(options.folder, 'instances');
    this._boot = options.boot;
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    this._release = tryLock(this._file(options.boot));
  }

  /** True when the bridge with this boot name runs. */
  isAlive(boot: string): boolean {
    if (boot === this._boot) {
      return true;
    }
    if (!/^[0-9a-f]{1,64}$/.test(boot) || !readdirSync(this._folder).includes(`${boot}.lock`)) {
      return false;
    }
    const release = tryLock(this._file(boot));
    if (!release) {
      return true;
    }
    release();
    unlinkSync(this._file(boot));
    return false;
  }

  /** Forgets this bridge. */
  dispose(): void {
    this._release?.();
    unlinkSync(this._file(this._boot));
  }

  private _file(boot: string): string {
    return join(this._folder, `${boot}.lock`);
  }

  private readonly _folder: string;
  private readonly _boot: string;
  private readonly _release: (() => void) | undefined;
}

/** A folder that one bridge has for itself. */
export interface ISlot {
  folder: string;
  release(): void;
}

/**
 * Takes the first folder for state that nobody else has: the folder of the bridge itself, or `second-1`, `second-2`, … when
 * more bridges of one user run at once. What a killed bridge left in one is found again by the next that takes it.
 */
export function takeSlot(folder: string): ISlot {
  for (let number = 0; ; number++) {
    const own = number === 0 ? folder : join(folder, `second-${number}`);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const release = tryLock(join(own, 'owner.lock'));
    if (release) {
      return { folder: own, release };
    }
  }
}
