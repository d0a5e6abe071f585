import type { IJsonSchema } from '../../src/fdl';

type Part = IJsonSchema & { properties?: Record<string, Part>; items?: Part; additionalProperties?: Part | boolean };

const HEAD = `# FDL

The Functions Definition Language describes services for OSCAR clusters and functions for AWS (as SCAR deploys them), with the
storage they use. This page is made from the schema that the bridge serves (\`GET /v1/fdl/schema\`); any editor with a YAML language
server can use that schema, too.

A service in short:

\`\`\`yaml
functions:
  oscar:
  - default-cluster:            # or the id of a cluster
      name: grayify
      image: ghcr.io/grycap/imagemagick
      script: grayify.sh        # beside this file
      cpu: '0.5'
      memory: 512Mi
      input:
      - storage_provider: minio.default
        path: grayify/in        # each new file here starts a job
      output:
      - storage_provider: minio.default
        path: grayify/out       # results go here
\`\`\`

*Since* is the first version that knows a field; ${'`3.0`'} stands for all that are spoken. Quantities are those of Kubernetes
(\`500m\`, \`512Mi\`, \`2Gi\`). Fields marked *read only* are set by the cluster and have no effect in a file.
`;

/** docs/fdl.md, made from the schema alone. */
export function schemaDocs(schema: IJsonSchema): string {
  const root = schema as Part & { definitions: Record<string, Part> };
  const { functions, storage_providers: storage, clusters } = root.properties ?? {};
  const parts = [
    HEAD,
    section('Services: `functions.oscar`', String(functions?.properties?.oscar?.description), root.definitions.service),
    section(
      'Functions for AWS: `functions.aws`',
      String(functions?.properties?.aws?.description),
      root.definitions.aws
    ),
    `## Storage: \`storage_providers\`\n\n${String(storage?.description)}\n`
  ];
  for (const [type, part] of Object.entries(storage?.properties ?? {})) {
    parts.push(`### \`${type}\`\n\n${String(part.description)}\n`, table(part.additionalProperties as Part));
  }
  parts.push(
    `## Clusters: \`clusters\`\n\n${String(clusters?.description)}\n`,
    table(clusters?.additionalProperties as Part)
  );
  return (
    parts
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trimEnd() + '\n'
  );
}

function section(title: string, words: string, part: Part): string {
  return [`## ${title}`, '', words, '', table(part), ...below(part, '')].join('\n');
}

/** Tables of what stands below the fields of a part. */
function below(part: Part, path: string): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([key, field]) => {
    const inner = field.properties ? field : field.items?.properties ? field.items : undefined;
    const name = `${path}${key}${field.items?.properties ? '[]' : ''}`;
    return inner
      ? [`### \`${name}\``, '', String(field.description), '', table(inner), ...below(inner, `${name}.`)]
      : [];
  });
}

function table(part: Part): string {
  const required = (part.required as string[] | undefined) ?? [];
  const rows = Object.entries(part.properties ?? {}).map(([key, field]) =>
    [
      `\`${key}\`${required.includes(key) ? ' (required)' : ''}`,
      kind(field),
      words(field),
      field.default === undefined ? '' : `\`${text(field.default)}\``,
      String(field['x-since']) + (field['x-until'] === undefined ? '' : `, before ${String(field['x-until'])}`)
    ]
      .map(cell => cell.replace(/\|/g, '\\|'))
      .join(' | ')
  );
  return ['| field | kind | | default | since |', '|---|---|---|---|---|', ...rows.map(row => `| ${row} |`), ''].join(
    '\n'
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

function words(field: Part): string {
  const values = (field.enum ?? field.examples) as string[] | undefined;
  const range =
    field.minimum === undefined || field.maximum === undefined
      ? ''
      : ` ${String(field.minimum)} to ${String(field.maximum)}.`;
  const only = field.readOnly === true ? ' Read only.' : '';
  const choice = values ? ` One of ${values.map(value => `\`${value}\``).join(', ')}.` : '';
  return String(field.description).replace(/\n/g, ' ') + choice + range + only;
}

function kind(field: Part): string {
  const types = [field.type ?? []].flat().filter(type => type !== 'null') as string[];
  if (field.pattern !== undefined && types.includes('number')) {
    return 'quantity';
  }
  if (types.includes('array')) {
    const inner = field.items?.properties ? 'mappings' : types.includes('integer') ? 'whole numbers' : 'texts';
    return types.includes('integer') ? 'whole number or list' : `list of ${inner}`;
  }
  if (types.includes('object')) {
    return field.properties ? 'mapping' : 'names and texts';
  }
  return types.includes('string')
    ? 'text'
    : types.includes('boolean')
      ? 'true or false'
      : types.includes('integer')
        ? 'whole number'
        : 'any';
}
