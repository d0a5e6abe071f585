import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { oscarStatus } from '../oscar/status';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { busyCount } from '../oscar/state';
import { loadTrans, makeView } from './util';

/** How much is under way, in the status bar; nothing when nothing is. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:status',
  description: 'Running jobs and deployments in the status bar.',
  autoStart: 'defer',
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const activity = new Signal<IOscarModel, void>(model);
    let count = 0;
    model.stateChanged.connect(() => {
      const next = busyCount(model.state);
      if (next !== count) {
        count = next;
        activity.emit();
      }
    });
    statusBar.registerStatusItem('jupyterlab-oscar:status', {
      item: oscarStatus(makeView({ app, model, settings, trans: loadTrans(translator) })),
      align: 'left',
      rank: 40,
      isActive: () => busyCount(model.state) > 0,
      activeStateChanged: activity
    });
  }
};
