/**
 * Knows when the bridge has nothing to do: no call for a while, none under way, and nothing to keep.
 */
export class Activity {
  constructor(options: Activity.IOptions) {
    this._idle = options.idleSeconds * 1000;
    this._busy = options.busy;
    this._onIdle = options.onIdle;
    if (this._idle > 0) {
      // Looking a few times in the period keeps the end close to the promised one without a timer for each call.
      this._timer = setInterval(() => this._look(), Math.max(50, Math.min(this._idle / 4, 15_000)));
      this._timer.unref();
    }
  }

  /** A call begins; what is returned ends it (once). */
  begin(): () => void {
    this._open += 1;
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        this._open -= 1;
        this._last = performance.now();
      }
    };
  }

  dispose(): void {
    clearInterval(this._timer);
  }

  private _look(): void {
    if (this._open > 0 || this._busy()) {
      this._last = performance.now();
    } else if (performance.now() - this._last >= this._idle) {
      this.dispose();
      this._onIdle();
    }
  }

  private readonly _idle: number;
  private readonly _busy: () => boolean;
  private readonly _onIdle: () => void;
  private _open = 0;
  private _last = performance.now();
  private _timer: NodeJS.Timeout | undefined;
}

export namespace Activity {
  export interface IOptions {
    /** 0: never idle. */
    idleSeconds: number;
    /** True while something must be kept: jobs, submissions, operations, exposed services. */
    busy: () => boolean;
    onIdle: () => void;
  }
}
