import type { FdlValue } from '../types';
import type { Reporter } from './reporter';

/** `[host[:port]/]path[/path…][:tag][@digest]`, as container runtimes read it. */
const HOST = /^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?)$/;
const PART = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Whether a text can be the name of an image. */
export function checkImage(image: FdlValue | undefined, at: string, reporter: Reporter): void {
  if (typeof image !== 'string' || image === '') {
    return;
  }
  if (/[\s<>]/.test(image) || /^[/:@]|[/:@]$/.test(image) || image.includes('://')) {
    const bare = image.trim().replace(/^\w+:\/\//, '');
    reporter.error(
      'bad-image',
      at,
      `${image} is not the name of an image. Write it as registry/name:tag, without https:// and spaces.`,
      isImage(bare) ? reporter.replace(at, bare) : undefined
    );
    return;
  }
  const { host, path, tag, digest } = takeApart(image);
  if (/[A-Z]/.test(path)) {
    const lower = [host, path.toLowerCase()].filter(Boolean).join('/') + (tag === undefined ? '' : `:${tag}`);
    reporter.error(
      'bad-image',
      at,
      'The name of an image is written in lower case; only the tag may have capitals.',
      reporter.replace(at, lower + (digest === undefined ? '' : `@${digest}`))
    );
  } else if (!isImage(image)) {
    reporter.error(
      'bad-image',
      at,
      tag !== undefined && !TAG.test(tag)
        ? `${tag} is not a tag of an image: letters, digits and _ . -, at most 128.`
        : digest !== undefined && !DIGEST.test(digest)
          ? `${digest} is not a digest of an image. Write sha256: and 64 hexadecimal digits.`
          : `${image} is not the name of an image. Write it as registry/name:tag.`
    );
  }
}

interface IImageName {
  host: string;
  path: string;
  tag?: string;
  digest?: string;
}

function takeApart(image: string): IImageName {
  const [name, ...rest] = image.split('@');
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const full = hasHost ? name.slice(slash + 1) : name;
  const colon = full.indexOf(':', full.lastIndexOf('/') + 1);
  return {
    host: hasHost ? first : '',
    path: colon < 0 ? full : full.slice(0, colon),
    ...(colon < 0 ? {} : { tag: full.slice(colon + 1) }),
    ...(rest.length === 0 ? {} : { digest: rest.join('@') })
  };
}

function isImage(image: string): boolean {
  const { host, path, tag, digest } = takeApart(image);
  return (
    (host === '' || HOST.test(host)) &&
    path.length <= 255 &&
    path.split('/').every(part => PART.test(part)) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  );
}
