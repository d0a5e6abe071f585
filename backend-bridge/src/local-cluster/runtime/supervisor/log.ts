/** Python's levels. A logger at NOTSET has the level of its root: WARNING. */
const LEVELS: Record<string, number> = { NOTSET: 30, DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 };

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

/** Lines of the supervisor, in its format: `2026-06-11 10:00:00,123 - supervisor - INFO - Creating response`. */
export class SupervisorLog {
  constructor(
    level: string,
    private readonly _write: (line: string) => void
  ) {
    this._level = LEVELS[level] ?? LEVELS.INFO;
  }

  line(level: LogLevel, message: string): void {
    if (LEVELS[level] >= this._level) {
      this._write(`${now()} - supervisor - ${level} - ${message}\n`);
    }
  }

  info(message: string): void {
    this.line('INFO', message);
  }

  enabled(level: LogLevel): boolean {
    return LEVELS[level] >= this._level;
  }

  private readonly _level: number;
}

/** Python's `asctime`: local time with a comma before the milliseconds. */
function now(): string {
  const date = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, '0')}`;
}
