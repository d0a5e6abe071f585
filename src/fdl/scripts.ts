import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IFileLink } from '../../backend-bridge/src/fdl/editor/types';

/** Bytes; longer files are not scripts. */
const MAX_SCRIPT = 1_000_000;

/**
 * The scripts that a file names, as far as they are known: what is missing or has Windows line breaks is a problem of the FDL.
 */
export class Scripts implements IDisposable {
  constructor(private readonly _contents: Contents.IManager) {
    _contents.fileChanged.connect(this._onFile, this);
  }

  /** Something that was not known, or has changed, was read. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._contents.fileChanged.disconnect(this._onFile, this);
      Signal.clearData(this);
    }
  }

  /** Texts by path as the FDL writes it; what was not read yet is absent and will be. */
  of(file: string, links: readonly IFileLink[]): { [path: string]: string | null } {
    const result: { [path: string]: string | null } = {};
    for (const link of links) {
      const path = link.kind === 'script' ? resolveLink(file, link.path) : undefined;
      if (path === undefined) {
        continue;
      }
      const known = this._texts.get(path);
      if (known !== undefined) {
        result[link.path] = known;
      } else if (!this._texts.has(path) && !this._reading.has(path)) {
        void this._read(path);
      }
    }
    return result;
  }

  /** Names of the files beside an FDL file. */
  async beside(file: string): Promise<string[]> {
    const folder = await this._contents.get(PathExt.dirname(file), { content: true });
    const items = (folder.content ?? []) as Contents.IModel[];
    return items.filter(item => item.type === 'file' && /\.(sh|py|bash|R|pl)$/.test(item.name)).map(item => item.name);
  }

  private async _read(path: string): Promise<void> {
    this._reading.add(path);
    try {
      const file = await this._contents.get(path, { content: true, type: 'file', format: 'text' });
      this._texts.set(path, String(file.content).slice(0, MAX_SCRIPT));
    } catch (reason) {
      const status = (reason as { response?: Response }).response?.status;
      // What is there and is no text cannot be judged here; the bridge will when it is deployed.
      this._texts.set(path, status === 404 ? null : undefined);
    } finally {
      this._reading.delete(path);
    }
    this._changed.emit();
  }

  private _onFile(_: unknown, change: Contents.IChangedArgs): void {
    for (const path of [change.oldValue?.path, change.newValue?.path]) {
      if (path !== undefined && this._texts.delete(path)) {
        this._changed.emit();
      }
    }
  }

  private readonly _texts = new Map<string, string | null | undefined>();
  private readonly _reading = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
}

/** The path of a linked file in the file browser; undefined when it lies outside. */
export function resolveLink(file: string, link: string): string | undefined {
  if (link.startsWith('/') || link.includes('\\')) {
    return undefined;
  }
  const colon = file.indexOf(':');
  const drive = colon >= 0 ? file.slice(0, colon + 1) : '';
  const path = PathExt.join(PathExt.dirname(file.slice(drive.length)), link);
  return path.startsWith('..') ? undefined : drive + path;
}
