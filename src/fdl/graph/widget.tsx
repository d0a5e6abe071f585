import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IViewContext } from '../../oscar/components/context';
import { ViewWidget } from '../../oscar/view';
import type { FdlSession } from '../session';
import type { IGraphHost } from './actions';
import { GraphActions } from './actions';
import { GraphModel } from './model';
import { GraphView } from './View';

/** The picture of a document, as a widget that can be worked with. */
export function createGraph(options: {
  view: IViewContext;
  context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
  session: FdlSession;
  host: IGraphHost;
}): Widget {
  const { view, context, session, host } = options;
  const model = new GraphModel(context, session);
  const actions = new GraphActions(model, session, host, view.trans);
  const widget = new ViewWidget(view, <GraphView model={model} actions={actions} />);
  widget.addClass('jp-OscarFdlGraphWidget');
  widget.disposed.connect(() => model.dispose());
  return widget;
}
