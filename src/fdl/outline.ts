import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { TableOfContents } from '@jupyterlab/toc';
import { TableOfContentsModel } from '@jupyterlab/toc';

import type { IOutlineItem } from '../../backend-bridge/src/fdl/editor/types';
import type { FdlSessions } from './sessions';

export interface IFdlHeading extends TableOfContents.IHeading {
  /** Where the cursor goes; counts from 1. */
  line: number;
  column: number;
}

type Editor = IDocumentWidget<FileEditor>;

/** Services, functions, providers and clusters of a file in JupyterLab's table of contents. */
export class FdlOutline extends TableOfContentsModel<IFdlHeading, Editor> {
  constructor(
    widget: Editor,
    private readonly _sessions: FdlSessions,
    configuration?: TableOfContents.IConfig
  ) {
    super(widget, configuration);
    widget.context.model.contentChanged.connect(this._onChange, this);
    this.activeHeadingChanged.connect(this._onActive, this);
    widget.disposed.connect(() => this.dispose());
  }

  readonly documentType = 'oscar-fdl';

  get supportedOptions(): (keyof TableOfContents.IConfig)[] {
    return ['maximalDepth'];
  }

  dispose(): void {
    clearTimeout(this._timer);
    if (!this.isDisposed && !this.widget.context.isDisposed) {
      this.widget.context.model.contentChanged.disconnect(this._onChange, this);
    }
    super.dispose();
  }

  protected async getHeadings(): Promise<IFdlHeading[] | null> {
    if (!this.isActive) {
      return null;
    }
    const session = await this._sessions.get(
      this.widget.context as DocumentRegistry.IContext<DocumentRegistry.ICodeModel>
    );
    const result: IFdlHeading[] = [];
    const visit = (items: readonly IOutlineItem[], level: number): void => {
      for (const item of items) {
        const { line, column } = item.selection;
        result.push({ text: item.name, level, line, column });
        visit(item.children, level + 1);
      }
    };
    visit(session.language.outline(session.document()), 1);
    return result;
  }

  protected isHeadingEqual(a: IFdlHeading, b: IFdlHeading): boolean {
    return super.isHeadingEqual(a, b) && a.line === b.line;
  }

  private _onChange(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this.refresh(), 400);
  }

  private _onActive(_: unknown, heading: IFdlHeading | null): void {
    if (heading) {
      const { editor } = this.widget.content;
      const position = { line: heading.line - 1, column: heading.column - 1 };
      editor.setCursorPosition(position);
      editor.revealPosition(position);
    }
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
}
