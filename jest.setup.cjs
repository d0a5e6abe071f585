/** What jsdom lacks of a browser and the page relies on. */
const { ReadableStream } = require('node:stream/web');
const { TextDecoder, TextEncoder } = require('node:util');

Object.assign(globalThis, { ReadableStream, TextDecoder, TextEncoder });

globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

// lumino's drags ask for it when they are loaded.
globalThis.DragEvent ??= class extends globalThis.MouseEvent {};

globalThis.matchMedia ??= query =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined
  });

// Blobs of jsdom can only be read with a FileReader.
globalThis.Blob.prototype.arrayBuffer ??= function () {
  return new Promise((resolve, reject) => {
    const reader = new globalThis.FileReader();
    reader.addEventListener('load', () => resolve(reader.result));
    reader.addEventListener('error', () => reject(reader.error));
    reader.readAsArrayBuffer(this);
  });
};
globalThis.Blob.prototype.text ??= async function () {
  return Buffer.from(await this.arrayBuffer()).toString('utf8');
};
