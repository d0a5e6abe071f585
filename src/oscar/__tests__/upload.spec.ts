import { BridgeError } from '../../bridge/errors';
import type { Upload } from '../../contract';
import type { IUploadTarget } from '../upload';
import { uploadFile } from '../upload';

const failure = (status: number, extra: object = {}): BridgeError =>
  new BridgeError({ type: 'urn:x', title: 't', detail: '', status, ...extra });

/** Stores parts, and fails as told before a part is stored. */
class Target implements IUploadTarget {
  constructor(private readonly _faults: (BridgeError | 'lost' | null)[] = []) {}

  text = '';
  offsets: number[] = [];
  deleted = 0;

  async createUpload(name: string, size: number): Promise<Upload> {
    return { id: 'u', name, size, received: 0 };
  }

  async putUpload(id: string, offset: number, part: Blob): Promise<Upload> {
    this.offsets.push(offset);
    const fault = this._faults.shift() ?? null;
    if (fault !== null && fault !== 'lost') {
      throw fault;
    }
    if (offset !== this.text.length) {
      throw failure(409, { received: this.text.length });
    }
    this.text += await read(part);
    if (fault === 'lost') {
      // Stored, but the answer does not arrive.
      throw failure(0);
    }
    return { id, name: '', size: 0, received: this.text.length };
  }

  async deleteUpload(): Promise<void> {
    this.deleted++;
  }
}

function read(blob: Blob): Promise<string> {
  return new Promise(resolve => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.readAsText(blob);
  });
}

const run = (target: Target, progress: number[] = []): Promise<string> =>
  uploadFile({
    target,
    file: new File(['0123456789'], 'a.txt'),
    partSize: 4,
    delay: () => 0,
    onProgress: value => progress.push(value)
  });

describe('uploadFile', () => {
  it('sends the parts in order and tells how far it is', async () => {
    const target = new Target();
    const progress: number[] = [];
    await expect(run(target, progress)).resolves.toBe('u');
    expect(target.text).toBe('0123456789');
    expect(target.offsets).toEqual([0, 4, 8]);
    expect(progress).toEqual([0.4, 0.8, 1]);
  });

  it('sends a part again after a lost connection', async () => {
    const target = new Target([null, failure(0), failure(502), null]);
    await run(target);
    expect(target.text).toBe('0123456789');
    expect(target.offsets).toEqual([0, 4, 4, 4, 8]);
  });

  it('goes on where the bridge is when an answer was lost', async () => {
    const target = new Target([null, 'lost']);
    await run(target);
    expect(target.text).toBe('0123456789');
    expect(target.offsets).toEqual([0, 4, 4, 8]);
  });

  it('gives up at a refusal and throws away what was sent', async () => {
    const target = new Target([null, failure(507)]);
    target.putUpload = async () => Promise.reject(failure(413));
    await expect(run(target)).rejects.toMatchObject({ problem: { status: 413 } });
    expect(target.deleted).toBe(1);
  });

  it('gives up after too many failures in a row', async () => {
    const target = new Target(Array.from({ length: 20 }, () => failure(503)));
    await expect(run(target)).rejects.toMatchObject({ problem: { status: 503 } });
    expect(target.offsets.length).toBe(6);
    expect(target.deleted).toBe(1);
  });
});
