import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { ILog } from './log';

/** How long a source may take to fail with a status, in milliseconds, where nobody says more. */
const EARLY = 20;

/**
 * Sends text as it comes. The head goes out at once, so that a reader of a silent log knows that it is connected; a reader that
 * is slow slows the source down.
 *
 * @param early - how long the source may take to fail with a status, in milliseconds
 */
export async function sendText(
  reply: FastifyReply,
  source: AsyncIterable<string>,
  log: ILog,
  early = EARLY
): Promise<FastifyReply> {
  const iterator = source[Symbol.asyncIterator]();
  const first = iterator.next();
  // An error that comes at once still gets a status and a problem document.
  await Promise.race([first, delay(early, undefined, { ref: false })]);
  reply.hijack();
  reply.raw.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff'
  });
  reply.raw.flushHeaders();
  async function* rest(): AsyncGenerator<string> {
    try {
      for (let item = await first; item.done !== true; item = await iterator.next()) {
        yield item.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  try {
    await pipeline(Readable.from(rest()), reply.raw);
  } catch (error) {
    if (!reply.raw.destroyed || (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      log.warning(`A log stream broke off: ${String(error)}`);
    }
  }
  return reply;
}
