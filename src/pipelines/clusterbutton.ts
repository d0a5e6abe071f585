import { ReactWidget, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { clusterName } from '../oscar/words';
import type { IOscarModel } from '../tokens';

/** The current cluster in a toolbar; a click switches to another. */
export class ClusterButton extends ReactWidget {
  constructor(private readonly _options: { commands: CommandRegistry; model: IOscarModel; trans: TranslationBundle }) {
    super();
    this.addClass('jp-Toolbar-button');
    _options.model.stateChanged.connect(this._onState, this);
  }

  dispose(): void {
    this._options.model.stateChanged.disconnect(this._onState, this);
    super.dispose();
  }

  protected render(): JSX.Element {
    const { commands, model, trans } = this._options;
    const { current } = model;
    return React.createElement(ToolbarButtonComponent, {
      className: 'jp-OscarClusterButton',
      label: current ? clusterName(current, trans) : trans.__('Cluster'),
      tooltip: trans.__('Where the pipeline runs. Click to switch.'),
      onClick: () => void commands.execute(CommandIDs.useCluster)
    });
  }

  private _onState(): void {
    if (this._shown !== this._options.model.current) {
      this._shown = this._options.model.current;
      this.update();
    }
  }

  private _shown: unknown;
}
