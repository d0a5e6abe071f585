import { once } from 'node:events';
import type { IContext } from './manager';

/** Sends what comes, as it comes, and waits for slow readers. Ends when the source ends or the reader goes. */
export async function streamText(
  context: IContext,
  source: AsyncIterable<Buffer>,
  stop: AbortController
): Promise<void> {
  const { response } = context;
  const gone = (): void => stop.abort();
  response.once('close', gone);
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff'
  });
  // The headers go at once: a job may have nothing to say for a while.
  response.flushHeaders();
  try {
    for await (const part of source) {
      if (stop.signal.aborted) {
        break;
      }
      if (!response.write(part)) {
        await once(response, 'drain', { signal: stop.signal });
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) {
      throw error;
    }
  } finally {
    response.off('close', gone);
    stop.abort();
    response.end();
  }
}

const HEARTBEAT_MS = 15_000;
/** Events that a slow reader may be behind before it is cut off; it connects again and reads everything anew. */
const MAX_BEHIND = 1024 * 1024;

/** `GET /system/events`: changes of services and jobs, as server-sent events. */
export function streamEvents(context: IContext): undefined {
  const { manager, response, caller } = context;
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no'
  });
  response.write(': connected\n\n');
  const write = (text: string): void => {
    if (response.writableLength > MAX_BEHIND) {
      response.destroy();
    } else {
      response.write(text);
    }
  };
  const mine = new Set<string>();
  const subscription = manager.options.events.subscribe(event => {
    const name = event.kind === 'service' ? event.name : (event.service ?? '');
    const service = manager.state.service(name);
    const visible = caller.admin || (service ? manager.mayRead(caller, service) : mine.has(name));
    if (visible) {
      mine.add(name);
      write(`data: ${JSON.stringify(event)}\n\n`);
    }
  });
  const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
  response.once('close', () => {
    clearInterval(heartbeat);
    subscription.dispose();
  });
  return undefined;
}
