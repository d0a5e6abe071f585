import type { IConversion, IConvertOptions, IPipeline, IPipelineFiles, IPipelineNode } from '../../src/pipelines';
import { convertPipeline } from '../../src/pipelines';

/** A node with everything that a reader fills in. */
export function node(id: string, more: Partial<IPipelineNode> = {}): IPipelineNode {
  const kind = more.kind ?? (more.filename?.endsWith('.ipynb') ? 'notebook' : more.filename ? 'python' : 'command');
  return {
    id,
    label: id,
    op: 'execute-python-node',
    kind,
    image: 'registry.example/python:3',
    dependencies: [],
    includeSubdirectories: false,
    outputs: [],
    variables: {},
    secrets: [],
    volumes: [],
    annotations: {},
    labels: {},
    parameters: [],
    unsupported: [],
    comments: [],
    ...more
  };
}

/** A pipeline; `edges` are `a>b`. */
export function pipeline(nodes: IPipelineNode[], edges: string[] = [], more: Partial<IPipeline> = {}): IPipeline {
  return {
    name: 'demo',
    file: 'demo.pipeline',
    version: 8,
    nodes,
    edges: edges.map(edge => ({ from: edge.split('>')[0], to: edge.split('>')[1] })),
    parameters: [],
    options: {},
    migration: [],
    ...more
  };
}

export function filesFrom(files: { [path: string]: string | Uint8Array }): IPipelineFiles {
  const encoded = new Map(
    Object.entries(files).map(([path, data]) => [
      path,
      typeof data === 'string' ? new TextEncoder().encode(data) : data
    ])
  );
  return { list: () => [...encoded.keys()].sort(), read: path => encoded.get(path) };
}

export function convert(
  what: IPipeline,
  files: { [path: string]: string | Uint8Array } = {},
  options: Partial<IConvertOptions> = {}
): IConversion {
  return convertPipeline(what, { files: filesFrom(files), target: 'oscar', ...options });
}

/** Text of a file of a conversion. */
export function textOf(conversion: IConversion, path: string): string {
  const content = conversion.files.find(file => file.path === path)?.content;
  if (typeof content !== 'string') {
    throw new Error(`There is no text ${path} among ${conversion.files.map(file => file.path).join(', ')}`);
  }
  return content;
}

/** Name of the service of a node. */
export function serviceOf(conversion: IConversion, id: string): string {
  const found = conversion.services.find(service => service.node === id);
  if (!found) {
    throw new Error(`No service for ${id}`);
  }
  return found.service;
}
