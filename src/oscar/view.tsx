import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IViewContext } from './components/context';
import { ViewContext } from './components/context';

/** A component as a widget, with the context that components expect. */
export class ViewWidget extends ReactWidget {
  constructor(
    private readonly _view: IViewContext,
    private readonly _content: React.ReactElement
  ) {
    super();
    this.addClass('jp-OscarView');
  }

  protected render(): JSX.Element {
    return <ViewContext.Provider value={this._view}>{this._content}</ViewContext.Provider>;
  }
}
