import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Tells which bridges of this user are alive. Each holds a lock on a file of its own, which the system takes away when the
 * process ends in whatever way; numbers of processes mean nothing in another container.
 */
export class Instances {
  constructor(options: { folder: string; boot: string }) {
    this._folder = join(options.folder, 'instances');
    this._boot = options.boot;
    mkdirSync(this._folder, { recursive: true, mode: 0o700 });
    this._lock = new DatabaseSync(this._file(options.boot));
    this._lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS alive (x);');
  }

  /** True when the bridge with this boot name runs. */
  isAlive(boot: string): boolean {
    if (boot === this._boot) {
      return true;
    }
    if (!/^[0-9a-f]{1,64}$/.test(boot) || !readdirSync(this._folder).includes(`${boot}.lock`)) {
      return false;
    }
    const database = new DatabaseSync(this._file(boot));
    try {
      database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; ROLLBACK;');
    } catch {
      return true;
    } finally {
      database.close();
    }
    unlinkSync(this._file(boot));
    return false;
  }

  /** Forgets this bridge. */
  dispose(): void {
    this._lock.close();
    unlinkSync(this._file(this._boot));
  }

  private _file(boot: string): string {
    return join(this._folder, `${boot}.lock`);
  }

  private readonly _folder: string;
  private readonly _boot: string;
  private readonly _lock: DatabaseSync;
}
