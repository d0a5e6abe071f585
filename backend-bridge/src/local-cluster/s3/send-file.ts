import { read } from 'node:fs';
import type { ServerResponse } from 'node:http';

const PIECE = 256 * 1024;
const PIECES = 3;

/**
 * Sends a piece of an open file, as fast as the reader reads. The same few buffers go round: however large the file and
 * slow the reader, memory stays as it is.
 *
 * @returns false when the reader went away
 * @throws Error when the file cannot be read, or is shorter than it was; the connection is cut then, so that nobody takes
 * what came for the whole
 */
export async function sendFile(
  response: ServerResponse,
  file: { fd: number; start: number; length: number }
): Promise<boolean> {
  const closed = new Promise<void>(resolve => response.once('close', resolve));
  const buffers = Array.from({ length: Math.min(PIECES, Math.ceil(file.length / PIECE)) }, () =>
    Buffer.allocUnsafeSlow(PIECE)
  );
  const flushed: Promise<unknown>[] = buffers.map(() => Promise.resolve());
  let done = 0;
  try {
    for (let turn = 0; done < file.length; turn = (turn + 1) % buffers.length) {
      await flushed[turn];
      if (response.destroyed) {
        return false;
      }
      const buffer = buffers[turn];
      const got = await readAt(file.fd, buffer, Math.min(PIECE, file.length - done), file.start + done);
      if (got === 0) {
        throw new Error('The file became shorter while it was read.');
      }
      if (response.destroyed) {
        return false;
      }
      done += got;
      const written = new Promise<void>(resolve => response.write(buffer.subarray(0, got), () => resolve()));
      flushed[turn] = Promise.race([written, closed]);
    }
  } catch (error) {
    response.destroy();
    throw error;
  }
  response.end();
  return true;
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}
