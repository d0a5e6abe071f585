import { AWS_FIELDS } from './aws';
import type { Fields, IField } from './field';
import { SERVICE_FIELDS } from './oscar';
import { CLUSTER_FIELDS, PROVIDER_DESCRIPTIONS, PROVIDER_FIELDS, TOP_DESCRIPTIONS } from './top';

/** What stands at a path of a file. */
export interface ITreeNode {
  /** What the tables say of it; absent for free names (ids, variables). */
  field?: IField;
  /** Keys that may stand below it. */
  fields?: Fields;
  /** It is a list; `items` are its items. */
  items?: ITreeNode;
  /** It is a mapping of free names; what stands below each. */
  each?: ITreeNode;
  /** What the free names are. */
  eachIs?: 'cluster' | 'provider-id' | 'name';
}

const section = (key: string, kind: IField['kind'] = 'object'): IField => ({
  kind,
  description: TOP_DESCRIPTIONS[key] ?? ''
});

const SERVICE: ITreeNode = { fields: SERVICE_FIELDS };
const OSCAR: ITreeNode = {
  field: section('functions/oscar', 'objects'),
  items: { each: SERVICE, eachIs: 'cluster' }
};
const AWS: ITreeNode = { field: section('functions/aws', 'objects'), items: { fields: AWS_FIELDS } };

const TOP: Fields = {
  functions: { ...section('functions'), fields: { oscar: OSCAR.field as IField, aws: AWS.field as IField } },
  storage_providers: section('storage_providers'),
  clusters: section('clusters')
};

/** A path of keys and list positions to what the tables know of it; undefined where nothing is known. */
export function nodeAt(path: readonly (string | number)[]): ITreeNode | undefined {
  let node: ITreeNode | undefined = { fields: TOP };
  let way = '';
  for (const step of path) {
    if (!node) {
      return undefined;
    }
    way += `/${typeof step === 'number' ? '*' : step}`;
    node = special(way, String(step)) ?? below(node, step);
  }
  return node;
}

/** Parts that the tables of fields cannot express. */
function special(way: string, step: string): ITreeNode | undefined {
  switch (way) {
    case '/functions/oscar':
      return OSCAR;
    case '/functions/aws':
      return AWS;
    case '/storage_providers':
      return {
        field: TOP.storage_providers,
        fields: Object.fromEntries(
          Object.keys(PROVIDER_FIELDS).map(type => [
            type,
            { kind: 'object', description: PROVIDER_DESCRIPTIONS[type] ?? '' } satisfies IField
          ])
        )
      };
    case '/clusters':
      return { field: TOP.clusters, each: { fields: CLUSTER_FIELDS }, eachIs: 'cluster' };
  }
  if (way === `/storage_providers/${step}` && Object.hasOwn(PROVIDER_FIELDS, step)) {
    return {
      field: { kind: 'object', description: PROVIDER_DESCRIPTIONS[step] ?? '' },
      each: { fields: PROVIDER_FIELDS[step] },
      eachIs: 'provider-id'
    };
  }
  return undefined;
}

function below(node: ITreeNode, step: string | number): ITreeNode | undefined {
  if (typeof step === 'number') {
    return node.items;
  }
  if (node.fields && Object.hasOwn(node.fields, step)) {
    return ofField(node.fields[step]);
  }
  return node.each;
}

function ofField(field: IField): ITreeNode {
  switch (field.kind) {
    case 'object':
      return { field, fields: field.fields };
    case 'objects':
      return { field, items: { fields: field.fields } };
    case 'string-map':
      return { field, each: {}, eachIs: 'name' };
    case 'strings':
    case 'integers':
      return { field, items: { field: { ...field, kind: field.kind === 'strings' ? 'string' : 'integer' } } };
    default:
      return { field };
  }
}
