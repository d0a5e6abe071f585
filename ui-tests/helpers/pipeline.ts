/** Text of pipelines for the tests, as Elyra writes them. */

interface INodeOptions {
  at: [number, number];
  outputs?: string[];
  after?: string[];
  pipeline_parameters?: string[];
}

export type INode = Record<string, unknown>;

const IMAGE = 'python:3.12-slim';

function node(id: string, op: string, values: Record<string, unknown>, label: string, options: INodeOptions): INode {
  const { at, after = [], ...more } = options;
  const port = (name: string, text: string): INode => ({
    id: name,
    app_data: { ui_data: { cardinality: { min: 0, max: -1 }, label: text } }
  });
  const links = after.map(from => ({ id: `${from}-${id}`, node_id_ref: from, port_id_ref: 'outPort' }));
  return {
    id,
    type: 'execution_node',
    op,
    app_data: {
      component_parameters: { ...values, runtime_image: IMAGE, ...more },
      label: String(values.filename ? '' : label),
      ui_data: { label, image: '', x_pos: at[0], y_pos: at[1], description: '' }
    },
    inputs: [{ ...port('inPort', 'Input Port'), ...(links.length > 0 ? { links } : {}) }],
    outputs: [port('outPort', 'Output Port')]
  };
}

export const script = (id: string, filename: string, options: INodeOptions): INode =>
  node(id, 'execute-python-node', { filename }, filename, options);

export const notebook = (id: string, filename: string, options: INodeOptions): INode =>
  node(id, 'execute-notebook-node', { filename }, filename, options);

export const command = (id: string, text: string, options: INodeOptions): INode =>
  node(id, 'oscar-command', { command: text }, id, options);

export function pipeline(options: { name: string; nodes: INode[]; parameters?: unknown[] }): string {
  const flow = {
    doc_type: 'pipeline',
    version: '3.0',
    json_schema: 'http://api.dataplatform.ibm.com/schemas/common-pipeline/pipeline-flow/pipeline-flow-v3-schema.json',
    id: 'elyra-auto-generated-pipeline',
    primary_pipeline: 'primary',
    pipelines: [
      {
        id: 'primary',
        nodes: options.nodes,
        app_data: {
          ui_data: { comments: [] },
          version: 8,
          properties: { name: options.name, runtime: 'Generic', pipeline_parameters: options.parameters ?? [] }
        },
        runtime_ref: ''
      }
    ],
    schemas: []
  };
  return `${JSON.stringify(flow, null, 2)}\n`;
}
