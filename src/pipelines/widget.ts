import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { Drag } from '@lumino/dragdrop';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import type { PipelineProblem } from '../contract';
import type { IViewContext } from '../oscar/components/context';
import type { CanvasAction } from './canvasapi';
import type { PipelineView } from './view';

/** What the editor of a file needs of the application. */
export interface IPipelineServices {
  view: IViewContext;
  /** Open a file in JupyterLab. */
  openFile: (path: string) => void;
  /** Open a file in the text editor. */
  openText: (path: string) => void;
  /** Ask the user for files; answers their paths. */
  chooseFiles: (options: { many: boolean; extensions?: string[]; folder: string }) => Promise<string[]>;
  /** Files that are selected in the file browser, should a drag begin there. */
  dragged: (event: Drag.Event) => string[];
}

/**
 * The editor of one file. Its inside comes when the first pipeline is opened.
 */
export class PipelineContent extends Widget {
  constructor(
    private readonly _context: DocumentRegistry.CodeContext,
    private readonly _services: IPipelineServices
  ) {
    super();
    this.addClass('jp-OscarPipelineEditor');
    this.layout = new PanelLayout();
    this._say(_services.view.trans.__('Opening the pipeline…'));
    void this._fill();
  }

  /** Emitted when what can be undone has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The text with what is not saved yet. */
  get text(): string {
    return this._context.model.toString();
  }

  run(action: CanvasAction): void {
    this._view?.canvas?.run(action);
  }

  can(action: 'undo' | 'redo'): boolean {
    return this._view?.canvas?.can(action) ?? false;
  }

  /** Show what a check found. */
  showProblems(problems: readonly PipelineProblem[]): void {
    this._view?.document.show(problems);
  }

  protected onActivateRequest(_: Message): void {
    this._view?.focus();
  }

  private async _fill(): Promise<void> {
    const { trans } = this._services.view;
    let loaded: typeof import('./view');
    try {
      [loaded] = await Promise.all([import('./view'), this._context.ready]);
    } catch {
      // A file that cannot be read is told by JupyterLab itself, which closes this.
      if (!this.isDisposed) {
        this._say(trans.__('The editor could not be loaded. Check the connection to the server and reload the page.'));
      }
      return;
    }
    if (this.isDisposed) {
      return;
    }
    const { PipelineView } = loaded;
    this._say('');
    this._view = new PipelineView(this._context, this._services);
    this._view.changed.connect(() => this._changed.emit());
    (this.layout as PanelLayout).addWidget(this._view);
    this._changed.emit();
  }

  /** Until the view is there. */
  private _say(text: string): void {
    this._note?.remove();
    this._note = null;
    if (text !== '') {
      this._note = document.createElement('p');
      this._note.className = 'jp-OscarPipeline-opening';
      this._note.setAttribute('role', 'status');
      this._note.textContent = text;
      this.node.append(this._note);
    }
  }

  private _note: HTMLElement | null = null;
  private _view: PipelineView | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

export type PipelineWidget = DocumentWidget<PipelineContent, DocumentRegistry.ICodeModel>;

/** Makes editors for `.pipeline` files. */
export class PipelineFactory extends ABCWidgetFactory<PipelineWidget, DocumentRegistry.ICodeModel> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<PipelineWidget>,
    private readonly _services: IPipelineServices
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.CodeContext): PipelineWidget {
    const content = new PipelineContent(context, this._services);
    const widget = new DocumentWidget({ content, context });
    widget.addClass('jp-OscarPipelineDocument');
    return widget;
  }
}

/** What JupyterLab's file browser puts into a drag: paths in its own form. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/** Files of the file browser in a drag. */
export function draggedPaths(event: Drag.Event): string[] {
  return event.mimeData.hasData(CONTENTS_MIME) ? (event.mimeData.getData(CONTENTS_MIME) as string[]) : [];
}
