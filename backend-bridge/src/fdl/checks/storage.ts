import { checkFields } from './fields';
import { PROVIDER_FIELDS, SERVICE_FIELDS } from '../tables';
import {
  isUnder,
  MINIO_DEFAULT,
  parsePath,
  parseProvider,
  providerName,
  trimPath,
  type IPlaceInStorage
} from '../paths';
import { asMap, asText, isMap, join, textOf } from '../pointer';
import { listing, type Reporter } from './reporter';
import { nearest } from './suggest';
import type { FdlValue, IFdlDocument, IFdlEntry } from '../types';
import type { IDialect } from '../version';

const INPUT_TYPES = ['minio', 'webdav', 'rucio'];
const MOUNT_TYPES = ['minio', 's3', 'webdav'];
const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** A path of a service that can be read, with where it is written. */
export interface IServicePath {
  side: 'input' | 'output';
  pointer: string;
  place: IPlaceInStorage;
}

/** The inputs and outputs of a service that name a provider and a path. */
export function pathsOf(entry: IFdlEntry, document: IFdlDocument): IServicePath[] {
  const name = textOf(document, join(entry.pointer, 'name'), entry.service.name) ?? '';
  return (['input', 'output'] as const).flatMap(side => {
    const list = entry.service[side];
    return (Array.isArray(list) ? list : []).flatMap((io, index) => {
      const { storage_provider: provider, path } = asMap(io);
      return typeof provider === 'string' && typeof path === 'string' && trimPath(path) !== ''
        ? [{ side, pointer: join(entry.pointer, side, index), place: parsePath(provider, path, name) }]
        : [];
    });
  });
}

/** Providers and paths of a service. */
export function checkStorage(entry: IFdlEntry, document: IFdlDocument, dialect: IDialect, reporter: Reporter): void {
  for (const side of ['input', 'output'] as const) {
    const list = entry.service[side];
    const at = join(entry.pointer, side);
    if (list === undefined || list === null) {
      continue;
    }
    if (!Array.isArray(list)) {
      reporter.add({
        code: 'wrong-type',
        at,
        on: 'key',
        message: `${side} has to be a list: put "- " before storage_provider.`
      });
      continue;
    }
    list.forEach((io, index) => checkIO(io, side, join(at, index), entry, document, dialect, reporter));
  }
  checkMount(entry, document, dialect, reporter);
  checkTogether(entry, document, reporter);
}

function checkIO(
  io: FdlValue,
  side: 'input' | 'output',
  at: string,
  entry: IFdlEntry,
  document: IFdlDocument,
  dialect: IDialect,
  reporter: Reporter
): void {
  if (!isMap(io)) {
    reporter.error('wrong-type', at, `An item of ${side} is a mapping with storage_provider and path.`);
    return;
  }
  checkFields(io, SERVICE_FIELDS[side].fields ?? {}, at, { document, reporter, dialect }, `An item of ${side}`);
  const type = checkProvider(io.storage_provider, join(at, 'storage_provider'), document, reporter);
  if (side === 'input' && type && !INPUT_TYPES.includes(type)) {
    reporter.error(
      'input-provider',
      join(at, 'storage_provider'),
      `New files in ${type} cannot start a service. Inputs come from ${listing(INPUT_TYPES, 'or')}; write minio.default.`,
      reporter.replace(join(at, 'storage_provider'), MINIO_DEFAULT)
    );
  }
  if (
    side === 'input' &&
    typeof io.storage_provider === 'string' &&
    type === 'minio' &&
    providerName(parseProvider(io.storage_provider)) !== MINIO_DEFAULT
  ) {
    reporter.warning(
      'input-provider-minio',
      join(at, 'storage_provider'),
      "An input in another MinIO works only when that is the cluster's own. Write minio.default.",
      reporter.replace(join(at, 'storage_provider'), MINIO_DEFAULT)
    );
  }
  if (side === 'input') {
    for (const filter of ['prefix', 'suffix']) {
      if (io[filter] !== undefined) {
        reporter.add({
          code: 'filter-on-input',
          at: join(at, filter),
          on: 'key',
          severity: 'warning',
          message: `${filter} works for outputs only: every new file below the path starts the service.`
        });
      }
    }
  }
  checkPath(io.path, side, type, join(at, 'path'), entry, document, dialect, reporter);
}

/** Answers the type when it is a known one. `aws`: for a function, which has no storage of a cluster. */
export function checkProvider(
  value: FdlValue | undefined,
  at: string,
  document: IFdlDocument,
  reporter: Reporter,
  aws = false
): string | undefined {
  if (typeof value !== 'string' || value.trim() === '') {
    return undefined;
  }
  const provider = parseProvider(value);
  if (!Object.hasOwn(PROVIDER_FIELDS, provider.type)) {
    const meant = nearest(provider.type, Object.keys(PROVIDER_FIELDS));
    reporter.error(
      'unknown-provider-type',
      at,
      `${value} is not a storage provider. ${meant ? `Did you mean ${meant}.${provider.id}?` : `Its type is one of ${listing(Object.keys(PROVIDER_FIELDS))}.`}`,
      meant ? reporter.replace(at, `${meant}.${provider.id}`) : undefined
    );
    return undefined;
  }
  if (aws || providerName(provider) !== MINIO_DEFAULT) {
    const group = Object.keys(document.storageProviders).find(type => type.toLowerCase() === provider.type);
    const ids = Object.keys((group !== undefined && document.storageProviders[group]) || {});
    if (!ids.includes(provider.id)) {
      const meant = nearest(provider.id, ids) ?? (ids.length === 1 ? ids[0] : undefined);
      reporter.error(
        'unknown-provider',
        at,
        `There is no provider ${providerName(provider)} in storage_providers. ${meant ? `Did you mean ${provider.type}.${meant}?` : `Add it there, as ${provider.type}: {${provider.id}: {…}}.`}`,
        meant ? reporter.replace(at, `${provider.type}.${meant}`) : undefined
      );
    }
  }
  return provider.type;
}

function checkPath(
  value: FdlValue | undefined,
  side: 'input' | 'output',
  type: string | undefined,
  at: string,
  entry: IFdlEntry,
  document: IFdlDocument,
  dialect: IDialect,
  reporter: Reporter
): void {
  const name = textOf(document, join(entry.pointer, 'name'), entry.service.name) ?? '';
  const path = checkBucketPath(value, type, at, reporter, dialect.shortPaths ? name : undefined);
  if (path !== undefined && !path.includes('/')) {
    const full = `${name}/${path}`;
    reporter.add({
      code: 'path-without-folder',
      at,
      severity: side === 'input' && !dialect.shortPaths ? 'error' : 'warning',
      message: dialect.shortPaths
        ? `OSCAR takes this as the folder ${path} of a bucket ${name}. Write ${full} to say so, or ${path}/in for a bucket ${path}.`
        : `A path needs a folder. Write ${path}/${side === 'input' ? 'in' : 'out'}.`,
      fix: reporter.replace(at, dialect.shortPaths && name !== '' ? full : `${path}/${side === 'input' ? 'in' : 'out'}`)
    });
  }
}

/**
 * The form of a path in MinIO or S3, and the name of its bucket (`short`: the bucket of paths without a folder). Answers the
 * path without slashes around it when it can be used.
 */
export function checkBucketPath(
  value: FdlValue | undefined,
  type: string | undefined,
  at: string,
  reporter: Reporter,
  short?: string
): string | undefined {
  if (typeof value !== 'string' || (type !== undefined && type !== 'minio' && type !== 's3')) {
    return undefined;
  }
  const path = trimPath(value);
  if (path === '') {
    if (value !== '') {
      reporter.error('empty-path', at, 'The path is empty. Write bucket/folder.');
    }
    return undefined;
  }
  if (path.split('/').some(part => part === '' || part === '.' || part === '..') || /[\\\p{Cc}]/u.test(path)) {
    const clean = path
      .replace(/\\/g, '/')
      .split('/')
      .filter(part => part !== '' && part !== '.' && part !== '..')
      .join('/');
    reporter.error(
      'bad-path',
      at,
      'A path is bucket/folder, without empty parts, . and .., and backslashes.',
      clean === '' ? undefined : reporter.replace(at, clean)
    );
    return undefined;
  }
  const bucket = path.includes('/') ? path.slice(0, path.indexOf('/')) : (short ?? path);
  if (bucket !== '' && !BUCKET.test(bucket) && (path.includes('/') || bucket.length < 3)) {
    reporter.error(
      'bad-bucket-name',
      at,
      `${bucket} is not a name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends.`
    );
  }
  return path;
}

function checkMount(entry: IFdlEntry, document: IFdlDocument, dialect: IDialect, reporter: Reporter): void {
  const mount = entry.service.mount;
  const at = join(entry.pointer, 'mount');
  if (mount === undefined || mount === null) {
    return;
  }
  if (!isMap(mount)) {
    reporter.add({
      code: 'wrong-type',
      at,
      on: 'key',
      message: 'mount has to be a mapping with storage_provider and path.'
    });
    return;
  }
  if (mount.storage_provider === '' && mount.path === '') {
    return;
  }
  checkFields(mount, SERVICE_FIELDS.mount.fields ?? {}, at, { document, reporter, dialect }, 'mount');
  const type = checkProvider(mount.storage_provider, join(at, 'storage_provider'), document, reporter);
  if (type && !MOUNT_TYPES.includes(type)) {
    reporter.error(
      'mount-provider',
      join(at, 'storage_provider'),
      `${type} cannot be mounted. Write ${listing(MOUNT_TYPES, 'or')}.`
    );
  }
  if (typeof mount.options === 'string' && !/^[a-zA-Z0-9\-_.:=,/ ]*$/.test(mount.options)) {
    reporter.error(
      'mount-options',
      join(at, 'options'),
      'The options have a character that OSCAR does not allow. Letters, digits, spaces and - _ . : = , / are.'
    );
  }
  if (typeof mount.path === 'string' && mount.path.split('/').includes('..')) {
    reporter.error('bad-path', join(at, 'path'), 'The path of a mount is a bucket, without "..".');
  }
  if (entry.service.visibility === 'public' || entry.service.visibility === 'restricted') {
    const own = pathsOf(entry, document).some(
      item => item.place.provider === MINIO_DEFAULT && item.place.bucket === trimPath(asText(mount.path)).split('/')[0]
    );
    if (own) {
      reporter.error(
        'mount-not-private',
        join(at, 'path'),
        'A mounted bucket has to be private, and the buckets of this service are not. Mount another one.'
      );
    }
  }
}

/** What the paths of one service do to each other. */
function checkTogether(entry: IFdlEntry, document: IFdlDocument, reporter: Reporter): void {
  const paths = pathsOf(entry, document);
  const inputs = paths.filter(item => item.side === 'input');
  for (const output of paths.filter(item => item.side === 'output')) {
    const input = inputs.find(item => isUnder(output.place, item.place));
    if (input) {
      reporter.error(
        'output-triggers-itself',
        join(output.pointer, 'path'),
        'Results would land below the own input and start the service again, for ever. Write them to another folder.'
      );
    }
  }
  inputs.forEach((input, index) => {
    const other = inputs
      .slice(0, index)
      .find(item => item.place.provider === input.place.provider && item.place.bucket === input.place.bucket);
    if (other && (isUnder(input.place, other.place) || isUnder(other.place, input.place))) {
      reporter.error(
        'double-input',
        join(input.pointer, 'path'),
        'Each file here would start the service twice, since another input covers this folder. Remove one of the two.'
      );
    } else if (other) {
      reporter.warning(
        'two-inputs-one-bucket',
        join(input.pointer, 'path'),
        'OSCAR refuses two inputs in one bucket. Here the second is connected by a notification; use another bucket for other clients.'
      );
    }
  });
}
