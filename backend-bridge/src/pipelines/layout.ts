/**
 * Where a run of a converted pipeline keeps what: agreed between the scripts that the conversion writes and whoever starts and follows
 * runs. Each node is a service with a bucket of its own name.
 *
 * | place | what |
 * |---|---|
 * | `<bucket>/in/<run>.json` | starts a node without parents: `{run, pipeline, parameters, variables}` |
 * | `<bucket>/next/edge/<run>/<service>.tar.gz` | the one archive that a node hands on: all that it inherited, its outputs, `.oscar-run.json` |
 * | `<bucket>/out/run/<run>/…` | its artifacts: executed notebook, log, declared outputs |
 * | `<bucket>/out/run/<run>/_status.json` | IStatus, written last, also when it failed |
 * | `<bucket>/out/run/<run>/_claim.json` | which job does the node: an event may be delivered twice |
 *
 * In the FDL a node has the outputs `<bucket>/out` (prefix `run/`) and `<bucket>/next` (prefix `edge/`), and its children have the input
 * `<bucket>/next`. How that is realised is told by the variable OSCAR_LINKS; scripts never take it for granted.
 */
export const FOLDERS = { start: 'in', edges: 'next', artifacts: 'out' } as const;

/** First part of the names below the output folder, and prefix filter of the outputs in the FDL. */
export const PREFIXES = { edges: 'edge/', artifacts: 'run/' } as const;

/** The run's own file in each archive: `{run, pipeline, parameters, variables}`. */
export const RUN_FILE = '.oscar-run.json';

/** Annotations by which services of pipelines are known. */
export const ANNOTATIONS = {
  pipeline: 'jupyterlab-oscar/pipeline',
  node: 'jupyterlab-oscar/pipeline-node',
  file: 'jupyterlab-oscar/pipeline-file',
  runtime: 'jupyterlab-oscar/runtime'
} as const;

/** A run: letters, digits and hyphens, so that it may stand in keys and file names. */
export const RUN_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What `_status.json` holds. Times are ISO 8601, UTC. */
export interface IStatus {
  node: string;
  service: string;
  run: string;
  code: number;
  startedAt: string;
  finishedAt: string;
  /** Names below `out/run/<run>/`. */
  artifacts: string[];
  notebook?: string;
  /** Declared outputs that the node did not write. */
  missing: string[];
  /** Why it failed, a sentence. */
  reason?: string;
}

export const startKey = (run: string): string => `${FOLDERS.start}/${run}.json`;
export const edgeKey = (run: string, service: string): string =>
  `${FOLDERS.edges}/${PREFIXES.edges}${run}/${service}.tar.gz`;
export const artifactPrefix = (run: string): string => `${FOLDERS.artifacts}/${PREFIXES.artifacts}${run}/`;
/** Name of what a job leaves while it does the work of a node, below the artifacts. */
export const CLAIM_FILE = '_claim.json';
export const statusKey = (run: string): string => `${artifactPrefix(run)}_status.json`;

/** The run that an object of a pipeline's bucket belongs to. */
export function runOfKey(key: string): string | undefined {
  const match = /(?:^|\/)in\/([^/]+)\.json$|(?:^|\/)(?:edge|run)\/([^/]+)\//.exec(key);
  const run = match?.[1] ?? match?.[2];
  return run !== undefined && RUN_ID.test(run) ? run : undefined;
}
