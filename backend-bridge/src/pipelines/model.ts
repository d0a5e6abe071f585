import type { PipelineParameter, PipelineProblem, PipelineReport, PipelineTarget } from '../contract';

/** What a node is. `component` is anything of Elyra's catalogs that is none of ours: it cannot be converted. */
export type NodeKind = 'notebook' | 'python' | 'r' | 'command' | 'service' | 'function' | 'component';

/** `op` of the nodes that are ours; Elyra keeps them as unknown components. Their values are plain, as those of generic nodes. */
export const OPS = { command: 'oscar-command', service: 'oscar-service', function: 'scar-function' } as const;

/** An executable node with everything that the pipeline says of it: defaults merged in, supernodes flattened. */
export interface IPipelineNode {
  /** Unique: the id in the file; below supernodes `<supernode>/<id>`. */
  id: string;
  /** Never empty: label, else the name of the file, else the op. */
  label: string;
  op: string;
  kind: NodeKind;
  /** Relative to the folder of the pipeline, with `/`; may begin with `../`. */
  filename?: string;
  image?: string;
  cpu?: number;
  cpuLimit?: number;
  /** 10^9 bytes. */
  memory?: number;
  memoryLimit?: number;
  gpu?: number;
  gpuVendor?: string;
  /** Files, folders or patterns, relative to the folder of `filename`. */
  dependencies: string[];
  includeSubdirectories: boolean;
  /** Files, folders or patterns, relative to the working folder of the node. */
  outputs: string[];
  variables: { [name: string]: string };
  secrets: { variable: string; name?: string; key?: string }[];
  volumes: { path: string; claim: string; subPath?: string; readOnly?: boolean }[];
  annotations: { [name: string]: string };
  labels: { [name: string]: string };
  /** Names of pipeline parameters that it gets as variables. */
  parameters: string[];
  /** What the file says and neither OSCAR nor AWS can do: tolerations, shared memory, … */
  unsupported: { property: string; value: string }[];
  /** Cluster id or `aws`; absent: where the pipeline goes (`component_parameters.oscar_target`). */
  target?: string;
  /** Kind `command`: shell text. */
  command?: string;
  /** Kind `service`: an OSCAR service that is called with each file. */
  call?: {
    service: string;
    /** Which of the files before it are sent; empty: all that the parents declare as outputs. */
    inputs: string[];
    /** Sent once instead of files. */
    text?: string;
    /** Where an exposed service is called, below its own address; absent: at its root, or by its input folder when it has one. */
    path?: string;
    /** Folder of the results, relative to the working folder of the node. */
    folder?: string;
    /** Set when AI4Compose's recipe was recognised: the nodes that it replaces. */
    recipe?: string[];
  };
  /** Kind `function`: a Lambda function that is there. */
  function?: { name: string; region?: string; input?: string; output?: string };
  /** Kind `component`: what its catalog calls it. */
  component?: string;
  /** Comments that are tied to it. */
  comments: string[];
}

export interface IPipelineEdge {
  from: string;
  to: string;
  link?: string;
}

/** A pipeline as it is meant, whatever version its file has. */
export interface IPipeline {
  /** `properties.name`, else the name of the file without its ending. */
  name: string;
  /** As the caller named it. */
  file: string;
  /** As labelled; 0 when it is not. */
  version: number;
  description?: string;
  runtimeType?: string;
  /** Parents before children, in the order of the file where that leaves a choice; nodes of cycles last. */
  nodes: IPipelineNode[];
  /** Between nodes of `nodes`, each pair once. */
  edges: IPipelineEdge[];
  parameters: PipelineParameter[];
  /** `properties.oscar`: `runtime` is written to the services as the annotation `jupyterlab-oscar/runtime`. */
  options: { runtime?: 'process' | 'container'; serial?: boolean };
  /** What reading changed, sentences. Empty for a version 8 file that keeps its rules. */
  migration: string[];
}

export interface IReadResult {
  /** Absent when there is nothing that could be read as a pipeline. */
  pipeline?: IPipeline;
  problems: PipelineProblem[];
}

/** Files as values. Paths are relative to the folder of the pipeline, with `/`. */
export interface IPipelineFiles {
  /** All files below what `filesOf` asked for, sorted. */
  list(): string[];
  read(path: string): Uint8Array | undefined;
}

/** What the caller must gather before a conversion. */
export interface INeededFiles {
  node: string;
  /** File, folder or pattern, relative to the folder of the pipeline. */
  path: string;
  pattern: boolean;
  /** Everything below a folder, too. */
  recursive: boolean;
}

export interface IConvertOptions {
  files: IPipelineFiles;
  target: PipelineTarget;
  /** Key of services without a target of their own; default `default-cluster`. */
  cluster?: string;
  /** Distinguishes users of one cluster: goes into the hash of the names. */
  user?: string;
  /** Tells pipelines apart in the hash of the names, where `file` of the pipeline is only what it is shown as. */
  place?: string;
  /** Services of the clusters, for nodes that call one: exposed or not, suffixes. Absent: not known. */
  services?: { name: string; cluster: string }[];
}

/** Where a node works. Keys are below the bucket; see layout.ts for what lies there. */
export interface INodeService {
  node: string;
  label: string;
  kind: NodeKind;
  service: string;
  /** Cluster key of the FDL, or `aws`. */
  target: string;
  /** Ids of the nodes before it. */
  after: string[];
  /** Variables whose values are asked for; never in a file. */
  secrets: string[];
  /** The service that it calls: the deployment gives it its token and address as secrets. */
  calls?: string;
}

export interface IConversion {
  /** `fdl.yaml` first, then `<service>/script.sh`, `<service>/requirements.txt`, `code/…`, `report.json`. Empty when an error stands in the way. */
  files: { path: string; content: string | Uint8Array }[];
  fdl: string;
  services: INodeService[];
  /** Archives that are too large for a script: uploaded to `<bucket>/<key>` before a run. */
  uploads: { service: string; bucket: string; key: string; path: string }[];
  /** Providers `minio.<cluster>` that connect clusters; the deployment puts in endpoint and keys. */
  crossings: { from: string; to: string; provider: string }[];
  report: PipelineReport;
}
