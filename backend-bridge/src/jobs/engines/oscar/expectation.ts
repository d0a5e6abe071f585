/** How long parts may take before they count as lost. Seconds. */
export interface IPatience {
  /** Of a part that nothing is known about. */
  first: number;
  /** Never less than this. */
  least: number;
  /** So many times what is expected. */
  factor: number;
}

const SMOOTHING = 0.3;

/** Learns from the parts of a phase that were done what the next ones will take. */
export class Expectation {
  constructor(private readonly _patience: IPatience) {}

  /** A part of `units` took `seconds` of work, after it had waited for `wait`. */
  learn(units: number, seconds: number, wait: number): void {
    const each = seconds / Math.max(1, units);
    this._each = this._each === undefined ? each : Math.max(each, this._each + SMOOTHING * (each - this._each));
    this._wait = this._wait === undefined ? wait : Math.max(wait, this._wait + SMOOTHING * (wait - this._wait));
    this._shortest = Math.max(this._shortest, seconds);
  }

  /** Until it is given up that a part begins. */
  waiting(): number {
    const { first, least, factor } = this._patience;
    return this._wait === undefined ? first : Math.max(least, factor * this._wait);
  }

  /** Until it is given up that a part of `units`, once begun, ends. */
  working(units: number): number {
    const { first, least, factor } = this._patience;
    return this._each === undefined ? first : Math.max(least, factor * Math.max(this._shortest, this._each * units));
  }

  private _each: number | undefined;
  private _wait: number | undefined;
  /** What any part may take, however few units it has. */
  private _shortest = 0;
}
