import { Type, type Static } from '@sinclair/typebox';
import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { BridgeError } from '../http/errors';
import { validate } from './validate';

/** How the embedded cluster is to run; memory in bytes. */
const LocalClusterSettings = Type.Object({
  enabled: Type.Boolean({ default: true }),
  strict: Type.Optional(Type.Boolean()),
  runtime: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('container'), Type.Literal('process')])),
  cpus: Type.Optional(Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()])),
  memory: Type.Optional(Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]))
});

/** The first line on stdin; see contract/README.md. Unknown keys are allowed: an older bridge may meet a newer server. */
export const Handshake = Type.Object({
  fd: Type.Optional(Type.Integer({ minimum: 3 })),
  socket: Type.Optional(Type.String({ minLength: 1 })),
  secret: Type.String({ minLength: 16 }),
  data: Type.String({ minLength: 1 }),
  contentsRoot: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  baseUrl: Type.Optional(Type.String()),
  python: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  examples: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  runner: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  localCluster: Type.Optional(LocalClusterSettings),
  idleSeconds: Type.Optional(Type.Number({ minimum: 0 })),
  detached: Type.Optional(Type.Boolean()),
  connectionFile: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()]))
});
export type Handshake = Static<typeof Handshake>;

const MAX_LINE = 1024 * 1024;

/**
 * Reads the first line of a stream as JSON. The rest of the stream is left running, so that its end can be heard.
 *
 * @throws BridgeError `handshake` when the line is missing, too long or no JSON.
 */
export async function readFirstLine(stream: Readable): Promise<unknown> {
  const line = await new Promise<string>((resolve, reject) => {
    let chunks = Buffer.alloc(0);
    const finish = (result: () => void): void => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('error', onEnd);
      result();
    };
    const onData = (chunk: Buffer): void => {
      chunks = Buffer.concat([chunks, chunk]);
      const end = chunks.indexOf(10);
      if (end >= 0) {
        finish(() => resolve(chunks.toString('utf8', 0, end)));
      } else if (chunks.length > MAX_LINE) {
        finish(() => reject(badHandshake('The first line on stdin is longer than a megabyte.')));
      }
    };
    const onEnd = (): void =>
      finish(() =>
        chunks.length > 0
          ? resolve(chunks.toString('utf8'))
          : reject(badHandshake('Stdin ended before the first line.'))
      );
    stream.on('data', onData);
    stream.once('end', onEnd);
    stream.once('error', onEnd);
  });
  try {
    return JSON.parse(line);
  } catch {
    // The parser's own message repeats parts of the line, which holds a secret.
    throw badHandshake('The first line on stdin is not JSON.');
  }
}

/** Checks what was read. @throws BridgeError that says which field is wrong. */
export function parseHandshake(value: unknown): Handshake {
  const handshake = validate<Handshake>(Handshake, value, 'handshake');
  if ((handshake.fd === undefined) === (handshake.socket === undefined)) {
    throw badHandshake('Give either `fd` or `socket`.');
  }
  for (const key of ['data', 'socket', 'contentsRoot', 'examples', 'runner', 'connectionFile'] as const) {
    const path = handshake[key];
    if (typeof path === 'string' && (!isAbsolute(path) || path.includes('\0'))) {
      throw badHandshake(`\`${key}\` must be an absolute path.`);
    }
  }
  return handshake;
}

function badHandshake(detail: string): BridgeError {
  return new BridgeError({
    type: 'handshake',
    title: 'The bridge was not started correctly',
    status: 500,
    detail,
    action: 'Start it through JupyterLab or `jupyter oscar`.'
  });
}
