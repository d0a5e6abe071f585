/**
 * The part of a `.pipeline` file that the page touches. Everything else is carried along untouched.
 */
export interface IFlow {
  version?: string;
  primary_pipeline?: string;
  pipelines: IFlowPipeline[];
  [key: string]: unknown;
}

export interface IFlowPipeline {
  id: string;
  nodes: IFlowNode[];
  app_data?: {
    ui_data?: { comments?: IFlowComment[]; [key: string]: unknown };
    version?: number;
    properties?: IFlowProperties;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

export interface IFlowProperties {
  name?: string;
  description?: string;
  pipeline_defaults?: Record<string, unknown>;
  pipeline_parameters?: { name: string; [key: string]: unknown }[];
  [key: string]: unknown;
}

export interface IFlowNode {
  id: string;
  type: string;
  op?: string;
  app_data?: IFlowNodeData;
  inputs?: IFlowPort[];
  outputs?: IFlowPort[];
  subflow_ref?: { pipeline_id_ref?: string };
  [key: string]: unknown;
}

export interface IFlowNodeData {
  label?: string;
  component_parameters?: Record<string, unknown>;
  component_source?: string;
  ui_data?: { label?: string; decorations?: unknown; [key: string]: unknown };
  [key: string]: unknown;
}

export interface IFlowPort {
  id: string;
  links?: IFlowLink[];
  [key: string]: unknown;
}

export interface IFlowLink {
  id?: string;
  node_id_ref?: string;
  port_id_ref?: string;
  [key: string]: unknown;
}

export interface IFlowComment {
  id: string;
  content?: string;
  [key: string]: unknown;
}

/** Version of the format that is written. */
const FLOW_VERSION = 8;

const SCHEMA = 'http://api.dataplatform.ibm.com/schemas/common-pipeline/pipeline-flow/pipeline-flow-v3-schema.json';

/** A pipeline without nodes, as Elyra begins one. */
export function emptyFlow(): IFlow {
  return {
    doc_type: 'pipeline',
    version: '3.0',
    json_schema: SCHEMA,
    id: 'elyra-auto-generated-pipeline',
    primary_pipeline: 'primary',
    pipelines: [
      {
        id: 'primary',
        nodes: [],
        app_data: { ui_data: { comments: [] }, version: FLOW_VERSION, properties: { runtime: 'Generic' } },
        runtime_ref: ''
      }
    ],
    schemas: []
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every node with its pipeline; those in supernodes too. */
export function* allNodes(flow: IFlow): Generator<{ node: IFlowNode; pipeline: IFlowPipeline }> {
  for (const pipeline of flow.pipelines) {
    for (const node of pipeline.nodes ?? []) {
      yield { node, pipeline };
    }
  }
}

/** What nodes are called in files before they have a name; not translated, as files are for everybody. */
const KINDS: Record<string, string> = {
  'execute-notebook-node': 'Notebook',
  'execute-python-node': 'Python script',
  'execute-r-node': 'R script',
  'oscar-command': 'Shell command',
  'oscar-service': 'OSCAR service',
  'scar-function': 'Lambda function'
};

/** What people call a node: its label, else the name of its file or service, else the kind. */
export function nodeLabel(node: IFlowNode): string {
  const data = node.app_data ?? {};
  const values = data.component_parameters ?? {};
  const name = [values.filename, values.service, values.function].find(
    value => typeof value === 'string' && value !== ''
  ) as string | undefined;
  return data.label || name?.split('/').pop() || data.ui_data?.label || KINDS[node.op ?? ''] || node.op || node.id;
}

/** The last part of an id of the contract: nodes in supernodes are `<supernode>/<node>` there. */
export function canvasId(node: string): string {
  return node.slice(node.lastIndexOf('/') + 1);
}
