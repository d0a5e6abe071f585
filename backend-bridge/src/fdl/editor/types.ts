import type { FdlProblem } from '../../contract';
import type { ICheckContext, IFdlDocument, IParseOptions, IParseResult, IRange } from '../types';

/** A place of the cursor. Lines and columns count from 1, as in problems; column 1 is before the first character. */
export interface IPosition {
  line: number;
  column: number;
}

/** Replaces a range by a text. All edits of one list refer to the text before any of them. */
export interface IEdit extends IRange {
  text: string;
}

/** What the page knows of the chosen cluster and the folder. All parts are optional. */
export interface IKnown {
  /** Names of services of the cluster. */
  services?: readonly string[];
  /** Buckets of the cluster: names, or paths `bucket/folder`. */
  buckets?: readonly string[];
  /** Images that other services use, or that the machine has. */
  images?: readonly string[];
  /** Ids of the clusters that are configured. */
  clusterIds?: readonly string[];
  /** Paths of scripts beside the file. */
  scripts?: readonly string[];
  /** Version of the server that the file is for; absent: the newest known. */
  version?: string;
}

export type CompletionKind =
  'key' | 'value' | 'provider' | 'service' | 'path' | 'image' | 'cluster' | 'script' | 'template';

/** Something that can be written at the cursor. */
export interface ICompletion {
  /** What is shown, and what the typed text is matched with. */
  label: string;
  kind: CompletionKind;
  /** A few words behind the label. */
  detail?: string;
  /** Markdown. */
  documentation?: string;
  /** Replaces `range`; the cursor goes to its end. */
  insert: string;
  range: IRange;
  /** The higher, the further up; 0 is usual. */
  boost: number;
}

export interface IHover {
  markdown: string;
  /** What the text is about. */
  range: IRange;
}

export interface IOutlineItem {
  name: string;
  detail?: string;
  kind: 'section' | 'cluster' | 'service' | 'function' | 'provider' | 'input' | 'output' | 'field';
  /** The whole of it. */
  range: IRange;
  /** Where the cursor goes. */
  selection: IRange;
  children: IOutlineItem[];
}

/** A path in the file that names another file. */
export interface IFileLink {
  range: IRange;
  /** As written; relative to the FDL file unless it is absolute. */
  path: string;
  kind: 'script' | 'file';
  /** Name of the service or function; empty when it has none. */
  service: string;
}

/** The lines from the one after `from` to `to` can be hidden. */
export interface IFolding {
  from: number;
  to: number;
}

/** Versions of the server that a file can be written for. */
export type TargetVersion = '3.x' | '4.0' | '4.1';

export interface IConverted {
  text: string;
  /** What was changed, and what this version does not have; sentences. */
  notes: string[];
}

export interface IRenamed {
  edits: IEdit[];
  /** The text with the edits. */
  text: string;
  /** Why it cannot be done; then there are no edits. */
  problem?: string;
}

/** A repair of a problem, for a menu. */
export interface IFix {
  title: string;
  edits: IEdit[];
  problem: FdlProblem;
}

export interface ILinted {
  document: IFdlDocument;
  /** Of the text and of the content, in the order of the text. */
  problems: FdlProblem[];
}

/** The functions of `editor/index.ts`, in one list: the page's code is written against it. */
export interface IFdlEditor {
  /** Reads a text; never throws. */
  parse(text: string, options?: IParseOptions): IParseResult;
  /** Reads and checks. */
  lint(text: string, options?: ICheckContext & { file?: string }): ILinted;
  /** What can be written here, best first. Goes by the text, so that it works while the YAML is broken. */
  complete(document: IFdlDocument, position: IPosition, known?: IKnown): ICompletion[];
  hover(document: IFdlDocument, position: IPosition, options?: { version?: string }): IHover | undefined;
  outline(document: IFdlDocument): IOutlineItem[];
  links(document: IFdlDocument): IFileLink[];
  foldings(document: IFdlDocument): IFolding[];
  /** Stable order, indentation and quoting; comments stay. A text that is no YAML comes back as it is. */
  format(text: string): string;
  /** Edits wherever the name stands: the service, its paths, who feeds it or is fed by it, clusters that share it. */
  renameService(text: string, from: string, to: string): IRenamed;
  /** Name of the service (or function of AWS) around a place. */
  serviceAt(document: IFdlDocument, position: IPosition): string | undefined;
  convertVersion(text: string, version: TargetVersion): IConverted;
  fixes(problems: readonly FdlProblem[], position?: IPosition): IFix[];
  fixAll(problems: readonly FdlProblem[]): IEdit[];
  applyEdits(text: string, edits: readonly IEdit[]): string;
  /** JSON Schema (draft-07) of a file. */
  fdlSchema(): { [key: string]: unknown };
}
