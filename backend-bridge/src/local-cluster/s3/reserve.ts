import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { toStoreError } from './errors';

/** Enough for the index to note a few deletions. */
const BYTES = 256 * 1024;

/**
 * A file that only takes room. To delete something the index must write first; on a disk that is full to the last byte that
 * would fail, and nothing could ever be freed. Then this file goes.
 */
export class Reserve {
  constructor(
    private readonly _file: string,
    private readonly _log: (line: string) => void
  ) {
    this._fill();
  }

  /** For what frees space. Tried again with the reserve's room when the disk is full. */
  use<T>(work: () => T): T {
    try {
      const result = work();
      if (this._missing) {
        this._fill();
      }
      return result;
    } catch (error) {
      const known = toStoreError(error);
      if (known.code !== 'XMinioStorageFull' || this._missing) {
        throw known;
      }
      rmSync(this._file, { force: true });
      this._missing = true;
      try {
        return work();
      } catch (again) {
        throw toStoreError(again);
      } finally {
        this._fill();
      }
    }
  }

  private _fill(): void {
    this._missing = !existsSync(this._file);
    if (!this._missing) {
      return;
    }
    try {
      writeFileSync(this._file, Buffer.alloc(BYTES));
      this._missing = false;
    } catch (error) {
      rmSync(this._file, { force: true });
      if (toStoreError(error).code !== 'XMinioStorageFull') {
        throw error;
      }
      this._log('The disk is full: even the reserve of the object store found no room.');
    }
  }

  private _missing = true;
}
