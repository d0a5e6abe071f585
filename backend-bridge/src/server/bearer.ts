import { createHash, timingSafeEqual } from 'node:crypto';

/** Checks the bearer of calls in constant time: digests have the same length whatever was sent. */
export class Bearer {
  constructor(secret: string) {
    this._digest = createHash('sha256').update(secret).digest();
  }

  /** @param header - `Authorization` as it came. */
  accepts(header: string | undefined): boolean {
    const given = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(header ?? '');
    const digest = createHash('sha256')
      .update(given?.[1] ?? '')
      .digest();
    return timingSafeEqual(digest, this._digest) && given !== null;
  }

  private readonly _digest: Buffer;
}
