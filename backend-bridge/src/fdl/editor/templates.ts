import type { IField } from '../tables';
import type { ITreeNode } from '../tables/tree';
import { asText } from '../pointer';
import type { ICompleteContext } from './complete';
import type { ICompletion } from './types';

/** The service whose lines the cursor is in, when it can be read; else a name to be changed. */
export function serviceName({ document, cursor }: ICompleteContext): string {
  const [, kind, index] = cursor.path;
  if (kind === 'oscar') {
    const entry = document.oscar.find(item => item.pointer.startsWith(`/functions/oscar/${String(index)}/`));
    return asText(entry?.service.name) || 'my-service';
  }
  const item = typeof index === 'number' ? document.aws[index] : undefined;
  const lambda = typeof item === 'object' && item !== null && !Array.isArray(item) ? item.lambda : undefined;
  const name = typeof lambda === 'object' && lambda !== null && !Array.isArray(lambda) ? lambda.name : undefined;
  return asText(name) || 'my-function';
}

/** A key with what follows it: the cursor then stands where its value goes. */
export function keyText(key: string, field: IField, context: ICompleteContext): string {
  const { cursor } = context;
  if (cursor.colon) {
    return key;
  }
  // A dash stands below the begin of its key, as OSCAR's own files write it.
  const outer = ' '.repeat(cursor.indent);
  const inner = ' '.repeat(cursor.indent + 2);
  if (cursor.flow) {
    return `${key}: `;
  }
  switch (field.kind) {
    case 'object':
    case 'string-map':
      return `${key}:\n${inner}`;
    case 'strings':
      return `${key}:\n${outer}- `;
    case 'objects':
      return `${key}:\n${outer}- ${firstKey(key, field, inner, context)}`;
    default:
      // A section of the file.
      return cursor.path.length === 0 ? `${key}:\n${inner}` : `${key}: `;
  }
}

/** The begin of a list item. */
function firstKey(key: string, field: IField, indent: string, context: ICompleteContext): string {
  if (key === 'input' || key === 'output') {
    const aws = context.cursor.path[1] === 'aws';
    const name = serviceName(context);
    return `storage_provider: ${aws ? 's3' : 'minio.default'}\n${indent}path: ${name}/${key === 'input' ? 'in' : 'out'}`;
  }
  if (key === 'oscar') {
    return `default-cluster:\n${indent}  name: `;
  }
  if (key === 'aws') {
    return `lambda:\n${indent}  name: `;
  }
  const required = Object.keys(field.fields ?? {}).find(name => field.fields?.[name].required);
  return required ? `${required}: ` : '';
}

/** Whole items for a list that has no dash here yet. */
export function itemTemplate(node: ITreeNode, context: ICompleteContext): ICompletion[] {
  const { cursor, range } = context;
  const last = String(cursor.path[cursor.path.length - 1] ?? '');
  if (!node.field || cursor.flow || (node.field.kind !== 'objects' && node.field.kind !== 'strings')) {
    return [];
  }
  const indent = ' '.repeat(cursor.indent + 2);
  if (last === 'oscar') {
    const inner = indent + '  ';
    return [
      {
        label: '- default-cluster',
        kind: 'template',
        detail: 'a new service',
        documentation: 'A service with a script that each new file in its input folder starts.',
        insert: [
          '- default-cluster:',
          `${inner}name: my-service`,
          `${inner}image: ghcr.io/grycap/cowsay`,
          `${inner}script: script.sh`,
          `${inner}cpu: '0.5'`,
          `${inner}memory: 512Mi`,
          `${inner}input:`,
          `${inner}- storage_provider: minio.default`,
          `${inner}  path: my-service/in`,
          `${inner}output:`,
          `${inner}- storage_provider: minio.default`,
          `${inner}  path: my-service/out`
        ].join('\n'),
        range,
        boost: 10
      }
    ];
  }
  if (last === 'aws') {
    const inner = indent + '  ';
    return [
      {
        label: '- lambda',
        kind: 'template',
        detail: 'a new function',
        documentation: 'A function of AWS Lambda that runs a script in a container.',
        insert: [
          '- lambda:',
          `${inner}name: my-function`,
          `${inner}runtime: image`,
          `${inner}memory: 1024`,
          `${inner}timeout: 300`,
          `${inner}init_script: script.sh`,
          `${inner}container:`,
          `${inner}  image: ghcr.io/grycap/cowsay`
        ].join('\n'),
        range,
        boost: 10
      }
    ];
  }
  return [
    {
      label: '- ',
      kind: 'template',
      detail: `a new item of ${last}`,
      insert: `- ${firstKey(last, node.field, indent, context)}`,
      range,
      boost: 10
    }
  ];
}
