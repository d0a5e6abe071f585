import { asList, asMap, asText, isMap, join } from '../pointer';
import type { FdlMap, FdlValue, IFdlDocument, IRange } from '../types';
import type { IOutlineItem } from './types';

/** Sections, and in them services, functions, providers and clusters; below a service its inputs and outputs. */
export function outline(document: IFdlDocument): IOutlineItem[] {
  const result: IOutlineItem[] = [];
  const services = document.oscar.map(entry =>
    item(document, entry.pointer, {
      name: asText(entry.service.name) || '(no name)',
      detail: [entry.clusterId === 'default-cluster' ? '' : entry.clusterId, asText(entry.service.image)]
        .filter(Boolean)
        .join(' · '),
      kind: 'service',
      at: join(entry.pointer, 'name'),
      children: places(document, entry.service, entry.pointer)
    })
  );
  if (services.length > 0) {
    result.push(item(document, '/functions/oscar', { name: 'Services', kind: 'section', children: services }));
  }
  const functions = document.aws.flatMap((value, index) => {
    const pointer = join('/functions/aws', index);
    const lambda = asMap(isMap(value) ? value.lambda : undefined);
    return [
      item(document, pointer, {
        name: asText(lambda.name) || '(no name)',
        detail: asText(asMap(lambda.container).image),
        kind: 'function',
        at: join(pointer, 'lambda', 'name'),
        children: places(document, lambda, join(pointer, 'lambda'))
      })
    ];
  });
  if (functions.length > 0) {
    result.push(item(document, '/functions/aws', { name: 'AWS', kind: 'section', children: functions }));
  }
  const providers = Object.keys(document.storageProviders).flatMap(type =>
    Object.keys(document.storageProviders[type]).map(id =>
      item(document, join('/storage_providers', type, id), { name: `${type}.${id}`, kind: 'provider' })
    )
  );
  if (providers.length > 0) {
    result.push(item(document, '/storage_providers', { name: 'Storage', kind: 'section', children: providers }));
  }
  const clusters = Object.keys(document.clusters).map(id =>
    item(document, join('/clusters', id), {
      name: id,
      detail: asText(document.clusters[id].endpoint),
      kind: 'cluster'
    })
  );
  if (clusters.length > 0) {
    result.push(item(document, '/clusters', { name: 'Clusters', kind: 'section', children: clusters }));
  }
  return result;
}

function places(document: IFdlDocument, service: FdlMap, pointer: string): IOutlineItem[] {
  return (['input', 'output'] as const).flatMap(side =>
    asList(service[side]).map((io: FdlValue, index) =>
      item(document, join(pointer, side, index), {
        name: `${side} ${asText(asMap(io).path)}`.trim(),
        detail: asText(asMap(io).storage_provider),
        kind: side,
        at: join(pointer, side, index, 'path')
      })
    )
  );
}

interface IItem {
  name: string;
  detail?: string;
  kind: IOutlineItem['kind'];
  /** Where the cursor goes, when it is there. */
  at?: string;
  children?: IOutlineItem[];
}

function item(document: IFdlDocument, pointer: string, { name, detail, kind, at, children = [] }: IItem): IOutlineItem {
  const place = document.places.get(pointer);
  const start: IRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  const value = place?.value ?? start;
  const key = place?.key;
  const range = key ? { ...value, line: key.line, column: key.column } : value;
  const target = at === undefined ? undefined : document.places.get(at);
  return {
    name,
    ...(detail ? { detail } : {}),
    kind,
    range,
    selection: target?.value ?? key ?? { ...range, endLine: range.line, endColumn: range.column },
    children
  };
}
