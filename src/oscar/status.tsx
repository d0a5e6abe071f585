import * as React from 'react';

import { CommandIDs } from '../commands';
import type { IViewContext } from './components/context';
import { useOscar, useRun, useView } from './components/context';
import { busyCount } from './state';
import { ViewWidget } from './view';

export function oscarStatus(view: IViewContext): ViewWidget {
  const widget = new ViewWidget(view, <Status />);
  widget.addClass('jp-OscarStatus');
  return widget;
}

function Status(): JSX.Element {
  const { trans } = useView();
  const run = useRun();
  const count = busyCount(useOscar());
  return (
    <button type="button" title={trans.__('Show the OSCAR panel')} onClick={() => run(CommandIDs.showPanel)}>
      {trans._n('OSCAR: %1 running', 'OSCAR: %1 running', count)}
    </button>
  );
}
