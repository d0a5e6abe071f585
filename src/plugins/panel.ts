import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ARGS, CommandIDs } from '../commands';
import type { Submission } from '../contract';
import { oscarIcon } from '../icons';
import type { IDropTarget } from '../oscar/drop';
import { OscarPanel } from '../oscar/panel';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { showWhenFound } from './submissions';
import { guarded, loadTrans, makeView, showSide } from './util';

/** The side panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:panel',
  description: 'The OSCAR side panel: cluster, services, jobs, buckets.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null
  ): void => {
    const trans = loadTrans(translator);
    const panel = new OscarPanel({
      view: makeView({ app, model, settings, trans }),
      translator: translator ?? nullTranslator,
      drop: {
        paths: (target: IDropTarget, paths: string[]) => {
          void app.commands.execute(CommandIDs.invokeService, { ...target, paths });
        },
        files: (target: IDropTarget, files: File[]) => {
          const work = (): Promise<Submission> => model.submitFiles(target.cluster, target.service, files);
          void guarded(trans, async () => showWhenFound(app.commands, model, settings, await work()));
        }
      }
    });
    app.shell.add(panel, 'left', { rank: 600, type: 'OSCAR' });
    restorer?.add(panel, OscarPanel.ID);

    app.commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show the OSCAR panel'),
      caption: trans.__('Clusters, services and jobs'),
      icon: oscarIcon,
      describedBy: { args: ARGS.none },
      execute: () => showSide(app, labShell, OscarPanel.ID)
    });
  }
};
