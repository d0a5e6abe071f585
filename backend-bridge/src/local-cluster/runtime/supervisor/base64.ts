import { SupervisorError } from './errors';

/**
 * Python's `base64.b64decode` with its defaults: characters outside the alphabet are skipped, a complete padding ends the
 * text, and what is left over is an error.
 *
 * @throws SupervisorError with Python's message.
 */
export function pyBase64(text: string): Buffer {
  if (isBase64(text)) {
    return Buffer.from(text, 'base64');
  }
  let clean = '';
  let pads = 0;
  for (const character of text) {
    if (character > '\u007f') {
      throw new SupervisorError('ValueError: string argument should contain only ASCII characters');
    }
    if (character === '=') {
      const filled = clean.length % 4;
      if (filled >= 2 && filled + ++pads >= 4) {
        return Buffer.from(clean, 'base64');
      }
      continue;
    }
    if (/[A-Za-z0-9+/]/.test(character)) {
      pads = 0;
      clean += character;
    }
  }
  const left = clean.length % 4;
  if (left === 1) {
    throw new SupervisorError(
      `binascii.Error: Invalid base64-encoded string: number of data characters (${clean.length}) cannot be 1 more than a multiple of 4`
    );
  }
  if (left !== 0) {
    throw new SupervisorError('binascii.Error: Incorrect padding');
  }
  return Buffer.from(clean, 'base64');
}

/** Whole base64 with its padding; line breaks and spaces around it do not matter. */
export function isBase64(text: string): boolean {
  const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
}
