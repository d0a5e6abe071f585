import * as React from 'react';

import '../../style/pipelines.css';
import type { IViewContext } from '../oscar/components/context';
import { ViewContext } from '../oscar/components/context';
import { ViewWidget } from '../oscar/view';
import type { IRunActions } from './components/RunsView';
import { RunsView } from './components/RunsView';

/** The runs of one pipeline, or of all. */
export class RunsWidget extends ViewWidget {
  constructor(
    private readonly _context: IViewContext,
    private readonly _options: { file?: string; run?: string; actions: IRunActions }
  ) {
    super(_context, <></>);
    this.addClass('jp-OscarMain');
    this.addClass('jp-OscarRunsWidget');
  }

  /** Show this run. */
  select(run: string | undefined): void {
    this._options.run = run;
    this.update();
  }

  protected render(): JSX.Element {
    const { file, run, actions } = this._options;
    return (
      <ViewContext.Provider value={this._context}>
        <RunsView file={file} run={run} actions={actions} />
      </ViewContext.Provider>
    );
  }
}
