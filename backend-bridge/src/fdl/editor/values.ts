import { PROVIDER_FIELDS, type IField } from '../tables';
import { asMap, asText, isMap } from '../pointer';
import { dialectOf } from '../version';
import type { ICompleteContext } from './complete';
import { flowOf, pathsIn } from './graph-words';
import { serviceName } from './templates';
import type { CompletionKind } from './types';

export interface IValue {
  label: string;
  kind?: CompletionKind;
  detail?: string;
  boost?: number;
  /** Without quotation marks YAML would read something else. */
  quote?: boolean;
}

/** New files in these start a service of OSCAR. */
const TRIGGERS = ['minio', 'webdav', 'rucio'];
const MOUNTS = ['minio', 's3', 'webdav'];
const MEMORY = ['256Mi', '512Mi', '1Gi', '2Gi', '4Gi', '8Gi'];
const CPU = ['0.2', '0.5', '1.0', '2.0', '4.0'];
const LAMBDA_MEMORY = ['512', '1024', '2048', '3008', '10240'];

/** What a field may hold, as far as the tables, the file and the cluster tell. */
export function valuesFor(key: string, field: IField, context: ICompleteContext): IValue[] {
  const named = field.names ? namesFor(field.names, key, context) : [];
  if (named.length > 0) {
    return distinct(named);
  }
  if (field.values) {
    return field.values.map(label => ({ label, detail: label === field.default ? 'default' : undefined }));
  }
  switch (field.kind) {
    case 'boolean':
      return ['true', 'false'].map(label => ({ label, detail: label === field.default ? 'default' : undefined }));
    case 'quantity':
      return (field.unit === 'cores' ? CPU : MEMORY).map(label => ({
        label,
        detail: label === field.default ? 'default' : field.unit,
        quote: field.unit === 'cores'
      }));
    case 'integers': {
      const port = key === 'nodePort' ? '0' : '8080';
      return [{ label: dialectOf(context.known.version).portLists && !inList(context) ? `[${port}]` : port }];
    }
    case 'integer':
      return key === 'memory' && context.cursor.path[3] === undefined
        ? []
        : (key === 'memory' ? LAMBDA_MEMORY : field.default === undefined ? [] : [field.default]).map(label => ({
            label,
            detail: label === field.default ? 'default' : field.unit
          }));
    case 'string':
      if (key === 'name' && context.cursor.path.length === 5) {
        return (context.known.services ?? []).map(label => ({ label, kind: 'service', detail: 'on the cluster' }));
      }
      if (key === 'runtime') {
        return [{ label: 'image', detail: 'the function is a container image' }, { label: 'python3.12' }];
      }
      if (key === 'architectures') {
        return [{ label: 'x86_64' }, { label: 'arm64' }];
      }
      return field.default === undefined ? [] : [{ label: field.default, detail: 'default' }];
    default:
      return [];
  }
}

function inList({ cursor }: ICompleteContext): boolean {
  return typeof cursor.path[cursor.path.length - 1] === 'number';
}

function namesFor(names: NonNullable<IField['names']>, key: string, context: ICompleteContext): IValue[] {
  const { document, known } = context;
  switch (names) {
    case 'provider':
      return providers(context);
    case 'path':
      return paths(context);
    case 'bucket':
      return buckets(known.buckets ?? []).map(label => ({ label, kind: 'path', detail: 'bucket' }));
    case 'image':
      return [
        ...new Set([
          ...document.oscar.map(entry => asText(entry.service.image)),
          ...document.aws.map(item => asText(asMap(asMap(isMap(item) ? item.lambda : undefined).container).image)),
          ...(known.images ?? [])
        ])
      ].map(label => ({
        label,
        kind: 'image',
        detail: (known.images ?? []).includes(label) ? 'known image' : undefined
      }));
    case 'script':
      return [
        ...(known.scripts ?? []).map((label): IValue => ({ label, kind: 'script', detail: 'file', boost: 1 })),
        ...document.oscar.map((entry): IValue => ({ label: asText(entry.service.script), kind: 'script' })),
        { label: 'script.sh', kind: 'script', boost: -1 }
      ];
    case 'service':
      return [
        ...flowOf(document).map((node): IValue => ({ label: node.name, kind: 'service', detail: 'in this file' })),
        ...(known.services ?? []).map((label): IValue => ({ label, kind: 'service', detail: 'on the cluster' }))
      ];
    case 'cluster':
      return [...(known.clusterIds ?? []), ...Object.keys(document.clusters)].map(label => ({
        label,
        kind: 'cluster',
        detail: key === 'cluster_id' ? 'cluster' : undefined
      }));
  }
}

function sideOf({ cursor }: ICompleteContext): 'input' | 'output' | 'mount' | undefined {
  const at = cursor.path.find(step => step === 'input' || step === 'output' || step === 'mount');
  return at as 'input' | 'output' | 'mount' | undefined;
}

function providers(context: ICompleteContext): IValue[] {
  const { document, cursor } = context;
  const side = sideOf(context);
  const aws = cursor.path[1] === 'aws';
  const types = aws
    ? side === 'input'
      ? []
      : Object.keys(PROVIDER_FIELDS)
    : side === 'input'
      ? TRIGGERS
      : side === 'mount'
        ? MOUNTS
        : Object.keys(PROVIDER_FIELDS);
  const own: IValue = aws
    ? { label: 's3', kind: 'provider', detail: 'the own account', boost: 1 }
    : { label: 'minio.default', kind: 'provider', detail: 'storage of the cluster', boost: 1 };
  const declared = Object.keys(document.storageProviders).flatMap(type =>
    types.includes(type.toLowerCase())
      ? Object.keys(document.storageProviders[type]).map((id): IValue => ({
          label: `${type}.${id}`,
          kind: 'provider',
          detail: 'of storage_providers'
        }))
      : []
  );
  return [own, ...declared];
}

/** Paths that make sense here: for an input what others write, for an output what others read, then what the cluster has. */
function paths(context: ICompleteContext): IValue[] {
  const { document, known, cursor } = context;
  const side = sideOf(context);
  const aws = cursor.path[1] === 'aws';
  const name = serviceName(context);
  const nodes = flowOf(document);
  const others = nodes.filter(node => node.name !== name);
  const folder = side === 'input' ? 'in' : 'out';
  const own = `${name}/${folder}`;
  const joined = side === 'input' ? pathsIn(others, 'outputs', aws) : pathsIn(others, 'inputs', aws);
  const word = side === 'input' ? 'written in this file' : 'read in this file';
  return [
    { label: own, kind: 'path', detail: 'own folder', boost: 2 },
    ...joined.map((label): IValue => ({ label, kind: 'path', detail: word, boost: 1 })),
    ...(aws
      ? []
      : [
          ...(known.buckets ?? []).filter(path => path.includes('/')),
          ...buckets(known.buckets ?? []).map(bucket => `${bucket}/${folder}`)
        ].map((label): IValue => ({ label, kind: 'path', detail: 'on the cluster' })))
  ];
}

function buckets(paths: readonly string[]): string[] {
  return [...new Set(paths.map(path => path.split('/')[0]))].filter(name => name !== '');
}

function distinct(values: IValue[]): IValue[] {
  const seen = new Set<string>();
  return values.filter(value => value.label !== '' && !seen.has(value.label) && seen.add(value.label) !== undefined);
}
