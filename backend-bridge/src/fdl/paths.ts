import type { IStorageIO } from './service';

export interface IProviderId {
  /** `minio`, `s3`, `onedata`, `webdav`, `rucio`, in lower case; others as they are. */
  type: string;
  id: string;
}

/** `minio` and `minio.default` are one provider. */
export function parseProvider(text: string): IProviderId {
  const [type, ...rest] = text.trim().split('.');
  const id = rest.join('.');
  return { type: type.toLowerCase(), id: id === '' ? 'default' : id };
}

export function providerName(provider: IProviderId): string {
  return `${provider.type}.${provider.id}`;
}

/** A place in a provider: `bucket` and `prefix` without slashes around it. */
export interface IPlaceInStorage {
  provider: string;
  bucket: string;
  prefix: string;
}

/** Takes spaces and slashes off both ends, as the server does. */
export function trimPath(path: string): string {
  return path.trim().replace(/^[/\s]+|[/\s]+$/g, '');
}

/**
 * The bucket and folder of a path. `service` is put in front of a path without a slash where the server does so (4.1, for
 * minio and s3).
 */
export function parsePath(provider: string, path: string, service?: string): IPlaceInStorage {
  const id = parseProvider(provider);
  const trimmed = trimPath(path);
  const full =
    service !== undefined && trimmed !== '' && !trimmed.includes('/') && (id.type === 'minio' || id.type === 's3')
      ? `${service}/${trimmed}`
      : trimmed;
  const slash = full.indexOf('/');
  return {
    provider: providerName(id),
    bucket: slash < 0 ? full : full.slice(0, slash),
    prefix: slash < 0 ? '' : trimPath(full.slice(slash + 1))
  };
}

export function placeOfIO(io: IStorageIO, service?: string): IPlaceInStorage {
  return parsePath(io.storage_provider, io.path, service);
}

export function pathOf(place: { bucket: string; prefix: string }): string {
  return place.prefix === '' ? place.bucket : `${place.bucket}/${place.prefix}`;
}

/** True when objects below `inner` lie below `outer`. */
export function isUnder(inner: IPlaceInStorage, outer: IPlaceInStorage): boolean {
  return (
    inner.provider === outer.provider &&
    inner.bucket === outer.bucket &&
    (outer.prefix === '' || inner.prefix === outer.prefix || inner.prefix.startsWith(outer.prefix + '/'))
  );
}

export const MINIO_DEFAULT = 'minio.default';
