import type { TranslationBundle } from '@jupyterlab/translation';

import type { IFlow } from './flow';
import { allNodes } from './flow';
import { nodeImage } from './images';
import type { NodeImage } from './images';
import { nodeSchema, pipelineSchema } from './schemas';

/** An entry of the palette, as the canvas wants it. */
export interface INodeType {
  op: string;
  id: string;
  label: string;
  description: string;
  image: string;
  type: 'execution_node';
  inputs: unknown[];
  outputs: unknown[];
  parameters: Record<string, never>;
  app_data: {
    extensions?: string[];
    parameter_refs: { filehandler?: string };
    image: string;
    ui_data: { label: string; description: string; image: string; x_pos: 0; y_pos: 0 };
    properties: Record<string, unknown>;
  };
}

export interface ICategory {
  id: string;
  label: string;
  description: string;
  image: string;
  node_types: INodeType[];
}

export interface IPalette {
  version: '3.0';
  categories: ICategory[];
  /** Of the pipeline: the canvas looks here for the defaults that nodes inherit. */
  properties: Record<string, unknown>;
}

export interface IPaletteOptions {
  trans: TranslationBundle;
  /** Services of the cluster; exposed ones are called over HTTP. */
  services: { name: string; exposed: boolean }[];
  /** Ids of all clusters. */
  clusters: string[];
  /** Images that are offered. */
  images: string[];
  /** Names of services that the pipeline uses, there or not. */
  used: string[];
}

/** Everything that can be drawn. */
export function makePalette(options: IPaletteOptions): IPalette {
  const { trans, services, used } = options;
  const form = { trans, clusters: options.clusters, images: options.images };
  const entry = (kind: IKind, op: string, label: string, description: string, service?: string): INodeType =>
    nodeType({ op, label, description, image: nodeImage(kind.image), extensions: kind.extensions }, kind, {
      ...form,
      service
    });
  const files = [
    entry(KINDS.notebook, 'execute-notebook-node', trans.__('Notebook'), trans.__('Run a notebook from top to bottom')),
    entry(KINDS.python, 'execute-python-node', trans.__('Python script'), trans.__('Run a Python script')),
    entry(KINDS.r, 'execute-r-node', trans.__('R script'), trans.__('Run an R script')),
    entry(KINDS.command, 'oscar-command', trans.__('Shell command'), trans.__('Run a few lines of shell'))
  ];
  const gone = used.filter(name => !services.some(service => service.name === name)).sort();
  const calls = [
    ...services.map(({ name }) =>
      entry(
        KINDS.service,
        `oscar-service:${name}`,
        name,
        trans.__('Call the service %1 with the files before it', name),
        name
      )
    ),
    ...gone.map(name =>
      entry(KINDS.service, `oscar-service:${name}`, name, trans.__('%1 is not on this cluster now', name), name)
    ),
    entry(KINDS.service, 'oscar-service', trans.__('Other service'), trans.__('Call a service by its name'))
  ];
  const aws = [
    entry(
      KINDS.function,
      'scar-function',
      trans.__('Lambda function'),
      trans.__('Call a function that SCAR made on AWS')
    )
  ];
  return {
    version: '3.0',
    categories: [
      category('files', trans.__('Files and commands'), files),
      category('services', trans.__('OSCAR services'), calls),
      category('aws', trans.__('AWS'), aws)
    ],
    properties: pipelineSchema(form)
  };
}

/** Names of the services that nodes of this pipeline call. */
export function usedServices(flow: IFlow): string[] {
  const names = new Set<string>();
  for (const { node } of allNodes(flow)) {
    const name = node.app_data?.component_parameters?.service;
    if (node.op?.split(':')[0] === 'oscar-service' && typeof name === 'string' && name !== '') {
      names.add(name);
    }
  }
  return [...names];
}

export function findType(palette: IPalette, op: string): INodeType | undefined {
  return palette.categories.flatMap(item => item.node_types).find(item => item.op === op);
}

/** The entry for a file of this name. */
export function typeOfFile(palette: IPalette, path: string): INodeType | undefined {
  const extension = /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? '';
  return palette.categories
    .flatMap(item => item.node_types)
    .find(item => item.app_data.extensions?.includes(extension));
}

/** What distinguishes the kinds of nodes. */
export interface IKind {
  image: NodeImage;
  extensions?: string[];
  form: 'file' | 'command' | 'service' | 'function';
}

const KINDS = {
  notebook: { image: 'notebook', extensions: ['.ipynb'], form: 'file' },
  python: { image: 'python', extensions: ['.py'], form: 'file' },
  r: { image: 'r', extensions: ['.r'], form: 'file' },
  command: { image: 'command', extensions: ['.sh'], form: 'command' },
  service: { image: 'service', form: 'service' },
  function: { image: 'function', form: 'function' }
} satisfies Record<string, IKind>;

function category(id: string, label: string, nodes: INodeType[]): ICategory {
  return { id, label, description: label, image: nodes[0]?.image ?? '', node_types: nodes };
}

function nodeType(
  about: { op: string; label: string; description: string; image: string; extensions?: string[] },
  kind: IKind,
  form: Parameters<typeof nodeSchema>[1]
): INodeType {
  const { op, label, description, image } = about;
  const port = (id: string, text: string): unknown => ({
    id,
    app_data: { ui_data: { cardinality: { min: 0, max: -1 }, label: text } }
  });
  return {
    op,
    id: op,
    label,
    description,
    image,
    type: 'execution_node',
    inputs: [port('inPort', 'Input Port')],
    outputs: [port('outPort', 'Output Port')],
    parameters: {},
    app_data: {
      // Files of this kind become nodes of this kind; a shell file is run by a command.
      ...(about.extensions && kind.form === 'file' ? { extensions: about.extensions } : {}),
      parameter_refs: kind.form === 'file' ? { filehandler: 'filename' } : {},
      image,
      ui_data: { label, description, image, x_pos: 0, y_pos: 0 },
      properties: nodeSchema(kind, form)
    }
  };
}
