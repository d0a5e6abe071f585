import type { IBucketInfo, IObjectInfo, IPutOptions } from '../interfaces';
import type { IBucket } from './catalog';
import { StoreError } from './errors';
import type { IRequester } from './events';
import type { IObjectRow } from './schema';

/** What an object carries beside its bytes. */
export interface IAttributes {
  contentType: string;
  metadata: Record<string, string>;
  /** cache-control, content-encoding and the like, lower case. */
  headers: Record<string, string>;
  tags: Record<string, string>;
}

/** What a put through the endpoint says beyond IPutOptions. */
export interface IWriteOptions extends IPutOptions {
  headers?: Record<string, string>;
  tags?: Record<string, string>;
  /** Algorithm (`crc32`, …) to base64. */
  checksums?: Record<string, string>;
  requester?: IRequester;
  /** `s3:ObjectCreated:Put` when absent. */
  event?: string;
  /** Length of the answer's body, for the event. */
  contentLength?: (object: IObjectInfo) => number;
}

/** As MinIO stores what came without a type. */
export const DEFAULT_TYPE = 'binary/octet-stream';

/** An object and how to answer for it. */
export interface IObjectDetails extends IObjectInfo {
  headers: Record<string, string>;
  tags: Record<string, string>;
  checksums: Record<string, string>;
  /** Parts of a multipart upload; empty for any other. */
  parts: IObjectPart[];
}

/** A part of an upload that became an object. */
export interface IObjectPart {
  size: number;
  checksums: Record<string, string>;
}

/** Sizes; with the checksums where there are any. */
type StoredPart = number | [number, Record<string, string>];

export function partsToJson(parts: IObjectPart[]): string {
  return JSON.stringify(
    parts.map(({ size, checksums }): StoredPart => (toJson(checksums) === '' ? size : [size, checksums]))
  );
}

function partsFromJson(text: string): IObjectPart[] {
  return (JSON.parse(text) as StoredPart[]).map(part =>
    typeof part === 'number' ? { size: part, checksums: {} } : { size: part[0], checksums: part[1] }
  );
}

export function toInfo(row: IObjectRow): IObjectInfo {
  return {
    key: row.key,
    size: row.size,
    etag: row.etag,
    modified: new Date(row.modified),
    contentType: row.type,
    metadata: fromJson(row.metadata)
  };
}

export function toDetails(row: IObjectRow): IObjectDetails {
  return {
    ...toInfo(row),
    headers: fromJson(row.headers),
    tags: fromJson(row.tags),
    checksums: fromJson(row.checksums),
    parts: row.parts === '' ? [] : partsFromJson(row.parts)
  };
}

export function toBucketInfo(bucket: IBucket): IBucketInfo {
  return {
    name: bucket.name,
    created: new Date(bucket.created),
    tags: { ...bucket.tags },
    visibility: bucket.visibility,
    allowedUsers: [...bucket.allowed],
    owner: bucket.owner
  };
}

/** '' stands for none: most objects have none, and the rows stay small. */
export function toJson(value: Record<string, string> | undefined): string {
  if (value === undefined) {
    return '';
  }
  for (const _ in value) {
    return JSON.stringify(value);
  }
  return '';
}

function fromJson(text: string): Record<string, string> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
}

/**
 * Checks `If-None-Match: *` and `If-Match` against what is there now.
 *
 * @param again the conditions held when the request began: someone else was faster
 * @throws StoreError PreconditionFailed, NoSuchKey, ConditionalRequestConflict
 */
export function checkConditions(options: IPutOptions, current: IObjectRow | undefined, again: boolean): void {
  const fail = (code: string): never => {
    throw new StoreError(again ? 'ConditionalRequestConflict' : code);
  };
  if (options.ifAbsent === true && current !== undefined) {
    fail('PreconditionFailed');
  }
  if (options.ifMatch !== undefined) {
    if (current === undefined) {
      fail('NoSuchKey');
    } else if (options.ifMatch !== '*' && unquote(options.ifMatch) !== current.etag) {
      fail('PreconditionFailed');
    }
  }
}

export function unquote(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}
