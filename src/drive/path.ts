import { BridgeError } from '../bridge/errors';

/** Name of the drive: the first part of its paths, as in `buckets:local/results/x.png`. */
export const DRIVE = 'buckets';

/** First part of a path that means the account on AWS; ids of clusters have no such sign. */
export const AWS = '@aws';

/** Where a path of the drive leads: to nothing but the list of places, a place, a bucket, or what is in it. */
export interface IPlace {
  /** Id of a cluster, or `@aws`. */
  place?: string;
  bucket?: string;
  /** Without slashes at its ends; empty: the bucket itself. */
  key: string;
}

/** `edge/results/in/x.png` → the key `in/x.png` in the bucket `results` of the cluster `edge`. */
export function parsePath(path: string): IPlace {
  const [place, bucket, ...rest] = path.split('/').filter(part => part !== '');
  return { place, bucket, key: rest.join('/') };
}

export function lastPart(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() ?? '';
}

/** The folder of a path, with a slash at its end unless empty. */
export function parentOf(key: string): string {
  const end = key.replace(/\/+$/, '').lastIndexOf('/');
  return end < 0 ? '' : key.slice(0, end + 1);
}

/** A name that is not taken: `untitled.txt`, `untitled1.txt`, … */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const dot = wanted.lastIndexOf('.');
  const [base, extension] = dot > 0 ? [wanted.slice(0, dot), wanted.slice(dot)] : [wanted, ''];
  for (let i = 0; ; i++) {
    const name = `${base}${i === 0 ? '' : i}${extension}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

/** @param action - what to do instead */
export function refused(title: string, detail: string, action?: string): BridgeError {
  return new BridgeError({ type: 'urn:jupyterlab-oscar:problem:invalid', title, status: 400, detail, action });
}
