/** Work that can be given up as a whole, for a reason. */
export class Stoppable {
  get signal(): AbortSignal {
    return this._abort.signal;
  }

  stop(reason: Error): void {
    this._abort.abort(reason);
  }

  /** What is waited for, unless all is stopped before. @throws the reason then */
  async unless<T>(work: Promise<T>): Promise<T> {
    const { signal } = this._abort;
    signal.throwIfAborted();
    let stop: (() => void) | undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      signal.removeEventListener('abort', stop as () => void);
    }
  }

  private readonly _abort = new AbortController();
}
