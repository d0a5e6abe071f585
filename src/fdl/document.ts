import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import { Panel, Widget } from '@lumino/widgets';

import { graphIcon } from './icons';

/** Name of the factory; "Open With" shows its label. */
export const GRAPH_FACTORY = 'OSCAR FDL graph';

type Context = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;

/** The picture of a file as a document of its own: it shares the text with every other view of the file. */
export class GraphDocument extends DocumentWidget<Panel, DocumentRegistry.ICodeModel> {}

/** Makes the views; what they show comes when it has been loaded. */
export class GraphFactory extends ABCWidgetFactory<GraphDocument, DocumentRegistry.ICodeModel> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<GraphDocument> & {
      load: (context: Context) => Promise<Widget>;
      loading: string;
    }
  ) {
    super(options);
    this._load = options.load;
    this._loading = options.loading;
  }

  protected createNewWidget(context: Context): GraphDocument {
    const content = new Panel();
    content.addClass('jp-OscarFdlGraphPanel');
    const widget = new GraphDocument({ content, context });
    widget.title.icon = graphIcon;
    widget.toolbar.hide();
    const hint = new Widget();
    hint.addClass('jp-OscarHint');
    hint.node.setAttribute('role', 'status');
    hint.node.textContent = this._loading;
    content.addWidget(hint);
    void context.ready
      .then(() => this._load(context))
      .then(
        view => {
          hint.dispose();
          if (content.isDisposed) {
            view.dispose();
          } else {
            content.addWidget(view);
          }
        },
        (reason: unknown) => {
          hint.node.textContent = reason instanceof Error ? reason.message : String(reason);
        }
      );
    return widget;
  }

  private readonly _load: (context: Context) => Promise<Widget>;
  private readonly _loading: string;
}
