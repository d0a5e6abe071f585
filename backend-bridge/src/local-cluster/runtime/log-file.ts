import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs';
import { dirname } from 'node:path';
import { isDiskFull } from '../disk-full';

/** How many moments are remembered for timestamps. */
const STAMPS = 1000;

/** When a part of the log was written: bytes from the beginning, milliseconds since 1970. */
export type Stamp = [offset: number, time: number];

/**
 * A log being written. It keeps the beginning and the end, `size` bytes each, in one file that never grows beyond both: the
 * end is a ring. When the log is closed, what was left out is said in a line between the two.
 *
 * What a full disk does not take is left out, and said where the log goes on: the program that writes goes on, too.
 */
export class LogWriter {
  /**
   * @param path File; made, with its folder, at the first byte.
   * @param size Bytes of the beginning, and as many of the end.
   */
  constructor(
    readonly path: string,
    private readonly _size: number
  ) {}

  /** Bytes written so far. */
  get total(): number {
    return this._total;
  }

  get stamps(): readonly Stamp[] {
    return this._stamps;
  }

  /** Bytes that the disk had no room for. */
  get lost(): number {
    return this._lost;
  }

  write(data: Buffer | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (bytes.length === 0) {
      return;
    }
    const before = this._total;
    try {
      if (this._unsaid > 0) {
        this._write(lostLine(this._unsaid));
        this._unsaid = 0;
      }
      this._write(bytes);
    } catch (error) {
      if (!isDiskFull(error)) {
        throw error;
      }
      const missing = bytes.length - Math.max(0, this._total - before);
      this._lost += missing;
      this._unsaid += missing;
    }
    for (const wake of this._waiting.splice(0)) {
      wake();
    }
  }

  private _write(data: Buffer): void {
    let rest = data;
    this._stamp();
    const fd = this._open();
    if (rest.length > 2 * this._size) {
      // Of a piece larger than all that is kept, only its two ends matter; the ring's place stays that of the true length.
      const skipTo = rest.length - this._size;
      const head = rest.subarray(0, Math.max(0, this._size - this._total));
      if (head.length > 0) {
        writeSync(fd, head, 0, head.length, this._total);
      }
      this._total += skipTo;
      rest = rest.subarray(skipTo);
    }
    while (rest.length > 0) {
      const { position, room } = this._place(this._total);
      const part = rest.subarray(0, Math.min(room, rest.length));
      // A disk that is filling up takes a part of it.
      const written = writeSync(fd, part, 0, part.length, position);
      this._total += written;
      rest = rest.subarray(written);
    }
  }

  private _open(): number {
    if (this._fd === undefined) {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      this._fd = openSync(this.path, 'w+', 0o600);
    }
    return this._fd;
  }

  /** Bytes from `from` on: what is there now, and where to go on. Says where something is left out. */
  read(from: number): { data: Buffer; next: number } {
    if (this._fd === undefined || from >= this._total) {
      return { data: Buffer.alloc(0), next: Math.max(from, 0) };
    }
    let start = Math.max(0, from);
    const kept = Math.max(this._size, this._total - this._size);
    const parts: Buffer[] = [];
    if (start >= this._size && start < kept) {
      parts.push(cutLine(kept - start));
      start = kept;
    }
    const end = Math.min(this._total, start + 65536);
    while (start < end) {
      const { position, room } = this._place(start);
      const length = Math.min(room, end - start);
      parts.push(readAt(this._fd, position, length));
      start += length;
    }
    return { data: Buffer.concat(parts), next: start };
  }

  /** Resolves when more was written, or it was closed. */
  more(): Promise<void> {
    return this._closed ? Promise.resolve() : new Promise(resolve => this._waiting.push(resolve));
  }

  get closed(): boolean {
    return this._closed;
  }

  /** All of it as it will be read later. */
  close(): void {
    if (this._closed) {
      return;
    }
    this._closed = true;
    if (this._unsaid > 0) {
      try {
        this._write(lostLine(this._unsaid));
      } catch (error) {
        if (!isDiskFull(error)) {
          throw error;
        }
        // Still no room: `lost` tells.
      }
    }
    const fd = this._fd;
    if (fd !== undefined) {
      if (this._total > 2 * this._size) {
        const tail = this._tail(fd);
        const lineStart = tail.indexOf(10) + 1;
        const head = readAt(fd, 0, this._size);
        const headEnd = head.lastIndexOf(10) + 1 || head.length;
        const cut = this._total - this._size + lineStart - headEnd;
        this._replace([head.subarray(0, headEnd), cutLine(cut), tail.subarray(lineStart)]);
      }
      closeSync(fd);
      this._fd = undefined;
    }
    for (const wake of this._waiting.splice(0)) {
      wake();
    }
  }

  /** Puts the log in the order in which it is read; without room for that its end stays where the ring has it. */
  private _replace(parts: Buffer[]): void {
    const temporary = `${this.path}.new`;
    try {
      const out = openSync(temporary, 'w', 0o600);
      try {
        for (let rest = Buffer.concat(parts); rest.length > 0;) {
          rest = rest.subarray(writeSync(out, rest));
        }
      } finally {
        closeSync(out);
      }
      renameSync(temporary, this.path);
    } catch (error) {
      if (!isDiskFull(error)) {
        throw error;
      }
      rmSync(temporary, { force: true });
    }
  }

  private _tail(fd: number): Buffer {
    const start = this._size + ((this._total - this._size) % this._size);
    return Buffer.concat([readAt(fd, start, 2 * this._size - start), readAt(fd, this._size, start - this._size)]);
  }

  /** Where byte `offset` lies in the file, and how many follow it there. */
  private _place(offset: number): { position: number; room: number } {
    if (offset < this._size) {
      return { position: offset, room: this._size - offset };
    }
    const inRing = (offset - this._size) % this._size;
    return { position: this._size + inRing, room: this._size - inRing };
  }

  private _stamp(): void {
    const now = Date.now();
    const last = this._stamps.at(-1);
    if (last && now - last[1] < this._step) {
      return;
    }
    this._stamps.push([this._total, now]);
    if (this._stamps.length >= STAMPS) {
      // A long log is remembered more coarsely.
      this._stamps = this._stamps.filter((_, index) => index % 2 === 0);
      this._step *= 2;
    }
  }

  private _fd: number | undefined;
  private _total = 0;
  private _lost = 0;
  private _unsaid = 0;
  private _closed = false;
  private _stamps: Stamp[] = [];
  private _step = 10;
  private _waiting: (() => void)[] = [];
}

/** A closed log. Undefined when nothing was written. */
export function readLog(path: string): Buffer | undefined {
  if (!existsSync(path)) {
    return undefined;
  }
  const fd = openSync(path, 'r');
  try {
    return readAt(fd, 0, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/** What a writer would give from its beginning. */
export function readAll(writer: LogWriter): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const { data, next } = writer.read(at);
    if (data.length === 0) {
      return Buffer.concat(parts);
    }
    parts.push(data);
    at = next;
  }
}

/** Bytes of a file, 0 when there is none. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** RFC 3339 time before each line, as `kubectl logs --timestamps` writes it. */
export function withTimestamps(text: string, stamps: readonly Stamp[]): string {
  let offset = 0;
  let stamp = 0;
  return text
    .split(/(?<=\n)/)
    .map(line => {
      while (stamp + 1 < stamps.length && stamps[stamp + 1][0] <= offset) {
        stamp++;
      }
      offset += Buffer.byteLength(line);
      return `${new Date(stamps[stamp]?.[1] ?? 0).toISOString()} ${line}`;
    })
    .join('');
}

function cutLine(bytes: number): Buffer {
  return Buffer.from(`\n[… ${amount(bytes)} of output are not kept …]\n`);
}

function lostLine(bytes: number): Buffer {
  return Buffer.from(`\n[… ${amount(bytes)} of output are missing: the disk was full …]\n`);
}

function amount(bytes: number): string {
  return bytes >= 1e6
    ? `${(bytes / 1e6).toFixed(1)} MB`
    : bytes >= 1e3
      ? `${(bytes / 1e3).toFixed(1)} kB`
      : `${bytes} bytes`;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, position + filled);
    if (count === 0) {
      return buffer.subarray(0, filled);
    }
    filled += count;
  }
  return buffer;
}
