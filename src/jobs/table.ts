import type { ComputeError, ComputePart } from '../contract';

/** States of attempts in the order of their weight: where many share a pixel, the heaviest is shown. */
export const PART_STATES = ['cached', 'superseded', 'done', 'running', 'lost', 'failed'] as const;

export type PartState = ComputePart['state'];

export const CACHED = 0;
export const DONE = 2;
export const RUNNING = 3;
export const LOST = 4;
export const FAILED = 5;

/** One attempt, read back from the table. */
export interface IPartRow {
  phase: string;
  part: number;
  attempt: number;
  worker: string;
  state: PartState;
  first: number;
  count: number;
  /** Seconds since the job was made. */
  start: number;
  /** NaN while it runs. */
  end: number;
  error?: ComputeError;
}

/**
 * All attempts of the parts of a job, in columns: a hundred thousand of them are looked through in a millisecond.
 *
 * #### Notes
 * Times are seconds since the job was made, as the bridge gives them.
 */
export class PartTable {
  /** Number of attempts. */
  get size(): number {
    return this._size;
  }

  /** Names of phases, in the order in which they came. */
  get phases(): readonly string[] {
    return this._phases;
  }

  /** Names of workers, by the number of their lane. */
  get workers(): readonly string[] {
    return this._workers;
  }

  /** Lanes in the order in which people count. */
  get lanes(): readonly number[] {
    this._lanes ??= this._workers
      .map((_, lane) => lane)
      .sort((a, b) => this._workers[a].localeCompare(this._workers[b], undefined, { numeric: true }));
    return this._lanes;
  }

  /** Latest time that an attempt speaks of, seconds. */
  get last(): number {
    return this._last;
  }

  /** Earliest time, seconds. */
  get begin(): number {
    return this._size > 0 ? this._begin : 0;
  }

  start = new Float64Array(64);
  end = new Float64Array(64);
  count = new Float64Array(64);
  state = new Uint8Array(64);
  phase = new Uint8Array(64);
  lane = new Int32Array(64);

  /** Take what has changed. */
  apply(parts: readonly ComputePart[]): void {
    for (const part of parts) {
      const phase = this._phaseOf(part.phase);
      // One number: texts of a hundred thousand parts would take longer to make than all the rest.
      const key = (part.attempt * 256 + phase) * 2 ** 31 + part.part;
      let row = this._rows.get(key);
      const lane = this._laneOf(part.worker);
      if (row === undefined) {
        row = this._size++;
        this._rows.set(key, row);
        this._grow();
        this._enter(lane, row, part.start);
      } else if (this.lane[row] !== lane || this.start[row] !== part.start) {
        const old = this._byLane[this.lane[row]];
        old.splice(old.indexOf(row), 1);
        this._enter(lane, row, part.start);
      }
      this.lane[row] = lane;
      this.start[row] = part.start;
      this.end[row] = part.end ?? NaN;
      this.count[row] = part.count;
      this.state[row] = PART_STATES.indexOf(part.state);
      this._seen |= 1 << this.state[row];
      this.phase[row] = phase;
      this._first[row] = part.first;
      this._part[row] = part.part;
      this._attempt[row] = part.attempt;
      if (part.error) {
        this._errors.set(row, part.error);
      }
      this._begin = Math.min(this._begin, part.start);
      this._last = Math.max(this._last, part.start, part.end ?? 0);
    }
  }

  /** Rows of a lane by the time of their start. */
  rowsOf(lane: number): readonly number[] {
    const rows = this._byLane[lane];
    if (this._unsorted.delete(lane)) {
      rows.sort((a, b) => this.start[a] - this.start[b]);
    }
    return rows;
  }

  row(index: number): IPartRow {
    return {
      phase: this._phases[this.phase[index]],
      part: this._part[index],
      attempt: this._attempt[index],
      worker: this._workers[this.lane[index]],
      state: PART_STATES[this.state[index]],
      first: this._first[index],
      count: this.count[index],
      start: this.start[index],
      end: this.end[index],
      error: this._errors.get(index)
    };
  }

  /** True when an attempt was in this state (index in `PART_STATES`) at some time. */
  has(state: number): boolean {
    return (this._seen & (1 << state)) !== 0;
  }

  /** Attempts that ended badly, the newest first. */
  failed(limit: number): IPartRow[] {
    const rows: number[] = [];
    for (let row = 0; row < this._size; row++) {
      if (this.state[row] >= LOST) {
        rows.push(row);
      }
    }
    return rows
      .sort((a, b) => this.start[b] - this.start[a])
      .slice(0, limit)
      .map(row => this.row(row));
  }

  private _enter(lane: number, row: number, start: number): void {
    const rows = this._byLane[lane];
    if (rows.length > 0 && this.start[rows[rows.length - 1]] > start) {
      this._unsorted.add(lane);
    }
    rows.push(row);
  }

  private _laneOf(worker: string): number {
    let lane = this._laneNumbers.get(worker);
    if (lane === undefined) {
      lane = this._workers.push(worker) - 1;
      this._laneNumbers.set(worker, lane);
      this._byLane.push([]);
      this._lanes = undefined;
    }
    return lane;
  }

  private _phaseOf(name: string): number {
    const known = this._phases.indexOf(name);
    return known >= 0 ? known : this._phases.push(name) - 1;
  }

  private _grow(): void {
    const { length } = this.start;
    if (this._size <= length) {
      return;
    }
    const bigger = <T extends Float64Array | Int32Array | Uint8Array>(column: T, next: T): T => {
      next.set(column);
      return next;
    };
    const size = length * 2;
    this.start = bigger(this.start, new Float64Array(size));
    this.end = bigger(this.end, new Float64Array(size));
    this.count = bigger(this.count, new Float64Array(size));
    this.state = bigger(this.state, new Uint8Array(size));
    this.phase = bigger(this.phase, new Uint8Array(size));
    this.lane = bigger(this.lane, new Int32Array(size));
    this._first = bigger(this._first, new Float64Array(size));
    this._part = bigger(this._part, new Int32Array(size));
    this._attempt = bigger(this._attempt, new Int32Array(size));
  }

  private _first = new Float64Array(64);
  private _part = new Int32Array(64);
  private _attempt = new Int32Array(64);
  private readonly _rows = new Map<number, number>();
  private readonly _errors = new Map<number, ComputeError>();
  private readonly _phases: string[] = [];
  private readonly _workers: string[] = [];
  private readonly _laneNumbers = new Map<string, number>();
  private readonly _byLane: number[][] = [];
  private readonly _unsorted = new Set<number>();
  private _lanes: number[] | undefined;
  private _size = 0;
  private _seen = 0;
  private _begin = Infinity;
  private _last = 0;
}
