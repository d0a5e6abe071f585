import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import type { Job } from '../contract';
import { jobName } from '../oscar/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { loadTrans } from './util';

/** Tells when a job ended that nobody is looking at. */
export const notifyPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:notify',
  description: 'Notifications about jobs that ended.',
  autoStart: 'defer',
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null
  ): void => {
    const trans = loadTrans(translator);
    model.jobEnded.connect((_: unknown, job: Job) => {
      const failed = job.state === 'failed';
      const { notify } = settings();
      const front = app.shell.currentWidget?.id === `jp-oscar-job-${job.cluster}-${job.id}`;
      // Of a pipeline the run tells, once, and not each of its steps.
      const isStep = model.state.runs.some(run => run.nodes.some(node => node.service === job.service));
      if (front || isStep || notify === 'none' || (notify === 'failed' && !failed)) {
        return;
      }
      const open = {
        label: trans.__('Open'),
        callback: () => void app.commands.execute(CommandIDs.openJob, { cluster: job.cluster, job: job.id })
      };
      if (failed) {
        Notification.error(trans.__('%1: %2 failed', job.service, jobName(job)), { actions: [open], autoClose: 8000 });
      } else if (job.state === 'succeeded') {
        Notification.success(trans.__('%1: %2 is done', job.service, jobName(job)), {
          actions: [open],
          autoClose: 4000
        });
      }
    });
  }
};
