import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { loadTrans } from './util';

/** The row *Serverless* of the launcher. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:launcher',
  description: 'Cards in the launcher: new service, examples.',
  autoStart: true,
  optional: [ILauncher, ITranslator],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null, translator: ITranslator | null): void => {
    const category = loadTrans(translator).__('Serverless');
    [CommandIDs.newService, CommandIDs.newPipeline, CommandIDs.deployExample, CommandIDs.copyExamples].forEach(
      (command, rank) => {
        launcher?.add({ command, category, rank });
      }
    );
  }
};
