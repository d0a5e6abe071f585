import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IKnown, ILinted } from '../../backend-bridge/src/fdl/editor/types';
import type { FdlProblem } from '../contract';
import type { IOscarModel } from '../tokens';
import { knownOf, learn } from './known';
import type { IFdlLanguage } from './language';
import { Scripts } from './scripts';

/** An open file: what stands in it and what is wrong with it, read once for each text, whoever asks. */
export class FdlSession implements IDisposable {
  constructor(options: FdlSession.IOptions) {
    this.language = options.language;
    this._context = options.context;
    this._model = options.model;
    this._scripts = new Scripts(options.contents);
    this._scripts.changed.connect(this._onScripts, this);
    this._model.stateChanged.connect(this._onModel, this);
    options.context.disposed.connect(this.dispose, this);
    this._scripts.beside(this.path).then(
      names => (this._beside = names),
      () => undefined
    );
  }

  readonly language: IFdlLanguage;

  get path(): string {
    return this._context.path;
  }

  get text(): string {
    return this._context.model.sharedModel.source;
  }

  /** What the problems depend on besides the text has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._scripts.dispose();
    this._model.stateChanged.disconnect(this._onModel, this);
    Signal.clearData(this);
  }

  /** The text read and checked. */
  lint(text = this.text): ILinted {
    if (this._linted?.text !== text) {
      const document = this.document(text);
      const { path } = this;
      const scripts = this._scripts.of(path, this.language.links(document));
      const linted = this.language.lint(text, {
        file: path.slice(path.lastIndexOf('/') + 1),
        scripts,
        ...this._about()
      });
      this._linted = { text, ...linted };
    }
    const remote = this._remote?.text === text ? this._remote.problems : [];
    const { document, problems } = this._linted;
    return { document, problems: remote.length === 0 ? problems : merge(problems, remote) };
  }

  /** The text read. */
  document(text = this.text): ILinted['document'] {
    if (this._linted?.text === text) {
      return this._linted.document;
    }
    if (this._document?.text !== text) {
      this._document = { text, document: this.language.parse(text, { file: this.path }).document };
    }
    return this._document.document;
  }

  /** Last line of what can be folded, by the line that stays. */
  foldings(text = this.text): ReadonlyMap<number, number> {
    const document = this.document(text);
    if (this._foldings?.document !== document) {
      const lines = new Map(this.language.foldings(document).map(({ from, to }) => [from, to]));
      this._foldings = { document, lines };
    }
    return this._foldings.lines;
  }

  /** Version of the current cluster. */
  get version(): string | undefined {
    return this._model.current?.version;
  }

  /** What the cluster found, shown until the text changes. */
  setRemote(text: string, problems: readonly FdlProblem[]): void {
    this._remote = { text, problems };
    this._changed.emit();
  }

  /** For completion; asks the cluster the first time. */
  known(): IKnown {
    learn(this._model);
    return knownOf(this._model, this._beside);
  }

  private _about(): { version?: string; clusterIds?: string[]; processRuntime?: boolean } {
    const cluster = this._model.current;
    const { clusters } = this._model.state;
    return {
      ...(cluster?.version ? { version: cluster.version } : {}),
      ...(clusters.length > 0 ? { clusterIds: clusters.map(item => item.id) } : {}),
      ...(cluster ? { processRuntime: cluster.features.includes('requirements') } : {})
    };
  }

  private _onScripts(): void {
    this._linted = undefined;
    this._changed.emit();
  }

  private _onModel(): void {
    const about = JSON.stringify(this._about());
    if (about !== this._seen) {
      this._seen = about;
      this._linted = undefined;
      this._changed.emit();
    }
  }

  private readonly _context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
  private readonly _model: IOscarModel;
  private readonly _scripts: Scripts;
  private readonly _changed = new Signal<this, void>(this);
  private _linted: ({ text: string } & ILinted) | undefined;
  private _document: { text: string; document: ILinted['document'] } | undefined;
  private _foldings: { document: ILinted['document']; lines: ReadonlyMap<number, number> } | undefined;
  private _remote: { text: string; problems: readonly FdlProblem[] } | undefined;
  private _beside: string[] = [];
  private _seen = '';
  private _disposed = false;
}

/** The problems of both sides, each once, in the order of the text. */
function merge(ours: readonly FdlProblem[], theirs: readonly FdlProblem[]): FdlProblem[] {
  const key = (problem: FdlProblem): string => `${problem.code} ${problem.line} ${problem.column}`;
  const known = new Set(ours.map(key));
  return [...ours, ...theirs.filter(problem => !known.has(key(problem)))].sort(
    (a, b) => a.line - b.line || a.column - b.column
  );
}

export namespace FdlSession {
  export interface IOptions {
    language: IFdlLanguage;
    context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
    model: IOscarModel;
    contents: Contents.IManager;
  }
}
