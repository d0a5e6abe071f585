import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { dirname } from 'node:path';
import { BridgeError } from '../http/errors';
import { addSecret } from '../http/redact';

/** What is kept for one endpoint. */
export interface ICredential {
  user?: string;
  password?: string;
  /** OIDC access token. */
  token?: string;
  /** File with the token, read on each use. */
  tokenFile?: string;
  /** Of clouds and infrastructures: what may be shown, by name. */
  fields?: Record<string, string>;
  /** Of clouds and infrastructures: what may not. */
  secrets?: Record<string, string>;
}

/** All that ever comes out again. */
export interface ICredentialView {
  configured: boolean;
  kind?: 'basic' | 'token' | 'token-file' | 'platform' | 'oidc-agent' | 'environment' | 'given';
  /** ISO 8601, when the token says it. */
  expiresAt?: string;
}

/**
 * Writes a JSON file that only its owner can read; readers see the old text or the new one, never half of it.
 *
 * @throws BridgeError (`not-writable`) when the disk is full or the folder is not ours.
 */
export function writePrivateJson(file: string, value: unknown): void {
  const folder = dirname(file);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const handle = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(handle, JSON.stringify(value, null, 1) + '\n');
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    chmodSync(temporary, 0o600);
    renameSync(temporary, file);
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // Where nothing can be made, there is nothing to be removed.
    }
    throw notWritable(file, error);
  }
}

/** What is said when the bridge's own folder cannot be written to. */
export function notWritable(file: string, error: unknown): BridgeError {
  return new BridgeError({
    type: 'not-writable',
    title: 'Not saved',
    status: 507,
    detail: `${file} could not be written.`,
    cause: error instanceof Error ? error.message : String(error),
    action: 'Free some disk space, or check who owns the folder, and try again.'
  });
}

/** Changes whenever somebody has replaced the file. */
function stampOf(file: string): string {
  const info = statSync(file, { throwIfNoEntry: false });
  return info ? `${info.ino} ${info.mtimeMs} ${info.size}` : '';
}

/** Tells whether a file that several bridges of one user share has been replaced since it was last looked at. */
export class FileWatch {
  constructor(private readonly _file: string) {}

  /** True on the first call, and after each change; cheap enough for every use. */
  changed(): boolean {
    const stamp = stampOf(this._file);
    const changed = stamp !== this._stamp;
    this._stamp = stamp;
    return changed;
  }

  private _stamp: string | undefined;
}

/**
 * A JSON file, or undefined when there is none. One that cannot be read is moved aside, so that the next change does not write
 * over what may be saved of it; `broken` hears of it.
 */
export function readJson(file: string, broken?: (message: string) => void): unknown {
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
      broken?.(`${file} cannot be read: ${String(error)}`);
      return undefined;
    }
    const aside = `${file}.broken-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
    try {
      renameSync(file, aside);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code === 'ENOENT') {
        // Another bridge of the same user was faster.
        return undefined;
      }
      throw notWritable(file, problem);
    }
    broken?.(`${file} could not be read and is kept as ${aside}: ${whyUnread(error)}`);
    return undefined;
  }
}

/** JSON's own message quotes the text, and that may hold a secret. */
function whyUnread(error: unknown): string {
  return error instanceof SyntaxError ? 'it is no JSON.' : String(error);
}

/**
 * The bridge's own store of passwords and tokens: one file, mode 0600, in a folder of mode 0700. Bridges of one user that run
 * at the same time share it, so it is read again when it has changed.
 */
export class CredentialStore {
  constructor(options: { file: string; log?: (line: string) => void }) {
    this._file = options.file;
    this._log = options.log;
    this._watch = new FileWatch(options.file);
    this._refresh();
  }

  get(id: string): ICredential | undefined {
    this._refresh();
    return this._credentials.get(id);
  }

  ids(): string[] {
    this._refresh();
    return [...this._credentials.keys()];
  }

  set(id: string, credential: ICredential): void {
    this._refresh();
    this._save(new Map([...this._credentials, [id, { ...credential }]]));
  }

  remove(id: string): void {
    this._refresh();
    if (this._credentials.has(id)) {
      const rest = new Map(this._credentials);
      rest.delete(id);
      this._save(rest);
    }
  }

  private _refresh(): void {
    if (!this._watch.changed()) {
      return;
    }
    const read = readJson(this._file, this._log) as { clusters?: Record<string, ICredential> } | undefined;
    this._take(new Map(Object.entries(read?.clusters ?? {})));
  }

  private _take(credentials: Map<string, ICredential>): void {
    for (const credential of credentials.values()) {
      addSecret(credential.password);
      addSecret(credential.token);
      Object.values(credential.secrets ?? {}).forEach(secret => addSecret(secret));
    }
    this._credentials = credentials;
  }

  /** What could not be written down is not known: it would be gone after the next start. */
  private _save(credentials: Map<string, ICredential>): void {
    writePrivateJson(this._file, { clusters: Object.fromEntries(credentials) });
    this._watch.changed();
    this._take(credentials);
  }

  private readonly _file: string;
  private readonly _log: ((line: string) => void) | undefined;
  private readonly _watch: FileWatch;
  private _credentials = new Map<string, ICredential>();
}
