import type { DatabaseSync } from 'node:sqlite';
import type { Infrastructure, InfrastructureRequest, Problem } from '../contract';
import { notWritable } from '../credentials';
import { BridgeError } from '../http';
import { openOwned } from '../state';

/** What is kept of an infrastructure beside what is shown of it. Nothing secret: its passwords are in the store. */
export interface IKept {
  /** `new-…`: the name that it has before IM gives one; stays valid. */
  key: string;
  /** IM's own. */
  id?: string;
  /** Address of the IM that has it. */
  im: string;
  view: Infrastructure;
  /** As asked for, secret inputs taken out. */
  request: InfrastructureRequest;
  /** The template with its add-ons, before filling. */
  template: { name: string; text: string };
  /** The call that creates it has gone out, and its answer may have been lost. */
  sent?: boolean;
  /** Deletion was asked for; `accepted`: IM has taken it; `asked`: how often it has taken it without doing it. */
  deletion?: { force: boolean; accepted: boolean; asked?: number };
  /** What the last look at it failed with; such a problem goes when a look succeeds, others stay until something is done. */
  inTheWay?: Problem;
  /** Mark of the log as last seen, and since when it has been so; milliseconds. */
  log?: { mark: string; at: number };
  /** Since when the endpoint has been waited for. */
  healthSince?: number;
  /** The cluster was put into the list by us, so it goes with the infrastructure. */
  addedCluster?: boolean;
  goneAt?: number;
}

/** IM's own id. @throws BridgeError `busy` before it has given one */
export function idOf({ id, view }: IKept): string {
  if (id === undefined) {
    throw new BridgeError({
      type: 'busy',
      title: 'Not there yet',
      status: 409,
      detail: `${view.name} is just being created.`,
      action: 'Wait until the Infrastructure Manager has taken it.'
    });
  }
  return id;
}

/** How long a deleted one is still answered for. */
const KEPT_GONE = 24 * 3600_000;

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS infrastructure (key TEXT PRIMARY KEY, gone INTEGER, document TEXT NOT NULL);';

/** Infrastructures that were begun here, on disk, so that a bridge that was killed goes on with them. */
export class InfrastructureJournal {
  constructor(file: string, log?: (line: string) => void) {
    this._file = file;
    // FULL: machines that nobody remembers go on costing.
    this._db = openOwned(file, { schema: SCHEMA, synchronous: 'FULL', tidy: forgetGone, log });
  }

  /** @throws BridgeError `not-writable` */
  save(kept: IKept): void {
    try {
      this._db
        .prepare(
          'INSERT INTO infrastructure VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET gone = excluded.gone, document = excluded.document'
        )
        .run(kept.key, kept.goneAt ?? null, JSON.stringify(kept));
    } catch (error) {
      throw notWritable(this._file, error);
    }
  }

  all(): IKept[] {
    const rows = this._db.prepare('SELECT document FROM infrastructure').all() as { document: string }[];
    return rows.map(row => JSON.parse(row.document) as IKept);
  }

  close(): void {
    this._db.close();
  }

  private readonly _file: string;
  private readonly _db: DatabaseSync;
}

function forgetGone(database: DatabaseSync): void {
  database.prepare('DELETE FROM infrastructure WHERE gone < ?').run(Date.now() - KEPT_GONE);
}
