/** Requests that wait until something has changed. */
export class Waiters {
  /** Resolves when `name` is woken, after `milliseconds`, or when nobody waits any more. */
  wait(name: string, milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this._waiting.get(name)?.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done, { once: true });
      const waiting = this._waiting.get(name) ?? new Set();
      this._waiting.set(name, waiting.add(done));
    });
  }

  wake(name: string): void {
    const waiting = this._waiting.get(name);
    this._waiting.delete(name);
    waiting?.forEach(wake => wake());
  }

  private readonly _waiting = new Map<string, Set<() => void>>();
}
