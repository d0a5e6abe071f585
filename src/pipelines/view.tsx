import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Drag } from '@lumino/dragdrop';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import '../../style/pipelines.css';

import { ViewContext } from '../oscar/components/context';
import type { ICanvas, IFileRequest } from './canvasapi';
import { PipelinePane } from './components/PipelinePane';
import { PipelineDocument } from './document';
import { loadLanguage } from './language';
import { makePalette, typeOfFile } from './palette';
import type { IPipelineServices } from './widget';

/** Palette, canvas and problems of one file. */
export class PipelineView extends ReactWidget {
  constructor(
    private readonly _context: DocumentRegistry.CodeContext,
    private readonly _services: IPipelineServices
  ) {
    super();
    this.addClass('jp-OscarPipelineView');
    const { model } = _services.view;
    this.document = new PipelineDocument({
      model: _context.model,
      language: loadLanguage,
      checkOptions: () => ({
        file: PathExt.basename(_context.path),
        services:
          model.state.services.phase === 'ready' ? model.state.services.items.map(item => item.name) : undefined,
        clusterIds: model.state.clusters.map(item => item.id)
      })
    });
    model.stateChanged.connect(this._onModel, this);
    void model.start();
  }

  readonly document: PipelineDocument;

  /** The canvas, when it is there. */
  canvas: ICanvas | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  focus(): void {
    this.node.querySelector<HTMLElement>('.d3-svg-canvas-div')?.focus();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._services.view.model.stateChanged.disconnect(this._onModel, this);
      this.document.dispose();
      super.dispose();
    }
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case 'lm-dragenter':
      case 'lm-dragover':
        this._onDrag(event as Drag.Event);
        break;
      case 'lm-dragleave':
        this.removeClass('jp-mod-drop');
        break;
      case 'lm-drop':
        this._onDrop(event as Drag.Event);
        break;
      default:
        break;
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    for (const type of DRAG_EVENTS) {
      this.node.addEventListener(type, this);
    }
  }

  protected onBeforeDetach(message: Message): void {
    for (const type of DRAG_EVENTS) {
      this.node.removeEventListener(type, this);
    }
    super.onBeforeDetach(message);
  }

  protected render(): JSX.Element {
    return (
      <ViewContext.Provider value={this._services.view}>
        <PipelinePane
          document={this.document}
          file={this._context.localPath}
          loadCanvas={loadCanvas}
          onCanvas={canvas => {
            this.canvas = canvas;
            this._changed.emit();
          }}
          onOpenFile={path => this._services.openFile(PathExt.join(this._folder, path))}
          onFileRequested={request => this._onFiles(request)}
          onOpenText={() => this._services.openText(this._context.path)}
        />
      </ViewContext.Provider>
    );
  }

  private get _folder(): string {
    return PathExt.dirname(this._context.path);
  }

  /** Paths relative to the pipeline, those of dependencies relative to the file of their node. */
  private async _onFiles(request: IFileRequest): Promise<string[]> {
    const dependency = request.propertyID?.includes('dependencies') && request.filename;
    const folder = dependency ? PathExt.dirname(PathExt.join(this._folder, request.filename as string)) : this._folder;
    const paths = await this._services.chooseFiles({
      many: request.canSelectMany === true,
      extensions: request.filters?.File,
      folder
    });
    return paths.map(path => PathExt.relative(folder, path));
  }

  private _onDrag(event: Drag.Event): void {
    if (this._services.dragged(event).length > 0) {
      event.preventDefault();
      event.stopPropagation();
      event.dropAction = event.proposedAction;
      this.addClass('jp-mod-drop');
    }
  }

  private _onDrop(event: Drag.Event): void {
    this.removeClass('jp-mod-drop');
    const paths = this._services.dragged(event);
    if (paths.length === 0 || !this.canvas) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    event.dropAction = event.proposedAction;
    const { trans } = this._services.view;
    const palette = makePalette({ trans, services: [], clusters: [], images: [], used: [] });
    paths.forEach((path, index) => {
      const type = typeOfFile(palette, path);
      if (type) {
        this.canvas?.add(type.op, {
          path: PathExt.relative(this._folder, path),
          at: { x: event.clientX, y: event.clientY + index * 60 }
        });
      }
    });
  }

  private _onModel(): void {
    const { clusters, services } = this._services.view.model.state;
    if (clusters !== this._clusters || services.items !== this._items) {
      this._clusters = clusters;
      this._items = services.items;
      this.document.recheck();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _clusters: unknown;
  private _items: unknown;
}

const DRAG_EVENTS = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'];

async function loadCanvas(): Promise<(typeof import('./canvas'))['mountCanvas']> {
  return (await import('./canvas')).mountCanvas;
}
