import type { Drag } from '@lumino/dragdrop';
import type { Message } from '@lumino/messaging';

import { ViewWidget } from './view';
import type { IViewContext } from './components/context';
import type * as React from 'react';

/** What JupyterLab's file browser puts into a drag: paths in its own form. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';
const TARGET = 'jp-mod-dropTarget';

/** Where something is dropped. */
export interface IDropTarget {
  cluster: string;
  service: string;
}

export interface IDropHandlers {
  /** Files of the file browser. */
  paths: (target: IDropTarget, paths: string[]) => void;
  /** Files of the desktop. */
  files: (target: IDropTarget, files: File[]) => void;
}

/**
 * A view in which elements with `data-oscar-service` take files: from the file browser and from the desktop.
 */
export class DropView extends ViewWidget {
  constructor(
    view: IViewContext,
    content: React.ReactElement,
    private readonly _handlers: IDropHandlers
  ) {
    super(view, content);
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case 'lm-dragenter':
      case 'lm-dragover':
        this._onDrag(event as Drag.Event);
        break;
      case 'lm-dragleave':
        this._mark(null);
        break;
      case 'lm-drop':
        this._onDrop(event as Drag.Event);
        break;
      case 'dragover':
        this._onNativeDrag(event as DragEvent);
        break;
      case 'dragleave':
        this._mark(null);
        break;
      case 'drop':
        this._onNativeDrop(event as DragEvent);
        break;
      default:
        break;
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    EVENTS.forEach(type => this.node.addEventListener(type, this));
  }

  protected onBeforeDetach(message: Message): void {
    EVENTS.forEach(type => this.node.removeEventListener(type, this));
    super.onBeforeDetach(message);
  }

  private _onDrag(event: Drag.Event): void {
    if (!event.mimeData.hasData(CONTENTS_MIME)) {
      return;
    }
    const found = this._at(event);
    this._mark(found?.element ?? null);
    event.preventDefault();
    event.stopPropagation();
    // The file browser offers moves only; nothing is moved.
    event.dropAction = found ? event.proposedAction : 'none';
  }

  private _onDrop(event: Drag.Event): void {
    const found = this._at(event);
    this._mark(null);
    if (!found || !event.mimeData.hasData(CONTENTS_MIME)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    event.dropAction = event.proposedAction;
    this._handlers.paths(found.target, event.mimeData.getData(CONTENTS_MIME) as string[]);
  }

  private _onNativeDrag(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) {
      return;
    }
    const found = this._at(event);
    this._mark(found?.element ?? null);
    // Without this the browser would leave JupyterLab and open the file.
    event.preventDefault();
    event.dataTransfer.dropEffect = found ? 'copy' : 'none';
  }

  private _onNativeDrop(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) {
      return;
    }
    event.preventDefault();
    const found = this._at(event);
    this._mark(null);
    const files = [...event.dataTransfer.files];
    if (found && files.length > 0) {
      this._handlers.files(found.target, files);
    }
  }

  private _at(event: Event): { element: HTMLElement; target: IDropTarget } | null {
    // Not the element at the point: during a drag that is the backdrop which holds the cursor.
    const under = event.target instanceof Element ? event.target : null;
    const element = under?.closest<HTMLElement>('[data-oscar-service]') ?? null;
    const { oscarService: service, oscarCluster: cluster, oscarExposed } = element?.dataset ?? {};
    if (!element || !service || !cluster || oscarExposed === 'true' || !this.node.contains(element)) {
      return null;
    }
    return { element, target: { cluster, service } };
  }

  private _mark(element: HTMLElement | null): void {
    if (this._marked !== element) {
      this._marked?.classList.remove(TARGET);
      element?.classList.add(TARGET);
      this._marked = element;
    }
  }

  private _marked: HTMLElement | null = null;
}

const EVENTS = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop', 'dragover', 'dragleave', 'drop'];
