import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = { [key: string]: unknown };

const REAL = join(__dirname, '../../../../shared/data/pipelines');

/** Real pipelines by name; empty, with a loud word, where they are not. */
export function realPipelines(): { name: string; text: string }[] {
  if (!existsSync(REAL)) {
    console.warn(`SKIPPED: the real pipelines are not at ${REAL}; only those that the tests make are tested.`);
    return [];
  }
  return readdirSync(REAL)
    .filter(name => /\.(pipeline|json)$/.test(name))
    .sort()
    .map(name => ({ name, text: readFileSync(join(REAL, name), 'utf8') }));
}

export interface INodeSpec {
  id: string;
  after?: string[];
  op?: string;
  label?: string;
  parameters?: Json;
  raw?: Json;
}

/** A node as version 8 writes it. */
export function node({
  id,
  after = [],
  op = 'execute-notebook-node',
  label,
  parameters = {},
  raw = {}
}: INodeSpec): Json {
  return {
    id,
    type: 'execution_node',
    op,
    app_data: {
      component_parameters: { filename: `${id}.ipynb`, runtime_image: 'org/image:1', outputs: [], ...parameters },
      label: label ?? id,
      ui_data: { label: label ?? id, x_pos: 10, y_pos: 20, image: '', description: '' }
    },
    inputs: [
      {
        id: 'inPort',
        links: after.map(from => ({ id: `${from}>${id}`, node_id_ref: from, port_id_ref: 'outPort' }))
      }
    ],
    outputs: [{ id: 'outPort' }],
    ...raw
  };
}

export interface IFlowSpec {
  nodes?: Json[];
  version?: unknown;
  properties?: Json;
  bodies?: Json[];
  appData?: Json;
  flow?: Json;
}

/** The text of a pipeline. */
export function flow({
  nodes = [],
  version = 8,
  properties,
  bodies = [],
  appData = {},
  flow: extra = {}
}: IFlowSpec): string {
  return JSON.stringify(
    {
      doc_type: 'pipeline',
      version: '3.0',
      id: 'elyra-auto-generated-pipeline',
      primary_pipeline: 'primary',
      pipelines: [
        {
          id: 'primary',
          nodes,
          app_data: {
            ui_data: { comments: [] },
            ...(version === undefined ? {} : { version }),
            properties: properties ?? { name: 'test', runtime: 'Generic' },
            ...appData
          },
          runtime_ref: ''
        },
        ...bodies
      ],
      schemas: [],
      ...extra
    },
    null,
    2
  );
}

/** A generator with a seed, so that a failure can be had again. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
