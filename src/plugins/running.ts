import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IRunningSessions } from '@jupyterlab/running';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ITranslator } from '@jupyterlab/translation';
import { Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import { CommandIDs } from '../commands';
import type { Job } from '../contract';
import { oscarIcon } from '../icons';
import { isFinal } from '../oscar/state';
import { jobName, jobStateWord } from '../oscar/words';
import type { IOscarModel } from '../tokens';
import { IOscarModelToken } from '../tokens';
import { loadTrans } from './util';

/** Jobs in the panel of running things. */
export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:running',
  description: 'Running OSCAR jobs among the running sessions.',
  autoStart: 'defer',
  requires: [IOscarModelToken],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ): void => {
    if (!managers) {
      return;
    }
    const trans = loadTrans(translator);
    const changed = new Signal<IOscarModel, void>(model);
    const throttler = new Throttler(() => changed.emit(), 200);
    let jobs = model.state.jobs.items;
    model.stateChanged.connect(() => {
      if (jobs !== model.state.jobs.items) {
        jobs = model.state.jobs.items;
        void throttler.invoke();
      }
    });

    const running = (): Job[] => model.state.jobs.items.filter(job => !isFinal(job.state) && job.state !== 'unknown');
    const cancel = (job: Job): void => {
      void app.commands.execute(CommandIDs.cancelJob, { cluster: job.cluster, job: job.id });
    };
    const toItem = (job: Job): IRunningSessions.IRunningItem => ({
      label: () => `${job.service}: ${jobName(job)}`,
      labelTitle: () => job.id,
      detail: () => jobStateWord(job.state, trans),
      icon: () => oscarIcon,
      open: () => void app.commands.execute(CommandIDs.openJob, { cluster: job.cluster, job: job.id }),
      shutdown: () => cancel(job)
    });
    managers.add({
      name: trans.__('OSCAR jobs'),
      supportsMultipleViews: false,
      running: () => running().map(toItem),
      shutdownAll: () => running().forEach(cancel),
      refreshRunning: () => {
        // Looking at running kernels must not wake the bridge.
        void model.peek();
      },
      runningChanged: changed,
      shutdownLabel: trans.__('Cancel'),
      shutdownAllLabel: trans.__('Cancel all'),
      shutdownAllConfirmationText: trans.__('Cancel all jobs that wait or run?')
    });
  }
};
