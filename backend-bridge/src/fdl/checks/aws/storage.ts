import { isUnder, parsePath, parseProvider, providerName, trimPath, type IPlaceInStorage } from '../../paths';
import { asMap, isMap, join } from '../../pointer';
import { LAMBDA_FIELDS } from '../../tables';
import type { FdlMap, FdlValue } from '../../types';
import { checkFields } from '../fields';
import { checkBucketPath, checkProvider } from '../storage';
import type { IAwsCheck, IAwsEntry } from './index';

export interface IAwsPath {
  side: 'input' | 'output';
  pointer: string;
  place: IPlaceInStorage;
}

/** Buckets of S3 have names that are unique in the world: whoever's account it is, it is one store. */
export const S3: string = 's3';

/** A place as both halves of FDL mean it. */
export function inOneS3(place: IPlaceInStorage): IPlaceInStorage {
  return place.provider.startsWith('s3.') ? { ...place, provider: S3 } : place;
}

/** Inputs and outputs of a function that name a provider and a path. */
export function awsPaths({ lambda, at }: IAwsEntry): IAwsPath[] {
  return (['input', 'output'] as const).flatMap(side => {
    const list = lambda[side];
    return (Array.isArray(list) ? list : []).flatMap((io, index) => {
      const { storage_provider: provider, path } = asMap(io);
      return typeof provider === 'string' && typeof path === 'string' && trimPath(path) !== ''
        ? [{ side, pointer: join(at, side, index), place: inOneS3(parsePath(provider, path)) }]
        : [];
    });
  });
}

/** Providers and paths of a function. */
export function checkAwsStorage(entry: IAwsEntry, check: IAwsCheck): void {
  for (const side of ['input', 'output'] as const) {
    const list = entry.lambda[side];
    const at = join(entry.at, side);
    if (list === undefined || list === null) {
      continue;
    }
    if (!Array.isArray(list)) {
      check.reporter.add({
        code: 'wrong-type',
        at,
        on: 'key',
        message: `${side} has to be a list: put "- " before storage_provider.`
      });
      continue;
    }
    list.forEach((io, index) => checkIO(io, side, join(at, index), check));
  }
  checkTogether(entry, check);
}

function checkIO(io: FdlValue, side: 'input' | 'output', at: string, check: IAwsCheck): void {
  const { reporter, document } = check;
  if (!isMap(io)) {
    reporter.error('wrong-type', at, `An item of ${side} is a mapping with storage_provider and path.`);
    return;
  }
  const filters = side === 'input' ? without(io, reporter, at) : io;
  checkFields(filters, LAMBDA_FIELDS[side].fields ?? {}, at, check, `An item of ${side}`);
  const { storage_provider: provider, path } = io;
  const place = join(at, 'storage_provider');
  let type: string | undefined;
  if (typeof provider === 'string' && provider.trim() !== '') {
    const name = providerName(parseProvider(provider));
    // `s3` is the account of the function itself and needs no entry.
    type = name === 's3.default' ? 's3' : checkProvider(provider, place, document, reporter, true);
    if (side === 'input' && type !== undefined && name !== 's3.default') {
      reporter.warning(
        'aws-trigger',
        place,
        type === 's3'
          ? `A function is started by buckets of its own account only: ${provider} is taken for s3, and the scar command makes no trigger for it. Write s3.`
          : `New files in ${type} start a function only when they are sent to its HTTP address. For a trigger write s3.`,
        reporter.replace(place, 's3')
      );
    }
  }
  checkBucketPath(path, type, join(at, 'path'), reporter);
  if (side === 'input' && typeof path === 'string' && trimPath(path) !== '' && !trimPath(path).includes('/')) {
    reporter.warning(
      'path-without-folder',
      join(at, 'path'),
      `Every object of the bucket starts the function, its own results, too. Write ${trimPath(path)}/in.`,
      reporter.replace(join(at, 'path'), `${trimPath(path)}/in`)
    );
  }
}

/** Filters work for outputs only; the rest of the item. */
function without(io: FdlMap, reporter: IAwsCheck['reporter'], at: string): FdlMap {
  const { prefix, suffix, ...rest } = io;
  for (const [key, value] of [
    ['prefix', prefix],
    ['suffix', suffix]
  ] as const) {
    if (value !== undefined) {
      reporter.add({
        code: 'filter-on-input',
        at: join(at, key),
        on: 'key',
        severity: key === 'suffix' ? 'information' : 'warning',
        message:
          key === 'suffix'
            ? 'Deployed from here only objects that end so start the function. The scar command does not look at it: there every new object does.'
            : 'prefix works for outputs only: every new object below the path starts the function.'
      });
    }
  }
  return rest;
}

/** What the paths of one function do to each other. */
function checkTogether(entry: IAwsEntry, { reporter }: IAwsCheck): void {
  const paths = awsPaths(entry);
  const inputs = paths.filter(item => item.side === 'input');
  for (const output of paths.filter(item => item.side === 'output')) {
    if (inputs.some(input => isUnder(output.place, input.place))) {
      reporter.error(
        'output-triggers-itself',
        join(output.pointer, 'path'),
        'Results would land below the own input and start the function again, for ever and at your cost. Write them to another folder.'
      );
    }
  }
  inputs.forEach((input, index) => {
    const other = inputs
      .slice(0, index)
      .find(item => isUnder(input.place, item.place) || isUnder(item.place, input.place));
    if (other) {
      reporter.error(
        'double-input',
        join(input.pointer, 'path'),
        'S3 refuses two triggers for one folder: another input covers this one. Remove one of the two.'
      );
    }
  });
}
