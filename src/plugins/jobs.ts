import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Clipboard, Dialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';

import type { IJobArgs } from '../commands';
import { ARGS, CommandIDs } from '../commands';
import type { Job } from '../contract';
import { oscarIcon } from '../icons';
import { invokeCell, relativePath } from '../oscar/python';
import { givenName, jobName } from '../oscar/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { showWhenFound } from './submissions';
import { addToMain, guarded, hit, loadTrans, makeView } from './util';

/** Commands and the view of one job. */
export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:jobs',
  description: 'Open, cancel, repeat and delete jobs, and use their results.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer, IDefaultFileBrowser, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    notebooks: INotebookTracker | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const view = makeView({ app, model, settings, trans, rendermime });
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-job' });
    const targets = new WeakMap<MainAreaWidget, { cluster: string; job: string }>();

    /** The job of the arguments, of the context menu, or of the view in front. */
    function resolve(args: IJobArgs): { cluster: string; job: string } | undefined {
      const cluster = args.cluster ?? model.current?.id;
      if (args.job && cluster) {
        return { cluster, job: args.job };
      }
      const data = hit(app, 'oscarJob', args.focus);
      if (data?.oscarJob && data.oscarCluster) {
        return { cluster: data.oscarCluster, job: data.oscarJob };
      }
      const front = tracker.currentWidget;
      return front && front === app.shell.currentWidget ? targets.get(front) : undefined;
    }

    /** Register a command that works on one job. */
    function add(id: string, label: string, caption: string, work: (job: Job) => Promise<unknown>): void {
      commands.addCommand(id, {
        label,
        caption,
        describedBy: { args: ARGS.job },
        execute: async args => {
          const target = resolve(args as IJobArgs);
          if (target) {
            await guarded(trans, async () => work(await model.job(target.cluster, target.job)));
          }
        }
      });
    }

    commands.addCommand(CommandIDs.openJob, {
      label: trans.__('Open job'),
      caption: trans.__('See the log and the result of a job'),
      icon: oscarIcon,
      describedBy: { args: ARGS.job },
      execute: async args => {
        const target = resolve(args as IJobArgs);
        if (!target) {
          return;
        }
        const id = `jp-oscar-job-${target.cluster}-${target.job}`;
        let widget = tracker.find(item => item.id === id);
        if (!widget) {
          const { createJobWidget } = await import('../oscar/mainarea');
          const known = model.state.jobs.items.find(job => job.id === target.job);
          void model.start();
          widget = addToMain(app, createJobWidget(view, target), {
            id,
            label: known ? `${known.service}: ${jobName(known)}` : target.job,
            caption: target.job,
            icon: oscarIcon
          });
          targets.set(widget, target);
          await tracker.add(widget);
        }
        app.shell.activateById(id);
        return widget;
      }
    });

    add(CommandIDs.cancelJob, trans.__('Cancel job'), trans.__('Stop a job that waits or runs'), async job =>
      model.keepJob(await model.client.cancelJob(job.cluster, job.id))
    );

    add(CommandIDs.retryJob, trans.__('Run again'), trans.__('Start a new job with the same input'), async job =>
      showWhenFound(commands, model, settings, await model.client.retryJob(job.cluster, job.id))
    );

    add(CommandIDs.deleteJob, trans.__('Delete job'), trans.__('Delete the record and the log of a job'), async job => {
      const result = await showDialog({
        title: trans.__('Delete job %1?', jobName(job)),
        body: trans.__('Its record and log go. Its input and output files stay in their buckets.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
        defaultButton: 0
      });
      if (result.button.accept) {
        await model.client.deleteJob(job.cluster, job.id);
        tracker.find(item => item.id === `jp-oscar-job-${job.cluster}-${job.id}`)?.dispose();
        model.forgetJob(job.id);
      }
    });

    add(
      CommandIDs.copyJobAsCell,
      trans.__('Copy as cell'),
      trans.__('Copy the Python lines that do the same'),
      async job => {
        Clipboard.copyToSystem(invokeCell(job.cluster, job.service, inputPath(job)));
        Notification.info(trans.__('Copied. Paste it into a notebook cell.'), { autoClose: 3000 });
      }
    );

    if (browser) {
      add(
        CommandIDs.saveResult,
        trans.__('Save result to folder…'),
        trans.__('Put the output files of a job into the file browser'),
        async job => {
          const { FileDialog } = await import('@jupyterlab/filebrowser');
          const chosen = await FileDialog.getExistingDirectory({
            manager: browser.model.manager,
            title: trans.__('Save the result in'),
            defaultPath: browser.model.path
          });
          const folder = chosen.value?.[0]?.path;
          if (!chosen.button.accept || folder === undefined) {
            return;
          }
          const result = await model.client.jobResult(job.cluster, job.id);
          for (const file of result.files) {
            const bytes = await model.client.bytes(file.href);
            const name = file.name.split('/').pop() ?? file.name;
            await browser.model.upload(new File([bytes], name, { type: file.mediaType }), folder);
          }
          const count = result.files.length;
          Notification.success(
            count > 0
              ? trans._n('%1 file saved in %2.', '%1 files saved in %2.', count, folder || '/')
              : trans.__('The job gave no files.'),
            { autoClose: 4000 }
          );
        }
      );
    }

    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openJob,
        args: widget => ({ ...targets.get(widget) }),
        name: widget => widget.id
      });
    }

    /** The input as a notebook finds it: the file that was submitted here, else its name. */
    function inputPath(job: Job): string | undefined {
      for (const submission of model.state.submissions) {
        const item = submission.items.find(each => each.job === job.id);
        if (item) {
          const notebook = notebooks?.currentWidget?.context.path;
          const folder = notebook?.includes('/') ? notebook.slice(0, notebook.lastIndexOf('/')) : '';
          return item.file.startsWith('/') ? item.file : relativePath(folder, item.file);
        }
      }
      return job.input && givenName(job.input.name);
    }
  }
};
