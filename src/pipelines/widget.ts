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
    const [{ PipelineView }] = await Promise.all([import('./view'), this._context.ready]);
    if (this.isDisposed) {
      return;
    }
    this._view = new PipelineView(this._context, this._services);
    this._view.changed.connect(() => this._changed.emit());
    (this.layout as PanelLayout).addWidget(this._view);
    this._changed.emit();
  }

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
