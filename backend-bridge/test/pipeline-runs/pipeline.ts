import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A node of a test pipeline; commands are shell text. */
export interface ITestNode {
  id: string;
  label?: string;
  after?: string[];
  command?: string;
  file?: string;
  service?: string;
  outputs?: string[];
  dependencies?: string[];
  env?: Record<string, string>;
  secrets?: string[];
  parameters?: string[];
  target?: string;
}

/** Text of a pipeline of version 8 as Elyra writes it. */
export function pipelineText(
  nodes: ITestNode[],
  options: { name?: string; parameters?: { name: string; type?: string; value?: unknown; required?: boolean }[] } = {}
): string {
  return JSON.stringify({
    doc_type: 'pipeline',
    version: '3.0',
    json_schema: 'http://api.dataplatform.ibm.com/schemas/common-pipeline/pipeline-flow/pipeline-flow-v3-schema.json',
    id: 'test',
    primary_pipeline: 'main',
    schemas: [],
    pipelines: [
      {
        id: 'main',
        runtime_ref: '',
        nodes: nodes.map(nodeOf),
        app_data: {
          version: 8,
          runtime_type: null,
          ui_data: { comments: [] },
          properties: {
            ...(options.name === undefined ? {} : { name: options.name }),
            runtime: 'Generic',
            oscar: { runtime: 'process' },
            pipeline_defaults: { runtime_image: 'docker.io/library/python:3.12-slim' },
            pipeline_parameters: (options.parameters ?? []).map(parameter => ({
              name: parameter.name,
              default_value: { type: parameter.type ?? 'String', value: parameter.value },
              required: parameter.required ?? false
            }))
          }
        }
      }
    ]
  });
}

function nodeOf(node: ITestNode, index: number): object {
  const op = node.service ? 'oscar-service' : node.file ? 'execute-python-node' : 'oscar-command';
  return {
    id: node.id,
    type: 'execution_node',
    op,
    app_data: {
      label: node.label ?? node.id,
      component_parameters: {
        ...(node.command === undefined ? {} : { command: node.command }),
        ...(node.file === undefined ? {} : { filename: node.file }),
        ...(node.service === undefined ? {} : { service: node.service }),
        cpu: 0.1,
        memory: 0.1,
        dependencies: node.dependencies ?? [],
        include_subdirectories: false,
        outputs: node.outputs ?? [],
        env_vars: Object.entries(node.env ?? {}).map(([env_var, value]) => ({ env_var, value })),
        kubernetes_secrets: (node.secrets ?? []).map(env_var => ({ env_var, name: 'mine', key: env_var })),
        ...(node.parameters ? { pipeline_parameters: node.parameters } : {}),
        ...(node.target ? { oscar_target: node.target } : {})
      },
      ui_data: { label: node.label ?? node.id, x_pos: 100 * index, y_pos: 100 }
    },
    inputs: [
      {
        id: 'inPort',
        app_data: {},
        ...(node.after?.length
          ? { links: node.after.map(id => ({ id: `${id}-${node.id}`, node_id_ref: id, port_id_ref: 'outPort' })) }
          : {})
      }
    ],
    outputs: [{ id: 'outPort', app_data: {} }]
  };
}

/** Writes a pipeline and the files beside it; answers its path. */
export function writePipeline(folder: string, text: string, files: Record<string, string> = {}, name = 'test'): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.pipeline`);
  writeFileSync(path, text);
  return path;
}
