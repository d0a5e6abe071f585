import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { PipelineProblem } from '../contract';
import type { IFlow } from './flow';
import { emptyFlow } from './flow';
import { patchJson, sameJson } from './jsontext';
import type { ILanguage } from './language';
import { fromCanvas, toCanvas, withoutBadges } from './merge';

/** What of a file is shown. */
export interface IPipelineState {
  /** `broken`: it cannot be read; `problems` say why, and the text stays as it is. */
  phase: 'loading' | 'ready' | 'broken';
  /** For the canvas; another object after each change from outside. */
  flow: IFlow | null;
  /** What an old file had to be changed in, sentences; gone with the first save. */
  migration: readonly string[];
  problems: readonly PipelineProblem[];
}

/**
 * A `.pipeline` file between its text and the canvas: edits go into the text and change there what they must, changes of the text go to
 * the canvas.
 */
export class PipelineDocument implements IDisposable {
  constructor(options: PipelineDocument.IOptions) {
    this._options = options;
    options.model.contentChanged.connect(this._onContent, this);
    this._onContent();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): IPipelineState {
    return this._state;
  }

  /** The text as it is now, with what is not saved yet. */
  get text(): string {
    return this._text;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._options.model.contentChanged.disconnect(this._onContent, this);
      clearTimeout(this._timer);
      Signal.clearData(this);
    }
  }

  /** The user edited on the canvas. */
  edit(canvas: IFlow): void {
    if (!this._file || this._disposed) {
      return;
    }
    // The canvas goes on changing its own object.
    const flow = JSON.parse(JSON.stringify(canvas)) as IFlow;
    const next = fromCanvas(this._file, flow);
    if (sameJson(next, this._file)) {
      // An empty row of a form belongs on the canvas and not into the file.
      if (!sameJson(flow, this._state.flow)) {
        this._update({ flow });
      }
      return;
    }
    this._file = next;
    this._text = patchJson(this._base, next);
    const { model } = this._options;
    model.fromString(this._text);
    // JupyterLab 4.6 takes only notebooks and its own text editor for changed.
    model.dirty = true;
    this._update({ flow });
    this._checkSoon();
  }

  /** Check again: services or clusters are others now. */
  recheck(): void {
    this._checkSoon();
  }

  /** Show what a fuller check found, until the next edit. */
  show(problems: readonly PipelineProblem[]): void {
    clearTimeout(this._timer);
    this._update({ problems });
  }

  private _onContent(): void {
    const text = this._options.model.toString();
    if (text === this._text && this._state.phase !== 'loading') {
      return;
    }
    this._text = text;
    void this._open(text);
  }

  private async _open(text: string): Promise<void> {
    const turn = ++this._turn;
    if (text.trim() === '') {
      this._accept(emptyFlow(), text, []);
      return;
    }
    const language = await this._options.language();
    if (turn !== this._turn || this._disposed) {
      return;
    }
    const { flow, changes, problems } = language.migrate(text, this._options.checkOptions().file);
    if (flow) {
      // What keeps the rules of today is taken as it stands in the file.
      const file = changes.length === 0 ? (JSON.parse(text) as IFlow) : flow;
      this._accept(file, text, changes);
    } else {
      this._file = null;
      this._update({ phase: 'broken', flow: null, migration: [], problems });
    }
  }

  private _accept(file: IFlow, text: string, migration: readonly string[]): void {
    // Badges go with the first edit; they alone are none.
    this._file = withoutBadges(file);
    this._base = text;
    this._update({ phase: 'ready', flow: toCanvas(file), migration, problems: [] });
    this._checkSoon(0);
  }

  private _checkSoon(delay = 250): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._check(), delay);
  }

  private async _check(): Promise<void> {
    const language = await this._options.language();
    if (this._disposed || !this._file) {
      return;
    }
    const text = this._text.trim() === '' ? JSON.stringify(this._file) : this._text;
    const found = language.check(text, this._options.checkOptions());
    // The canvas itself says what to do while it is empty.
    const problems = found.filter(problem => problem.code !== 'no-nodes');
    if (!sameJson(problems, this._state.problems)) {
      this._update({ problems });
    }
  }

  private _update(change: Partial<IPipelineState>): void {
    if (!this._disposed) {
      this._state = { ...this._state, ...change };
      this._changed.emit();
    }
  }

  private readonly _options: PipelineDocument.IOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _state: IPipelineState = { phase: 'loading', flow: null, migration: [], problems: [] };
  /** As it goes into the file. */
  private _file: IFlow | null = null;
  /** The text that was opened: what edits are written into. */
  private _base = '';
  private _text = '';
  private _turn = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _disposed = false;
}

export namespace PipelineDocument {
  export interface IOptions {
    model: Pick<DocumentRegistry.ICodeModel, 'contentChanged' | 'toString' | 'fromString' | 'dirty'>;
    language: () => Promise<ILanguage>;
    checkOptions: () => Parameters<ILanguage['check']>[1];
  }
}
