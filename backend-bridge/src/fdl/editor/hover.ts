import { parsePath, parseProvider, pathOf } from '../paths';
import { join } from '../pointer';
import { nodeAt } from '../tables/tree';
import { PROVIDER_DESCRIPTIONS } from '../tables';
import type { FdlValue, IFdlDocument, IPlace, IRange } from '../types';
import { isInside } from './edits';
import { describePlace, flowOf } from './graph-words';
import type { IHover, IPosition } from './types';
import { code, describeField } from './words';

/** What can be said about the key or the value at a place, as Markdown. */
export function hover(
  document: IFdlDocument,
  position: IPosition,
  options: { version?: string } = {}
): IHover | undefined {
  const found = find(document, position);
  if (!found) {
    return undefined;
  }
  const { pointer, range, onKey } = found;
  const { path, value } = walk(document.value, pointer);
  const node = nodeAt(path);
  const key = String(path[path.length - 1] ?? '');
  const about =
    onKey || typeof value !== 'string' ? [] : describeValue(document, pointer, key, value, node?.field?.names);
  const parent = nodeAt(path.slice(0, -1));
  const words =
    node?.field && typeof path[path.length - 1] === 'string'
      ? [describeField(key, node.field, options.version)]
      : parent?.eachIs === 'cluster'
        ? [describeCluster(document, key)]
        : [];
  const markdown = [...about, ...words].join('\n\n');
  return markdown === '' ? undefined : { markdown, range };
}

interface IFound {
  pointer: string;
  range: IRange;
  onKey: boolean;
}

/** The key, or else the scalar, that the place is in. */
function find(document: IFdlDocument, { line, column }: IPosition): IFound | undefined {
  let best: IFound | undefined;
  for (const [pointer, place] of document.places) {
    if (place.key && isInside(place.key, line, column)) {
      return { pointer, range: place.key, onKey: true };
    }
    if (isScalar(place) && isInside(place.value, line, column)) {
      best = { pointer, range: place.value, onKey: false };
    }
  }
  return best;
}

function isScalar(place: IPlace): boolean {
  return place.source !== undefined || place.quoted !== undefined;
}

/** Steps of a pointer; positions in lists as numbers. */
export function walk(root: FdlValue, pointer: string): { path: (string | number)[]; value: FdlValue | undefined } {
  const path: (string | number)[] = [];
  let value: FdlValue | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const step = part.replace(/~1/g, '/').replace(/~0/g, '~');
    if (Array.isArray(value)) {
      path.push(Number(step));
      value = value[Number(step)];
    } else {
      path.push(step);
      value = typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? value[step] : undefined;
    }
  }
  return { path, value };
}

function describeValue(
  document: IFdlDocument,
  pointer: string,
  key: string,
  value: string,
  names: string | undefined
): string[] {
  if (names === 'provider') {
    const provider = parseProvider(value);
    const place = document.places.get(join('/storage_providers', provider.type, provider.id));
    return [
      `${code(value)}: ${
        provider.type === 'minio' && provider.id === 'default'
          ? 'the storage of the cluster itself.'
          : place?.key
            ? `defined in line ${place.key.line} of this file.`
            : (PROVIDER_DESCRIPTIONS[provider.type] ?? 'not a type of storage.')
      }`
    ];
  }
  if (names === 'path') {
    const { value: io } = walk(document.value, pointer.slice(0, pointer.lastIndexOf('/')));
    const provider =
      typeof io === 'object' && io !== null && !Array.isArray(io) && typeof io.storage_provider === 'string'
        ? io.storage_provider
        : 'minio.default';
    const aws = pointer.startsWith('/functions/aws/');
    const entry = aws ? undefined : document.oscar.find(item => pointer.startsWith(item.pointer + '/'));
    const name = typeof entry?.service.name === 'string' ? entry.service.name : undefined;
    const place = parsePath(provider, value, name);
    return [`${code(pathOf(place))} in ${place.provider}. ${describePlace(document, place).join(' ')}`.trim()];
  }
  if (key === 'name' && flowOf(document).some(node => node.name === value)) {
    const feeds = document.oscar.filter(entry => entry.service.name === value).length;
    return [`The ${feeds > 0 ? 'service' : 'function'} ${code(value)}.`];
  }
  return [];
}

function describeCluster(document: IFdlDocument, id: string): string {
  const endpoint = Object.hasOwn(document.clusters, id) ? document.clusters[id].endpoint : undefined;
  return id === 'default-cluster'
    ? '**default-cluster**\n\nThe service goes to whichever cluster is chosen.'
    : `**${id}** · cluster${typeof endpoint === 'string' ? `\n\n${code(endpoint)}` : ''}`;
}
