import { redactText } from '../http/redact';

export type LogLevel = 'info' | 'warning' | 'error';

/** Where the bridge says what it does: one redacted line each. */
export interface ILog {
  info(message: string): void;
  warning(message: string): void;
  /** With an error, its stack follows in the same line. */
  error(message: string, error?: unknown): void;
}

const MAX_LINE = 4000;

/** Control characters would let a remote text forge lines or colour the terminal. */
function oneLine(text: string): string {
  return text
    .replace(/\r?\n/g, ' | ')
    .replace(/\p{Cc}/gu, '?')
    .slice(0, MAX_LINE);
}

/** Writes to a stream, usually stderr. */
export class Log implements ILog {
  constructor(options: Log.IOptions) {
    this._write = options.write;
  }

  info(message: string): void {
    this._line('info', message);
  }

  warning(message: string): void {
    this._line('warning', message);
  }

  error(message: string, error?: unknown): void {
    const detail =
      error instanceof Error ? `: ${error.stack ?? error.message}` : error === undefined ? '' : `: ${String(error)}`;
    this._line('error', message + detail);
  }

  private _line(level: LogLevel, message: string): void {
    this._write(`${new Date().toISOString()} ${level} ${oneLine(redactText(message))}\n`);
  }

  private readonly _write: (line: string) => void;
}

export namespace Log {
  export interface IOptions {
    write: (line: string) => void;
  }
}
