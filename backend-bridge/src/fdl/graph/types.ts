/** One replacement in a text, by offsets. */
export interface ITextEdit {
  from: number;
  to: number;
  insert: string;
}

export type GraphNodeKind = 'service' | 'function' | 'place' | 'cluster';

/** A box of the picture. */
export interface IGraphNode {
  /** Stays the same while what it stands for keeps its name. */
  id: string;
  kind: GraphNodeKind;
  label: string;
  /** Image of a service or function, folder of a place, endpoint of a cluster. */
  detail?: string;
  /** Id of the cluster's node around it. */
  parent?: string;
  /** JSON pointer of the part of the file to jump to. */
  pointer: string;
  /** Of places: the provider as the file writes it first, for instance `minio.default`. */
  provider?: string;
  /** Of places: `bucket/folder`. */
  path?: string;
}

export type GraphEdgeKind = 'input' | 'output' | 'mount' | 'under';

/** An arrow in the direction in which data goes. `under`: what is written into `from` also lands in `to`. */
export interface IGraphEdge {
  id: string;
  kind: GraphEdgeKind;
  from: string;
  to: string;
  /** JSON pointer of the item of `input` or `output`, or of `mount`; absent for `under`. */
  pointer?: string;
  /** Filters of an output, `*.png`. */
  label?: string;
}

/** What a file describes. Nodes stand in the order of the text, clusters first. */
export interface IFdlGraph {
  nodes: IGraphNode[];
  edges: IGraphEdge[];
}

/** An end of a new connection: a node that is there, or a place that is not in the file yet. */
export type GraphEnd = { node: string } | { provider: string; path: string };

/** What can be done on the canvas. Ids are those of the graph of the same text. */
export type GraphAction =
  | { type: 'add-service'; name: string; image: string; script: string; cluster: string }
  | { type: 'add-function'; name: string; image: string; script: string }
  | { type: 'add-cluster'; name: string; endpoint: string }
  | { type: 'connect'; from: GraphEnd; to: GraphEnd }
  | { type: 'disconnect'; edge: string }
  | { type: 'remove'; node: string }
  | { type: 'rename'; node: string; name: string }
  | { type: 'move'; node: string; cluster: string };

/** The edits of one action. */
export interface IGraphEdit {
  /** One after the other: each refers to the text that the one before it left. Empty when refused. */
  edits: ITextEdit[];
  /** The text afterwards; the same as before when refused. */
  text: string;
  /** Why it cannot be done, and what to do instead. */
  refused?: string;
  /** Id of the node that the action made or renamed. */
  node?: string;
}
