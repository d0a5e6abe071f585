import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MimeModel } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

/** A file to be drawn. */
export interface IRenderable {
  name: string;
  mediaType: string;
  bytes: Blob;
}

/**
 * Draw a file as a notebook would, but never trust it: it may come from anybody's script.
 *
 * HTML goes into a frame without an origin that may load nothing; SVG is shown as a picture, in which scripts do not run.
 */
export async function renderFile(rendermime: IRenderMimeRegistry, file: IRenderable): Promise<Widget> {
  const type = baseType(file.mediaType);
  if (type === 'text/html' || type === 'application/xhtml+xml') {
    return new SandboxFrame(await file.bytes.text(), file.name);
  }
  if (type === 'image/svg+xml') {
    return new Picture(`data:image/svg+xml;base64,${await base64(file.bytes)}`, file.name);
  }
  let mimeType = type;
  let data: ReadonlyPartialJSONValue;
  if (type.startsWith('image/')) {
    if (!rendermime.mimeTypes.includes(type)) {
      return new Picture(`data:${type};base64,${await base64(file.bytes)}`, file.name);
    }
    data = await base64(file.bytes);
  } else {
    const text = await file.bytes.text();
    data = text;
    if (type === 'application/json' || type.endsWith('+json')) {
      try {
        data = JSON.parse(text) as ReadonlyPartialJSONValue;
        mimeType = 'application/json';
      } catch {
        mimeType = 'text/plain';
      }
    } else if (type !== 'text/markdown') {
      mimeType = 'text/plain';
    }
  }
  if (!rendermime.mimeTypes.includes(mimeType)) {
    mimeType = 'text/plain';
    data = typeof data === 'string' ? data : JSON.stringify(data, null, 2);
  }
  const renderer = rendermime.createRenderer(mimeType);
  const model = new MimeModel({ data: { [mimeType]: data }, trusted: false });
  await renderer.renderModel(model);
  renderer.node.querySelectorAll('img').forEach(image => (image.alt = image.alt || file.name));
  return renderer;
}

/** Text with the highlighting of Markdown's code blocks. */
export async function renderCode(rendermime: IRenderMimeRegistry, text: string, language: string): Promise<Widget> {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(match => match[0].length));
  const fence = '`'.repeat(longest + 1);
  const renderer = rendermime.createRenderer('text/markdown');
  const data = { 'text/markdown': `${fence}${language}\n${text}\n${fence}` };
  await renderer.renderModel(new MimeModel({ data, trusted: false }));
  return renderer;
}

class Picture extends Widget {
  constructor(source: string, name: string) {
    const image = document.createElement('img');
    image.src = source;
    image.alt = name;
    super({ node: document.createElement('div') });
    this.addClass('jp-OscarPicture');
    this.node.append(image);
  }
}

/** What a page of somebody may do in its frame: run its own scripts on its own data, reach nothing. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; " +
  "media-src data: blob:; form-action 'none'; base-uri 'none'";

class SandboxFrame extends Widget {
  constructor(html: string, name: string) {
    super({ node: document.createElement('div') });
    this.addClass('jp-OscarFrame');
    const frame = document.createElement('iframe');
    // Without allow-same-origin the page has no origin, hence no cookies and no way to Jupyter.
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.setAttribute('referrerpolicy', 'no-referrer');
    frame.title = name;
    frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}">${html}`;
    this.node.append(frame);
  }
}

function baseType(mediaType: string): string {
  return mediaType.split(';')[0].trim().toLowerCase();
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error('The file could not be read.'));
    reader.readAsDataURL(blob);
  });
}
