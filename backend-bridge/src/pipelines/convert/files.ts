import type { INeededFiles, IPipelineFiles } from '../model';
import { matchingFiles } from '../patterns';

/** The files of a pipeline, with an index so that many nodes over many files stay quick. */
export class FileIndex {
  constructor(private readonly _files: IPipelineFiles) {}

  /** Read once: nodes share files, and the same bytes are packed once. */
  read(path: string): Uint8Array | undefined {
    if (!this._read.has(path)) {
      this._read.set(path, this._files.read(path));
    }
    return this._read.get(path);
  }

  /** Files that a dependency means; files of folders below only when it is recursive. */
  matching(needed: INeededFiles): string[] {
    const literal = needed.pattern ? needed.path.slice(0, needed.path.search(/[*?[]/)) : needed.path;
    const list = this._beginningWith(literal);
    const found = matchingFiles(needed, list);
    return needed.pattern || needed.recursive
      ? found
      : found.filter(path => path === needed.path || !path.slice(needed.path.length + 1).includes('/'));
  }

  /** A part of the sorted list, so that a pattern is held against what can match only. */
  private _beginningWith(start: string): string[] {
    const all = (this._all ??= [...this._files.list()].sort());
    let low = 0;
    for (let high = all.length; low < high;) {
      const middle = (low + high) >> 1;
      if (all[middle] < start) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    let end = low;
    while (end < all.length && all[end].startsWith(start)) {
      end++;
    }
    return all.slice(low, end);
  }

  private _all: string[] | undefined;
  private readonly _read = new Map<string, Uint8Array | undefined>();
}
