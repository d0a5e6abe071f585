import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, InputDialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { ARGS, CommandIDs } from '../commands';
import type { ComputeJob } from '../contract';
import { oscarIcon } from '../icons';
import { computeJobsOf } from '../jobs/model';
import { computeStateWord, isOver } from '../jobs/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { addToMain, guarded, hit, loadTrans, makeView } from './util';

/** Commands and the view of map-reduce and high-throughput jobs. */
export const computeJobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:compute-jobs',
  description: 'Open, pause, cancel, retry and delete map-reduce and high-throughput jobs.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { compute } = model.client;
    const jobs = computeJobsOf(model);
    const view = makeView({ app, model, settings, trans });
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-compute-job' });
    const ids = new WeakMap<MainAreaWidget, string>();

    /** The job of the arguments, of the context menu, or of the view in front. */
    function resolve(args: { job?: string; focus?: boolean }): string | undefined {
      const front = tracker.currentWidget;
      return (
        args.job ??
        hit(app, 'oscarCompute', args.focus)?.oscarCompute ??
        (front && front === app.shell.currentWidget ? ids.get(front) : undefined)
      );
    }

    /** Let the user choose one of the newest jobs. */
    async function choose(): Promise<string | undefined> {
      await model.start();
      const { items } = await compute.list();
      if (items.length === 0) {
        Notification.info(trans.__('There are no jobs yet. A notebook cell with %%mapreduce or %%htc makes one.'));
        return undefined;
      }
      const texts = items.map(job => `${job.name} (${computeStateWord(job.state, trans)}, ${job.id})`);
      const answer = await InputDialog.getItem({ title: trans.__('Open job'), items: texts });
      return items[texts.indexOf(answer.value ?? '')]?.id;
    }

    commands.addCommand(CommandIDs.openCompute, {
      label: args =>
        args.row || args.job !== undefined
          ? trans.__('Open job')
          : trans.__('Open a MapReduce or high-throughput job…'),
      caption: trans.__('See the timeline, the results and the log of a job'),
      icon: oscarIcon,
      describedBy: { args: ARGS.compute },
      execute: async args => {
        // In the palette, the row that a menu was opened on before is not meant.
        const known = args.row ? resolve({}) : (args.job as string | undefined);
        const job = known ?? (await guarded(trans, choose));
        if (job === undefined) {
          return;
        }
        const id = `jp-oscar-compute-${job}`;
        let widget = tracker.find(item => item.id === id);
        if (!widget) {
          const { ComputeJobWidget } = await import('../jobs/widgets');
          widget = addToMain(app, new ComputeJobWidget(view, job), {
            id,
            label: jobs.get(job)?.name ?? job,
            caption: job,
            icon: oscarIcon
          });
          ids.set(widget, job);
          await tracker.add(widget);
        }
        app.shell.activateById(id);
        return widget;
      }
    });
    jobs.changed.connect(() =>
      tracker.forEach(widget => {
        widget.title.label = jobs.get(ids.get(widget) ?? '')?.name ?? widget.title.label;
      })
    );

    function add(id: string, label: string, caption: string, work: (job: string) => Promise<ComputeJob | null>): void {
      commands.addCommand(id, {
        label,
        caption,
        describedBy: { args: ARGS.compute },
        execute: async args => {
          const target = resolve(args);
          const job = target === undefined ? null : await guarded(trans, () => work(target));
          if (job) {
            jobs.keep(job);
          }
        }
      });
    }

    add(
      CommandIDs.cancelCompute,
      trans.__('Cancel job'),
      trans.__('Stop a job; what is done is kept for a retry'),
      id => compute.change(id, 'cancel')
    );
    add(CommandIDs.pauseCompute, trans.__('Pause job'), trans.__('Begin no more parts'), id =>
      compute.change(id, 'pause')
    );
    add(CommandIDs.resumeCompute, trans.__('Go on with job'), trans.__('Begin parts again'), id =>
      compute.change(id, 'resume')
    );
    add(CommandIDs.retryCompute, trans.__('Retry what is missing'), trans.__('Do what failed or was not done'), id =>
      compute.change(id, 'retry')
    );
    add(
      CommandIDs.deleteCompute,
      trans.__('Delete job'),
      trans.__('Delete the record and the log of a job'),
      async id => {
        const job = jobs.get(id) ?? (await compute.job(id));
        const answer = await showDialog({
          title: trans.__('Delete job %1?', job.name),
          body: trans.__('Its record, its log and what lies between its phases go. Its result stays.'),
          buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
          defaultButton: 0
        });
        if (answer.button.accept) {
          await compute.remove(id);
          tracker.find(item => ids.get(item) === id)?.dispose();
          jobs.forget(id);
        }
        return null;
      }
    );

    // Jobs that this page saw run, and then end.
    const running = new Set<string>();
    jobs.changed.connect(() => {
      for (const job of jobs.state.items) {
        if (!isOver(job)) {
          running.add(job.id);
        } else if (running.delete(job.id)) {
          tell(job);
        }
      }
    });

    function tell(job: ComputeJob): void {
      const { notify } = settings();
      // Who waits in a cell sees it there; a failure matters wherever one looks.
      const front = tracker.currentWidget;
      const looked = front !== null && front === app.shell.currentWidget && ids.get(front) === job.id;
      if (notify === 'none' || job.state !== 'failed' || looked) {
        return;
      }
      Notification.error(trans.__('%1 failed', job.name), {
        actions: [
          { label: trans.__('Open'), callback: () => void commands.execute(CommandIDs.openCompute, { job: job.id }) }
        ],
        autoClose: 8000
      });
    }

    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openCompute,
        args: widget => ({ job: ids.get(widget) ?? '' }),
        name: widget => widget.id
      });
    }
  }
};
