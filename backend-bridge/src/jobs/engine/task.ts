/**
 * What a worker is told and what it answers, the same for every engine: the lease transport sends it in frames over pipes
 * (../engines/frames.ts), the descriptor transport as the JSON body of a job, with status objects as answers. The Python side is
 * `jupyterlab_oscar/runner/`. A task stays under 100 kB: long lists (files of a part, map outputs of a reducer) are
 * written to `manifest`.
 */

/** Where shuffle files, results and status are. */
export type TaskStore =
  | { type: 'folder'; path: string }
  /** Keys come from the environment of the worker (or the cluster's provider files), never from a task. */
  | { type: 's3'; endpoint: string; region: string; bucket: string; prefix: string };

/** Bytes `[start, end)` of one file; a record belongs to where it starts. `end` absent: to the end. */
export interface ITaskInput {
  /** Absolute path, or `s3://bucket/key`. */
  uri: string;
  start: number;
  end?: number;
  /** Of the whole file, bytes; another size or version now is an error of class `input`: it was changed during the job. */
  size: number;
  /** `mtime` in ns as text, or ETag. */
  version: string;
  /** Row groups of a Parquet file instead of bytes. */
  rowGroups?: number[];
}

/** As the user gave it, `auto` resolved for each file by the planner. Fields as RecordFormat of the contract. */
export interface ITaskFormat {
  type: 'text' | 'csv' | 'jsonl' | 'file' | 'bytes' | 'fixed' | 'parquet';
  compression?: 'gzip' | 'bzip2' | 'zstd';
  /** Base64 of the bytes. */
  delimiter?: string;
  separator?: string;
  header?: boolean;
  size?: number;
  encoding: string;
  errors: 'strict' | 'replace' | 'surrogateescape' | 'skip';
}

interface ITaskBase {
  job: string;
  /** Number of the part in its phase; with `attempt` it names the files it writes. */
  part: number;
  attempt: number;
  store: TaskStore;
  limits: { memory?: number; seconds?: number; skipRecords: number };
  /** Descriptor transport: object with the code; lease transport: the code comes before, in a `job` frame. */
  code?: { key: string; sha256: string };
  /** As the sample found them; absent: the worker finds them anew from the first records of the part. */
  forms?: ISampleAnswer['forms'];
}

/** Tries mapper, combiner and reducer on the first 64 kB. Answer: `sample`. */
export interface ISampleTask extends ITaskBase {
  phase: 'sample';
  kind: 'mapreduce' | 'htc';
  input: ITaskInput[];
  format?: ITaskFormat;
  combiner: 'auto' | 'reducer' | 'function' | 'none';
  reducers: number;
  sort: 'key' | 'value' | 'none';
}

export interface IMapTask extends ITaskBase {
  phase: 'map';
  input: ITaskInput[];
  format: ITaskFormat;
  /** As decided by the sample. */
  combiner: 'reducer' | 'function' | 'none';
  reducers: number;
  /** `sort: key` over several reducers: upper bounds of all but the last, as encoded keys (base64), from the sample. */
  bounds?: string[];
}

export interface IReduceTask extends ITaskBase {
  phase: 'reduce';
  /** Section of the map outputs to read; also the name of the result: `<section>_results` as MARLA calls it. */
  section: number;
  /** Names of the committed map outputs, relative to the store; or `manifest`, a file with them as a JSON array. */
  outputs?: string[];
  manifest?: string;
  sort: 'key' | 'value' | 'none';
  top?: number;
}

export interface IHtcTask extends ITaskBase {
  phase: 'htc';
  /** Iterations `[first, first + count)`, or the files at these places of the list. */
  first: number;
  count: number;
  /** Of the whole job: what `ctx.rng` is made of, with the first iteration of a call. */
  seed: number;
  /**
   * Iterations of one call of the function: calls begin at multiples of it, so that what they answer does not depend on which
   * range they came in. Absent: one call with the whole range.
   */
  grain?: number;
  total: number;
  /** Work is files: those of this range, in order. */
  files?: ITaskInput[];
  /** Work is iterations, and these whole files go with each of them: TaScaaS's inputFile. INPUT_FILE_PATH is the first. */
  common?: ITaskInput[];
  /** Instead of `files`: a file of the store with the files of the whole job as a JSON array; `first` is a place in it. */
  manifest?: string;
  shell: boolean;
  /** False: one call with the whole range, that may not be shortened. */
  divisible: boolean;
}

export type Task = ISampleTask | IMapTask | IReduceTask | IHtcTask;

/** Sums of one attempt; the fields of ComputeCounters of the contract. */
export interface ITaskCounters {
  recordsIn: number;
  recordsOut: number;
  bytesIn: number;
  bytesOut: number;
  skipped: number;
  spills: number;
  combineIn: number;
  combineOut: number;
  userSeconds: number;
  peakMemory: number;
}

/** What a running attempt says of itself, about once a second. */
export interface ITaskProgress {
  /** Units (bytes, iterations) since the start of the attempt. */
  done: number;
  counters: Partial<ITaskCounters>;
  /** Resident memory now, bytes. */
  memory: number;
  /**
   * Units from the start of the attempt that are finished: they count also when the worker is lost. `values` are those since the
   * last time.
   */
  kept?: { count: number; values: NonNullable<ITaskDone['values']> };
}

export interface ITaskError {
  class: 'user' | 'input' | 'memory' | 'timeout' | 'lost' | 'output';
  type: string;
  message: string;
  traceback?: string;
  line?: number;
  record?: string;
}

/** The answer of the sample. */
export interface ISampleAnswer {
  combiner: 'reducer' | 'function' | 'none';
  /** Why there is none, a sentence for the user. */
  note?: string;
  /** Which form of mapper and reducer was found, for instance `line-generator`, `key-values`. */
  forms: { mapper?: string; reducer?: string; task?: string };
  /** Bytes of input a second of one worker; bytes of memory and of shuffle for each byte of input. */
  speed: number;
  expansion: number;
  shuffle: number;
  /** For `sort: key`: encoded keys (base64) that divide the sample into equal parts; one less than the reducers. */
  bounds?: string[];
  /** A few pairs, JSON, to be shown for a rehearsal. */
  pairs: [unknown, unknown][];
}

/** What an attempt answers when it is over. */
export interface ITaskDone {
  counters: ITaskCounters;
  /** Units that were really done: less than asked for after `stop`. Input bytes for map, shuffle bytes for reduce. */
  done: number;
  /** Committed files, relative to the store, with their size and crc32; the name has no attempt in it: the first one wins. */
  files: { name: string; size: number; crc32: number }[];
  /** True when another attempt had committed before: nothing of this one counts. */
  superseded?: boolean;
  /** htc: the values, JSON, when together they are under 64 kB; larger ones are in a file `values-…jsonl`. */
  values?: { first: number; count: number; value: unknown }[];
  sample?: ISampleAnswer;
}
