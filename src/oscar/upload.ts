import type { Upload } from '../contract';
import { BridgeError, isAbort } from '../bridge/errors';

/** Bytes of one part; the bridge takes at most 16 MB. */
export const PART_SIZE = 4 * 1024 * 1024;

const ATTEMPTS = 6;

/** The calls of the client that an upload needs. */
export interface IUploadTarget {
  createUpload(name: string, size: number): Promise<Upload>;
  putUpload(id: string, offset: number, part: Blob, signal?: AbortSignal): Promise<Upload>;
  deleteUpload(id: string): Promise<void>;
}

export interface IUploadOptions {
  target: IUploadTarget;
  file: File;
  signal?: AbortSignal;
  /** Called with 0 to 1. */
  onProgress?: (progress: number) => void;
  partSize?: number;
  /** Milliseconds before the attempt with this number. */
  delay?: (attempt: number) => number;
}

/**
 * Send a file of the desktop to the bridge, part by part; answers the id for `{upload: id}`.
 *
 * A part that fails is sent again, from where the bridge says it stopped. What was sent is thrown away when it is given up.
 */
export async function uploadFile(options: IUploadOptions): Promise<string> {
  const { target, file, signal, onProgress, partSize = PART_SIZE } = options;
  const delay = options.delay ?? ((attempt: number) => Math.min(15000, 500 * 2 ** attempt));
  const upload = await target.createUpload(file.name, file.size);
  let offset = upload.received;
  let failures = 0;
  try {
    while (offset < file.size) {
      signal?.throwIfAborted();
      try {
        const { received } = await target.putUpload(upload.id, offset, file.slice(offset, offset + partSize), signal);
        offset = received;
        failures = 0;
        onProgress?.(offset / file.size);
      } catch (reason) {
        const known = receivedOf(reason);
        if (isAbort(reason) || signal?.aborted || !isTemporary(reason, known) || ++failures >= ATTEMPTS) {
          throw reason;
        }
        offset = known ?? offset;
        await new Promise(resolve => setTimeout(resolve, delay(failures - 1)));
      }
    }
    return upload.id;
  } catch (reason) {
    await target.deleteUpload(upload.id).catch(() => undefined);
    throw reason;
  }
}

/** How much the bridge has, when its refusal says so. */
function receivedOf(reason: unknown): number | undefined {
  if (reason instanceof BridgeError) {
    const received: unknown = (reason.problem as Record<string, unknown>).received;
    return typeof received === 'number' ? received : undefined;
  }
  return undefined;
}

function isTemporary(reason: unknown, received: number | undefined): boolean {
  if (!(reason instanceof BridgeError)) {
    return false;
  }
  const { status } = reason.problem;
  return status === 0 || status === 429 || status >= 502 || (status === 409 && received !== undefined);
}
