import type { PipelineNodeState } from '../contract';
import type { IFlow } from './flow';
import type { IPalette } from './palette';

/** By node: the worst of its problems, and all their words. */
export interface IBadges {
  [node: string]: { severity: 'error' | 'warning'; messages: string[] };
}

/** By node: how it stands in the newest run. */
export interface IStates {
  [node: string]: PipelineNodeState;
}

/** What a canvas is given. */
export interface ICanvasProps {
  /** As `toCanvas` makes it. Another object is another pipeline. */
  flow: IFlow;
  palette: IPalette;
  pipelineSchema: unknown;
  parametersSchema: unknown;
  badges: IBadges;
  states: IStates;
  /** Links that are part of a problem. */
  brokenLinks: readonly string[];
  /** Shown while there are no nodes. */
  hint: string;
  words: ICanvasWords;
  /** Something for the user to read or hear; an empty text takes it away. */
  onSay: (text: string) => void;
  /** After each edit, with the whole pipeline; also when nothing changed. */
  onChange: (flow: IFlow) => void;
  onOpenFile: (path: string) => void;
  /** Ask for files; answers paths as they go into the pipeline. */
  onFileRequested: (request: IFileRequest) => Promise<string[]>;
  onError: (error: Error) => void;
  onAction?: (type: string) => void;
  /** The canvas can be talked to. */
  onReady?: () => void;
}

/** What the canvas says of nodes, which it names by their ids. */
export interface ICanvasWords {
  chosen: (node: string) => string;
  connecting: (from: string, to: string) => string;
  connected: (from: string, to: string) => string;
}

export interface IFileRequest {
  canSelectMany?: boolean;
  filters?: { File?: string[] };
  propertyID?: string;
  /** File of the node. */
  filename?: string;
}

export type CanvasAction =
  | 'undo'
  | 'redo'
  | 'cut'
  | 'copy'
  | 'paste'
  | 'deleteSelectedObjects'
  | 'selectAll'
  | 'createAutoComment'
  | 'arrangeHorizontally'
  | 'toggleOpenPanel'
  | 'zoomIn'
  | 'zoomOut'
  | 'zoomToFit';

/** A canvas in the page. */
export interface ICanvas {
  update(change: Partial<ICanvasProps>): void;
  run(action: CanvasAction): void;
  can(action: 'undo' | 'redo'): boolean;
  /** Select nodes and bring them into view. */
  select(ids: string[]): void;
  selected(): string[];
  /** Open the form of what is selected. */
  openProperties(): void;
  /** Add a node; `at` is a place of the page. */
  add(op: string, options?: { path?: string; at?: { x: number; y: number } }): void;
  dispose(): void;
}
