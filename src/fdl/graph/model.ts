import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { GraphAction, GraphEnd, IFdlGraph, IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import type { FdlProblem } from '../../contract';
import { applyInOrder } from '../apply';
import type { FdlSession } from '../session';

/** Milliseconds of silence before the picture follows the text. */
const PAUSE = 150;

/** What is seen. Never changed in place. */
export interface IGraphState {
  graph: IFdlGraph;
  /** The text cannot be read at the moment: the picture is the last one that could be drawn. */
  stale: boolean;
  /** Nothing stands in the file yet. */
  empty: boolean;
  problems: readonly FdlProblem[];
  /** Problems by the node they are about. */
  marks: ReadonlyMap<string, 'error' | 'warning'>;
  /** Id of the chosen node or edge. */
  selected: string | null;
  /** The node from which a connection is being drawn with the keyboard. */
  connecting: string | null;
  /** A sentence about what was just done or refused, for eyes and screen readers. */
  message: { text: string; refused: boolean } | null;
}

const EMPTY: IFdlGraph = { nodes: [], edges: [] };

/** A file with nothing in it, or only comments, is no broken one: it is where drawing begins. */
const NOTHING_YET = new Set(['no-functions', 'empty-file']);

/**
 * The picture of a document and what is done on it. There is one document: actions become edits of its text, and whatever changes
 * the text changes the picture.
 */
export class GraphModel implements IDisposable {
  constructor(
    private readonly _context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>,
    private readonly _session: FdlSession
  ) {
    _context.model.sharedModel.changed.connect(this._onText, this);
    _session.changed.connect(this._onText, this);
    this.read();
  }

  get state(): IGraphState {
    return this._state;
  }

  get stateChanged(): ISignal<this, IGraphState> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    clearTimeout(this._timer);
    if (!this._context.isDisposed) {
      this._context.model.sharedModel.changed.disconnect(this._onText, this);
    }
    this._session.changed.disconnect(this._onText, this);
    Signal.clearData(this);
  }

  /** Draw the text as it is now. */
  read(): void {
    clearTimeout(this._timer);
    const text = this._context.model.sharedModel.source;
    const { document, problems } = this._session.lint(text);
    const broken = document.syntax.some(problem => problem.severity === 'error' && !NOTHING_YET.has(problem.code));
    const hasGraph = this._state.graph.nodes.length > 0;
    const graph = broken && hasGraph ? this._state.graph : this._withLoose(this._session.language.graphOf(document));
    const ids = new Set([...graph.nodes.map(node => node.id), ...graph.edges.map(edge => edge.id)]);
    const { selected, connecting } = this._state;
    this._update({
      graph,
      problems,
      stale: broken,
      empty: graph.nodes.length === 0,
      marks: broken ? this._state.marks : marksOf(graph, problems, document),
      selected: selected !== null && ids.has(selected) ? selected : null,
      connecting: connecting !== null && ids.has(connecting) ? connecting : null
    });
  }

  select(id: string | null): void {
    this._update({ selected: id });
  }

  /** Begin or end to draw a connection with the keyboard. */
  connectFrom(id: string | null): void {
    this._update({ connecting: id });
  }

  say(text: string, refused = false): void {
    this._update({ message: { text, refused } });
  }

  /**
   * Do something on the canvas.
   *
   * @returns Whether it was done; when not, the state says why.
   */
  run(action: GraphAction, done?: string): boolean {
    const shared = this._context.model.sharedModel;
    const result = this._session.language.editGraph(shared.source, this._real(action));
    if (result.refused !== undefined) {
      this._update({ message: { text: result.refused, refused: true } });
      return false;
    }
    applyInOrder(shared, result.edits);
    this.read();
    this._update({
      message: done === undefined ? null : { text: done, refused: false },
      ...(result.node !== undefined && this.node(result.node) ? { selected: result.node } : {})
    });
    return true;
  }

  /** Put a folder on the canvas; it stands in the file when something is connected to it. */
  addPlace(provider: string, path: string): string {
    const id = this._session.language.placeNode(provider, path);
    this._loose.set(id, { id, provider, path });
    this.read();
    this.select(id);
    return id;
  }

  /** True for a folder that is not in the file. */
  isLoose(id: string): boolean {
    return this._loose.has(id);
  }

  /** Take something away, in the file or only on the canvas. */
  remove(id: string): boolean {
    if (this._loose.delete(id)) {
      this.read();
      return true;
    }
    const edge = this._state.graph.edges.some(item => item.id === id);
    return this.run(edge ? { type: 'disconnect', edge: id } : { type: 'remove', node: id });
  }

  node(id: string): IGraphNode | undefined {
    return this._state.graph.nodes.find(node => node.id === id);
  }

  undo(): void {
    this._update({ message: null });
    this._context.model.sharedModel.undo();
  }

  redo(): void {
    this._update({ message: null });
    this._context.model.sharedModel.redo();
  }

  get canUndo(): boolean {
    return this._context.model.sharedModel.canUndo();
  }

  get canRedo(): boolean {
    return this._context.model.sharedModel.canRedo();
  }

  /** Loose folders are named by what they are, since the text does not know them. */
  private _real(action: GraphAction): GraphAction {
    if (action.type !== 'connect') {
      return action;
    }
    const end = (side: GraphEnd): GraphEnd => {
      const loose = 'node' in side ? this._loose.get(side.node) : undefined;
      return loose ? { provider: loose.provider, path: loose.path } : side;
    };
    return { ...action, from: end(action.from), to: end(action.to) };
  }

  private _withLoose(graph: IFdlGraph): IFdlGraph {
    for (const node of graph.nodes) {
      this._loose.delete(node.id);
    }
    const loose = [...this._loose.values()].map(({ id, provider, path }): IGraphNode => {
      const slash = path.indexOf('/');
      return {
        id,
        kind: 'place',
        label: slash < 0 ? path : path.slice(0, slash),
        detail: slash < 0 ? '' : path.slice(slash + 1),
        pointer: '',
        provider,
        path
      };
    });
    return loose.length === 0 ? graph : { ...graph, nodes: [...graph.nodes, ...loose] };
  }

  private _onText(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      if (!this._disposed && !this._context.isDisposed) {
        this.read();
      }
    }, PAUSE);
  }

  private _update(change: Partial<IGraphState>): void {
    this._state = { ...this._state, ...change };
    this._stateChanged.emit(this._state);
  }

  private readonly _stateChanged = new Signal<this, IGraphState>(this);
  private readonly _loose = new Map<string, { id: string; provider: string; path: string }>();
  private _state: IGraphState = {
    graph: EMPTY,
    stale: false,
    empty: true,
    problems: [],
    marks: new Map(),
    selected: null,
    connecting: null,
    message: null
  };
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;
}

type Places = ReturnType<FdlSession['document']>['places'];

/** The worst problem within the lines of each service, function and cluster. */
function marksOf(
  graph: IFdlGraph,
  problems: readonly FdlProblem[],
  document: { places: Places }
): Map<string, 'error' | 'warning'> {
  const marks = new Map<string, 'error' | 'warning'>();
  for (const node of graph.nodes) {
    const place = document.places.get(node.pointer);
    if (!place || node.kind === 'place' || (node.kind === 'cluster' && !node.pointer.startsWith('/clusters'))) {
      continue;
    }
    // What is missing is told at the key.
    const from = (place.key ?? place.value).line;
    for (const problem of problems) {
      if (problem.line >= from && problem.line <= place.value.endLine && problem.severity !== 'information') {
        marks.set(node.id, marks.get(node.id) === 'error' ? 'error' : problem.severity);
      }
    }
  }
  return marks;
}
