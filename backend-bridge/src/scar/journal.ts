import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Something in AWS that a deployment makes, with all that is needed to take it away. */
export type Made =
  | { kind: 'function'; region: string; name: string }
  | { kind: 'log-group'; region: string; name: string }
  | { kind: 'bucket'; region: string; name: string }
  | { kind: 'folder'; region: string; bucket: string; name: string }
  | { kind: 'permission'; region: string; function: string; name: string }
  | { kind: 'notification'; region: string; bucket: string; arn: string; name: string }
  | { kind: 'api'; region: string; name: string; deployment: string; id?: string }
  | { kind: 'function-url'; region: string; name: string }
  | { kind: 'launch-template'; region: string; name: string; version?: number }
  | { kind: 'compute-environment'; region: string; name: string }
  | { kind: 'job-queue'; region: string; name: string }
  | { kind: 'job-definition'; region: string; name: string }
  | { kind: 'repository'; region: string; name: string }
  | { kind: 'secret'; region: string; name: string };

/** Whose function it is. */
export interface IJournalKey {
  account: string;
  region: string;
  endpoint?: string;
  function: string;
}

interface IHead extends IJournalKey {
  id: string;
  at: string;
}

type Line = { head: IHead } | { begin: Made } | { forget: Made };

/**
 * What a deployment has made, on disk before it is made: a bridge that dies leaves nothing behind that nobody knows of. The file
 * goes when the deployment is complete, or all of it is undone.
 */
export class Journal {
  private constructor(
    private readonly _path: string,
    readonly head: IHead,
    private _made: Made[]
  ) {}

  /** Goes on with the one that a crash left for this function, or begins one. */
  static open(folder: string, key: IJournalKey, id: string): Journal {
    const left = Journal.left(folder).find(journal => sameKey(journal.head, key));
    if (left) {
      return left;
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const journal = new Journal(join(folder, `${id}.jsonl`), { ...key, id, at: new Date().toISOString() }, []);
    journal._write({ head: journal.head });
    return journal;
  }

  /** Those of deployments that neither ended nor were undone. */
  static left(folder: string): Journal[] {
    if (!existsSync(folder)) {
      return [];
    }
    return readdirSync(folder)
      .filter(name => name.endsWith('.jsonl'))
      .flatMap(name => {
        const path = join(folder, name);
        let head: IHead | undefined;
        let made: Made[] = [];
        for (const text of readFileSync(path, 'utf8').split('\n')) {
          const line = parse(text);
          if (line && 'head' in line) {
            head = line.head;
          } else if (line && 'begin' in line) {
            made.push(line.begin);
          } else if (line) {
            made = made.filter(item => !sameMade(item, line.forget));
          }
        }
        return head ? [new Journal(path, head, made)] : [];
      });
  }

  /** Oldest first. */
  get made(): readonly Made[] {
    return this._made;
  }

  /** Before the call that makes it. */
  begin(made: Made): void {
    if (!this._made.some(item => sameMade(item, made))) {
      this._made.push(made);
      this._write({ begin: made });
    }
  }

  /** It was not made by us, or it is gone again. */
  forget(made: Made): void {
    const rest = this._made.filter(item => !sameMade(item, made));
    if (rest.length < this._made.length) {
      this._made = rest;
      this._write({ forget: made });
    }
  }

  /** Complete, or all undone. */
  end(): void {
    rmSync(this._path, { force: true });
  }

  private _write(line: Line): void {
    appendFileSync(this._path, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
  }
}

function sameKey(a: IJournalKey, b: IJournalKey): boolean {
  return a.account === b.account && a.region === b.region && a.endpoint === b.endpoint && a.function === b.function;
}

function sameMade(a: Made, b: Made): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The last line of a file whose writer died may be half of one. */
function parse(text: string): Line | undefined {
  if (text === '') {
    return undefined;
  }
  try {
    return JSON.parse(text) as Line;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
