import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from './files';

/** Who sent a request. The Jupyter server marks what it carries for the page, and lets nobody else set the mark. */
export function callerOf(request: FastifyRequest): Caller {
  return request.headers['x-oscar-client'] === 'page' ? 'page' : 'local';
}

/** Aborts when the caller goes away before the answer is complete. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) {
      controller.abort(new Error('The caller went away'));
    }
  });
  return controller.signal;
}
