import type { Contents } from '@jupyterlab/services';

import { refused } from './path';

/** How a file is given to the editor that opens it. */
export interface IContent {
  type: 'file' | 'notebook';
  format: 'text' | 'base64' | 'json';
  content: unknown;
}

/** Bytes of an object as a model has them: text where they are, else base64. @throws BridgeError when the asked format does not fit */
export async function contentOf(
  bytes: Blob,
  path: string,
  asked: { type?: Contents.ContentType; format?: Contents.FileFormat }
): Promise<IContent> {
  const data = new Uint8Array(await bytes.arrayBuffer());
  if (asked.type === 'notebook' || (asked.type === undefined && path.endsWith('.ipynb'))) {
    try {
      return { type: 'notebook', format: 'json', content: JSON.parse(utf8(data) ?? '') as unknown };
    } catch {
      throw refused('Not a notebook', `${path} holds no notebook.`, 'Open it with the text editor.');
    }
  }
  if (asked.format === 'base64') {
    return { type: 'file', format: 'base64', content: base64(data) };
  }
  const text = utf8(data);
  if (text !== undefined) {
    return { type: 'file', format: 'text', content: text };
  }
  if (asked.format === 'text') {
    throw refused('Not text', `${path} is not UTF-8 text.`, 'Download it instead.');
  }
  return { type: 'file', format: 'base64', content: base64(data) };
}

/** What a model that is saved becomes as bytes. */
export function bytesOf(model: Partial<Contents.IModel>, mediaType: string): Blob {
  const { content, format, type } = model;
  if (type === 'notebook' || format === 'json') {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 1) + '\n';
    return new Blob([text], { type: mediaType });
  }
  if (format === 'base64') {
    const binary = atob(String(content ?? ''));
    return new Blob([Uint8Array.from(binary, sign => sign.charCodeAt(0))], { type: mediaType });
  }
  return new Blob([String(content ?? '')], { type: mediaType });
}

function utf8(data: Uint8Array): string | undefined {
  try {
    // A byte order mark is part of the file.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return undefined;
  }
}

/** In pieces: a long list of arguments would overflow the stack. */
function base64(data: Uint8Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < data.length; i += 0x8000) {
    pieces.push(String.fromCharCode(...data.subarray(i, i + 0x8000)));
  }
  return btoa(pieces.join(''));
}
