import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ARGS, CommandIDs } from '../commands';
import { oscarIcon } from '../icons';
import type { IDropTarget } from '../oscar/drop';
import { OscarPanel } from '../oscar/panel';
import type { IOscarModel } from '../tokens';
import { IOscarModelToken } from '../tokens';
import { guarded, loadTrans, makeView } from './util';

/** The side panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:panel',
  description: 'The OSCAR side panel: cluster, services, jobs, buckets.',
  autoStart: true,
  requires: [IOscarModelToken],
  optional: [ITranslator, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null
  ): void => {
    const trans = loadTrans(translator);
    const panel = new OscarPanel({
      view: makeView(app, model, trans),
      translator: translator ?? nullTranslator,
      drop: {
        paths: (target: IDropTarget, paths: string[]) => {
          void app.commands.execute(CommandIDs.invokeService, { ...target, paths });
        },
        files: (target: IDropTarget, files: File[]) => {
          void guarded(trans, () => model.submitFiles(target.cluster, target.service, files));
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
      execute: () => {
        app.shell.activateById(OscarPanel.ID);
        if (labShell?.leftCollapsed) {
          labShell.expandLeft();
        }
      }
    });
  }
};
