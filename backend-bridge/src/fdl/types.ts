import type { Bucket, FdlProblem, PlanStep } from '../contract';
import type { IOscarService } from './service';

/** A place in the text. Lines and columns count from 1; `endColumn` is the column after the last character. */
export interface IRange {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** Where a key and its value stand. List items have no key. */
export interface IPlace {
  key?: IRange;
  value: IRange;
  /** The value as written, for scalars (`1.0` stays `1.0`). */
  source?: string;
  /** True for a quoted scalar. */
  quoted?: boolean;
}

/** A plain value of YAML or JSON. */
export type FdlValue = string | number | boolean | null | FdlValue[] | { [key: string]: FdlValue };

export type FdlMap = { [key: string]: FdlValue };

/** One item of `functions.oscar`: a service for one cluster. */
export interface IFdlEntry {
  /** The key: a configured cluster id, or `default-cluster`. Empty when there is none. */
  clusterId: string;
  /** The service as it was written; nothing is converted. */
  service: FdlMap;
  /** JSON pointer of the service in the document; a key into `IFdlDocument.places`. */
  pointer: string;
}

/** A read FDL file. Always there, with what could be read, however broken the text is. */
export interface IFdlDocument {
  file: string;
  text: string;
  oscar: IFdlEntry[];
  /** `functions.aws`, carried as it is. */
  aws: FdlValue[];
  storageProviders: { [type: string]: { [id: string]: FdlMap } };
  clusters: { [id: string]: FdlMap };
  /** The whole as plain values (null when it is no YAML). */
  value: FdlValue;
  /** What is wrong with the text itself; the same as `IParseResult.problems`. */
  syntax: FdlProblem[];
  /** Where things stand, by JSON pointer (`/functions/oscar/0/local/name`). */
  places: ReadonlyMap<string, IPlace>;
}

export interface IParseOptions {
  /** Name that problems carry. */
  file?: string;
}

export interface IParseResult {
  document: IFdlDocument;
  /** What is wrong with the text itself: syntax, duplicate keys, tabs, wrong kinds of value at the top. */
  problems: FdlProblem[];
}

/** What the caller knows. All parts are optional: what is not known is not checked. */
export interface ICheckContext {
  /** Texts of the scripts by their path as the FDL writes it; null: there is no such file; absent: not looked at. */
  scripts?: { [path: string]: string | null };
  /** Version of the server the file is for, for instance `v4.1.2`. Absent: the newest that is known. */
  version?: string;
  /** Scripts will run as plain processes of this machine: container paths are not there. */
  processRuntime?: boolean;
  /** Ids of the clusters that are configured; absent: any key will do. */
  clusterIds?: string[];
  /** Services that the cluster has, for loops and shared triggers through them. */
  deployed?: IOscarService[];
}

export interface IWriteOptions {
  /** Version of the server that it is written for; absent or unreadable: 4.1. */
  version?: string;
  /** Top-level `storage_providers` of the file. */
  storageProviders?: IFdlDocument['storageProviders'];
  /** Text of the script. Absent: `script` stays out. */
  script?: string;
  /** Used where the FDL says nothing. */
  defaults?: Partial<IOscarService>;
}

/** Where the objects of a parent lie that start this service. JSON of a list of these is the variable `OSCAR_LINKS`. */
export interface ILink {
  /** Service that writes; empty when somebody else puts the objects there. */
  from: string;
  /** Service that is started. */
  to: string;
  /** `bucket/prefix` as the FDL writes it. */
  path: string;
  /** Where the objects really lie. */
  bucket: string;
  /** Without slashes around it; may be empty. */
  prefix: string;
}

/** Name of the environment variable with the links of a service. */
export const LINKS_VARIABLE = 'OSCAR_LINKS';

/**
 * What apply does, in this order. `steps` are the indexes of the plan's steps that it carries out: all of them run while it
 * runs, and are done when it is.
 */
export type PlanAction =
  | {
      type: 'create-service';
      steps: number[];
      name: string;
      /** Body of the POST; holds secrets as the FDL has them. */
      service: Partial<IOscarService>;
      /** Buckets that do not exist before: what a failed create may leave behind, to be removed when empty. */
      buckets: string[];
    }
  | {
      type: 'update-service';
      steps: number[];
      name: string;
      /** Body of the PUT. `secrets` is there only with true values. */
      service: Partial<IOscarService>;
      /** As it was read, for going back; its secrets are empty and must stay out of a PUT. Absent: made in this plan. */
      previous?: IOscarService;
      buckets: string[];
      /** The answer may be 500 although it was applied: these lists must be there when it is read back. */
      expect: { input: string[]; output: string[] };
    }
  | {
      type: 'link' | 'unlink';
      steps: number[];
      service: string;
      bucket: string;
      /** Ends in `/` unless empty. */ prefix: string;
      arn: string;
    };

export interface IPlanOptions {
  document: IFdlDocument;
  /** All services of the cluster, as `GET /system/services` gives them. */
  deployed: IOscarService[];
  /** Buckets of the cluster; undefined when they cannot be listed. */
  buckets?: Bucket[];
  /** Volumes of the cluster by name; undefined when it does not tell. */
  volumes?: string[];
  /** Notifications of the buckets that links use, by bucket; undefined when the object store cannot be reached. */
  notifications?: { [bucket: string]: { arn: string; prefix: string }[] };
  /** False: the object store cannot be reached; services are then connected by POST and PUT. Default true. */
  storage?: boolean;
  version?: string;
  features?: Iterable<string>;
  /** Who is signed in, for users with a token; absent for the administrator, who may change every service. */
  user?: string;
  /** Texts of the scripts by their path as the FDL writes it; null: there is no such file. */
  scripts: { [path: string]: string | null };
  /** Texts of requirements.txt by service name. */
  requirements?: { [service: string]: string };
  /** Bytes that the environment of a service takes, where known. */
  sizes?: { [service: string]: number };
  /** Leave scripts as they are. */
  rawScript?: boolean;
  /** Only services of this key (and of `default-cluster`); absent: all. */
  clusterId?: string;
}

export interface IPlanResult {
  /** Names of the services of the file, in its order. */
  services: string[];
  steps: PlanStep[];
  actions: PlanAction[];
  /** How services that feed one another are connected. */
  links: ILink[];
  notes: string[];
  /** All that `checkFdl` finds, the problems of the text, and what only this cluster makes a problem. With an error there are no actions. */
  problems: FdlProblem[];
}

/** What a log says about a script that ran with the epilogue. */
export interface ISentinel {
  exitCode?: number;
  /** Names relative to the output folder, in the order they were listed. */
  outputs: string[];
  /** The log without the sentinel lines. */
  log: string;
}
