import { setTimeout as delay } from 'node:timers/promises';
import { BridgeError } from '../http/errors';

export interface IWaits {
  /** Milliseconds that a function may take until it is active. */
  function: number;
  /** Milliseconds that a resource of Batch may take. */
  batch: number;
}

export const WAITS: IWaits = { function: 300_000, batch: 300_000 };

const FIRST = 250;
const LONGEST = 5000;

/**
 * Asks again and again, more and more seldom, until there is an answer.
 *
 * @param what - what is waited for, as a sentence's end
 * @param ask - undefined: not yet
 * @throws BridgeError timeout
 */
export async function until<T>(
  what: string,
  milliseconds: number,
  ask: () => Promise<T | undefined>,
  options: { signal?: AbortSignal; onWait?: (seconds: number) => void } = {}
): Promise<T> {
  const started = performance.now();
  for (let pause = FIRST; ; pause = Math.min(pause * 1.6, LONGEST)) {
    options.signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) {
      return answer;
    }
    const passed = performance.now() - started;
    if (passed > milliseconds) {
      throw new BridgeError({
        type: 'timeout',
        title: 'It takes too long',
        status: 504,
        detail: `After ${Math.round(passed / 1000)} s ${what}.`,
        action: 'Look at it in the console of AWS, then try again.'
      });
    }
    options.onWait?.(passed / 1000);
    await delay(Math.min(pause, Math.max(10, milliseconds - passed)), undefined, { signal: options.signal });
  }
}
