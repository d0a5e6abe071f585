/** What jsdom lacks of a browser and the page relies on. */
import { ReadableStream } from 'node:stream/web';
import { TextDecoder, TextEncoder } from 'node:util';

// eslint-disable-next-line @typescript-eslint/no-empty-function
class Observer implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

Object.assign(globalThis, { ReadableStream, TextDecoder, TextEncoder });
globalThis.ResizeObserver ??= Observer;
// lumino's drags ask for it when they are loaded.
globalThis.DragEvent ??= class extends MouseEvent {} as unknown as typeof DragEvent;
window.matchMedia ??= (query: string): MediaQueryList =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined
  }) as MediaQueryList;
