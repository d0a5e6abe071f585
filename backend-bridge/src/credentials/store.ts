import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { addSecret } from '../http/redact';

/** What is kept for one endpoint. */
export interface ICredential {
  user?: string;
  password?: string;
  /** OIDC access token. */
  token?: string;
  /** File with the token, read on each use. */
  tokenFile?: string;
}

/** All that ever comes out again. */
export interface ICredentialView {
  configured: boolean;
  kind?: 'basic' | 'token' | 'token-file' | 'platform';
  /** ISO 8601, when the token says it. */
  expiresAt?: string;
}

/** Writes a JSON file that only its owner can read; readers see the old text or the new one, never half of it. */
export function writePrivateJson(file: string, value: unknown): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, JSON.stringify(value, null, 1) + '\n');
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

/** A JSON file, or undefined when there is none or it cannot be read as JSON (`broken` then hears of it). */
export function readJson(file: string, broken?: (message: string) => void): unknown {
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    broken?.(`${file} cannot be read: ${String(error)}`);
    return undefined;
  }
}

/** The bridge's own store of passwords and tokens: one file, mode 0600, in a folder of mode 0700. */
export class CredentialStore {
  constructor(options: { file: string; log?: (line: string) => void }) {
    this._file = options.file;
    const read = readJson(this._file, options.log) as { clusters?: Record<string, ICredential> } | undefined;
    for (const [id, credential] of Object.entries(read?.clusters ?? {})) {
      this._remember(id, credential);
    }
  }

  get(id: string): ICredential | undefined {
    return this._credentials.get(id);
  }

  set(id: string, credential: ICredential): void {
    this._remember(id, credential);
    this._save();
  }

  remove(id: string): void {
    if (this._credentials.delete(id)) {
      this._save();
    }
  }

  private _remember(id: string, credential: ICredential): void {
    addSecret(credential.password);
    addSecret(credential.token);
    this._credentials.set(id, { ...credential });
  }

  private _save(): void {
    writePrivateJson(this._file, { clusters: Object.fromEntries(this._credentials) });
  }

  private readonly _file: string;
  private readonly _credentials = new Map<string, ICredential>();
}
