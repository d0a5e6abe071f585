/** A line of the manager's log of executions, as `GET /system/logs` gives it. */
export interface ISystemLogEntry {
  timestamp: string;
  status: number;
  latency: string;
  client_ip: string;
  method: string;
  path: string;
  user: string;
  raw: string;
}

const KEPT = 1000;

/** The last calls of /job and /run. The manager reads them out of its own log; here they are kept as they happen. */
export class SystemLog {
  add(call: {
    time: Date;
    status: number;
    milliseconds: number;
    client: string;
    method: string;
    path: string;
    user: string;
  }): void {
    const timestamp = call.time.toISOString().replace(/\.\d+Z$/, 'Z');
    const latency = goDuration(call.milliseconds);
    const method = call.method.padEnd(7);
    this._entries.push({
      timestamp,
      status: call.status,
      latency,
      client_ip: call.client,
      method: call.method,
      path: call.path,
      user: call.user,
      raw: `[GIN-EXECUTIONS-LOGGER] ${timestamp} | ${call.status} | ${latency} | ${call.client} | ${method} ${call.path} | ${call.user}`
    });
    if (this._entries.length > KEPT) {
      this._entries.splice(0, this._entries.length - KEPT);
    }
  }

  /** `timestamps` gives what the real manager gives then: the time twice, with the prefix of the log between. */
  entries(timestamps: boolean): ISystemLogEntry[] {
    if (!timestamps) {
      return [...this._entries];
    }
    return this._entries.map(entry => ({
      ...entry,
      timestamp: `${entry.timestamp} [GIN-EXECUTIONS-LOGGER] ${entry.timestamp}`,
      raw: `${entry.timestamp} ${entry.raw}`
    }));
  }

  private readonly _entries: ISystemLogEntry[] = [];
}

/** A duration as Go prints it: `1.234567ms`, `2.5s`. */
export function goDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6);
  const short = (value: number): string => String(Number(value.toFixed(9)));
  if (nanoseconds < 1000) {
    return `${nanoseconds}ns`;
  }
  if (nanoseconds < 1e6) {
    return `${short(nanoseconds / 1e3)}µs`;
  }
  if (nanoseconds < 1e9) {
    return `${short(nanoseconds / 1e6)}ms`;
  }
  const seconds = nanoseconds / 1e9;
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${short(seconds)}s` : `${minutes}m${short(seconds - minutes * 60)}s`;
}
