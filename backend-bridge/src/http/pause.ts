import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many milliseconds, at most until the signal: an abort ends the pause and is no error, so look at the signal after it. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) {
      throw error;
    }
  }
}
