import { createReadStream } from 'node:fs';
import { appendFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** Bytes of the log of one job; what comes after is left out. */
const MOST = 32 * 1024 * 1024;
/** A line is cut at so many characters, or functions that print without newlines would be kept in memory. */
const LINE = 16 * 1024;
/** Lines without an end are written after so long, ms. */
const PATIENCE = 1000;
const CUT = '[…] The log is full: the rest was left out.\n';

/** What the functions of a job print, in one file: each line after `[<phase> <part>] `. */
export class JobLog {
  constructor(readonly file: string) {}

  print(where: string, text: string): void {
    if (this._written >= MOST) {
      return;
    }
    const open = this._open.get(where);
    const lines = ((open?.text ?? '') + text).split(/\r?\n/);
    let rest = lines.pop() ?? '';
    if (rest.length > LINE) {
      lines.push(rest);
      rest = '';
    }
    if (rest === '') {
      this._open.delete(where);
    } else {
      this._open.set(where, { text: rest, at: lines.length === 0 && open ? open.at : performance.now() });
    }
    for (const line of lines) {
      this._add(`[${where}] ${line.length > LINE ? `${line.slice(0, LINE)}…` : line}\n`);
    }
    this._watch();
  }

  /** Everything that was printed is in the file when this resolves. */
  async flush(): Promise<void> {
    this._complete(Infinity);
    await this._writing;
  }

  /** Lines of the file; with `follow` also what is added until `over` says that no more comes. */
  async *read(options: {
    part?: string;
    follow?: boolean;
    signal?: AbortSignal;
    over: () => boolean;
  }): AsyncGenerator<string> {
    const { part, follow = false, signal, over } = options;
    const wanted = part === undefined ? undefined : partPattern(part);
    let place = 0;
    for (;;) {
      const last = over();
      if (last) {
        this._complete(Infinity);
      }
      await this._writing;
      const size = await sizeOf(this.file);
      if (size > place) {
        const stream = createReadStream(this.file, { start: place, end: size - 1, encoding: 'utf8' });
        place = size;
        for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
          if (!wanted || wanted.test(line)) {
            yield `${line}\n`;
          }
        }
      }
      if (!follow || last || signal?.aborted === true) {
        return;
      }
      await this._more(signal);
    }
  }

  /** Wakes who follows. */
  wake(): void {
    this._waiting.splice(0).forEach(wake => wake());
  }

  private _more(signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, PATIENCE);
      signal?.addEventListener('abort', done, { once: true });
      this._waiting.push(done);
    });
  }

  /** Lines that wait for their end since before this time, ms, are written as they are. */
  private _complete(before: number): void {
    for (const [where, { text, at }] of this._open) {
      if (at <= before) {
        this._open.delete(where);
        this._add(`[${where}] ${text}\n`);
      }
    }
  }

  private _watch(): void {
    if (this._open.size > 0) {
      this._timer ??= setTimeout(() => {
        this._timer = undefined;
        this._complete(performance.now() - PATIENCE);
        this._watch();
      }, PATIENCE);
    }
  }

  private _add(line: string): void {
    if (this._written >= MOST) {
      return;
    }
    this._written += line.length;
    this._pieces.push(this._written >= MOST ? CUT : line);
    this._writing ??= this._write();
  }

  private async _write(): Promise<void> {
    while (this._pieces.length > 0) {
      const text = this._pieces.join('');
      this._pieces = [];
      try {
        await appendFile(this.file, text, { mode: 0o600 });
      } catch {
        // A full disk must not end a job for the sake of its log; the job itself says so when it cannot write.
        this._written = MOST;
      }
      this.wake();
    }
    this._writing = undefined;
  }

  private readonly _open = new Map<string, { text: string; at: number }>();
  private readonly _waiting: (() => void)[] = [];
  private _pieces: string[] = [];
  private _written = 0;
  private _writing: Promise<void> | undefined;
  private _timer: NodeJS.Timeout | undefined;
}

function partPattern(part: string): RegExp {
  const text = part.replace(/[^\w ]/g, '');
  return new RegExp(/ /.test(text) ? `^\\[${text}\\] ` : `^\\[\\w+ ${text}\\] `);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return 0;
    }
    throw error;
  }
}
