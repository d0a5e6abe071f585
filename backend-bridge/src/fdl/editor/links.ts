import { asMap, isMap, join } from '../pointer';
import type { FdlMap, IFdlDocument } from '../types';
import type { IFileLink } from './types';

/** Keys of a function of AWS that name files. */
const AWS_FILES: readonly (readonly string[])[] = [
  ['init_script'],
  ['run_script'],
  ['extra_payload'],
  ['container', 'image_file']
];

/** The paths of scripts and other files, where they stand. */
export function links(document: IFdlDocument): IFileLink[] {
  const result: IFileLink[] = [];
  const add = (pointer: string, value: unknown, kind: IFileLink['kind'], owner: FdlMap) => {
    const place = document.places.get(pointer);
    if (place && typeof value === 'string' && isFilePath(value)) {
      result.push({
        range: place.value,
        path: value,
        kind,
        service: typeof owner.name === 'string' ? owner.name : ''
      });
    }
  };
  for (const entry of document.oscar) {
    add(join(entry.pointer, 'script'), entry.service.script, 'script', entry.service);
  }
  document.aws.forEach((item, index) => {
    const lambda = asMap(isMap(item) ? item.lambda : undefined);
    for (const path of AWS_FILES) {
      const parent = path.length === 1 ? lambda : asMap(lambda[path[0]]);
      add(
        join('/functions/aws', index, 'lambda', ...path),
        parent[path[path.length - 1]],
        path[0].endsWith('_script') ? 'script' : 'file',
        lambda
      );
    }
  });
  return result;
}

function isFilePath(text: string): boolean {
  return text.trim() !== '' && !/[\n\0]/.test(text) && !text.startsWith('#!') && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}
