import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';

import { ARGS, CommandIDs } from '../commands';
import type { PipelineRun, PipelineRunNode } from '../contract';
import { pipelineIcon } from '../icons';
import { findPipeline } from '../pipelines/target';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { addToMain, guarded, loadTrans, makeView, selection } from './util';

/** Where executed notebooks are put to be looked at. */
const RUN_FOLDER = 'pipeline-runs';

/** Runs of pipelines: their steps, logs, results, and their history. */
export const pipelineRunsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:pipeline-runs',
  description: 'The view of the runs of pipelines.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { contents } = app.serviceManager;
    const view = makeView({ app, model, settings, trans, rendermime });
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-pipeline-runs' });
    const targets = new WeakMap<MainAreaWidget, { path?: string; run?: string }>();

    commands.addCommand(CommandIDs.pipelineRuns, {
      label: trans.__('Runs'),
      caption: trans.__('Watch the runs of a pipeline, and look at earlier ones'),
      icon: historyIcon,
      describedBy: { args: ARGS.runs },
      execute: async args => {
        const run = args.run as string | undefined;
        const path = findPipeline({
          app,
          path: args.path as string | undefined,
          selected: selection(browsers)
        })?.path;
        const id = `jp-oscar-runs-${path ?? 'all'}`;
        const open = tracker.find(item => item.id === id);
        if (open && run === undefined) {
          app.shell.activateById(id);
          return open;
        }
        const { RunsWidget } = await import('../pipelines/runs');
        if (open) {
          (open.content as InstanceType<typeof RunsWidget>).select(run);
          targets.set(open, { path, run });
          app.shell.activateById(id);
          return open;
        }
        const content = new RunsWidget(view, {
          file: path === undefined ? undefined : contents.localPath(path),
          run,
          actions: {
            runAgain: () => void commands.execute(CommandIDs.runPipeline, { path }),
            rerun: (item, node) => void guarded(trans, () => rerun(item, node)),
            cancel: item =>
              void guarded(trans, async () => model.keepRun(await model.client.pipelines.cancel(item.id))),
            remove: item => void guarded(trans, () => remove(item)),
            openNotebook: (item, node) => void guarded(trans, () => openNotebook(item, node))
          }
        });
        const widget = addToMain(app, content, {
          id,
          label: path === undefined ? trans.__('Pipeline runs') : trans.__('Runs of %1', PathExt.basename(path)),
          caption: path,
          icon: pipelineIcon
        });
        targets.set(widget, { path, run });
        await tracker.add(widget);
        app.shell.activateById(id);
        return widget;
      }
    });

    /** Secrets are not kept: those that the run needs are asked for again. */
    async function rerun(run: PipelineRun, node?: string): Promise<void> {
      let secrets: Record<string, string> | undefined;
      if (run.file !== undefined) {
        const check = await model.client.pipelines.check({ file: { contents: run.file } }, run.cluster);
        if (check.secrets.length > 0) {
          const { RunForm } = await import('../pipelines/dialogs');
          const answer = await showDialog({
            title: trans.__('Secrets of %1', run.pipeline),
            body: new RunForm(view, { ...check, parameters: [] }),
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Run again') })]
          });
          if (!answer.button.accept) {
            return;
          }
          secrets = answer.value?.secrets;
        }
      }
      model.keepRun(await model.client.pipelines.rerun(run.id, { node, secrets }));
    }

    async function remove(run: PipelineRun): Promise<void> {
      const answer = await showDialog({
        title: trans.__('Delete this run of %1?', run.pipeline),
        body: trans.__('Its record, archives and results go. The services stay.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
        defaultButton: 0
      });
      if (answer.button.accept) {
        await model.client.pipelines.removeRun(run.id);
        model.forgetRun(run.id);
      }
    }

    /** A notebook is looked at as a notebook: a copy beside the pipeline. */
    async function openNotebook(run: PipelineRun, node: PipelineRunNode): Promise<void> {
      const file = node.artifacts.find(item => item.name === node.notebook);
      if (!file) {
        throw new Error(trans.__('The executed notebook is not there any more.'));
      }
      const bytes = await model.client.bytes(file.href);
      const parts = [PathExt.dirname(run.file ?? ''), RUN_FOLDER, run.id].filter(Boolean);
      let folder = PathExt.dirname(run.file ?? '');
      for (const part of parts.slice(folder ? 1 : 0)) {
        folder = PathExt.join(folder, part);
        const there = await contents.get(folder, { content: false }).then(
          () => true,
          () => false
        );
        if (!there) {
          await contents.save(folder, { type: 'directory' });
        }
      }
      const path = `${folder}/${PathExt.basename(file.name)}`;
      await contents.save(path, {
        type: 'notebook',
        format: 'json',
        content: JSON.parse(await bytes.text()) as unknown
      });
      await commands.execute('docmanager:open', { path });
    }

    model.stateChanged.connect(() => {
      for (const run of model.state.runs) {
        const before = known.get(run.id);
        known.set(run.id, run.state);
        if (before !== undefined && before !== run.state && (run.state === 'done' || run.state === 'failed')) {
          tell(run);
        }
      }
    });
    const known = new Map<string, PipelineRun['state']>();

    function tell(run: PipelineRun): void {
      const front = app.shell.currentWidget;
      if (front && tracker.has(front as MainAreaWidget)) {
        return;
      }
      const { notify } = settings();
      if (notify === 'none' || (notify === 'failed' && run.state === 'done')) {
        return;
      }
      const actions = [
        {
          label: trans.__('Open'),
          callback: () => void commands.execute(CommandIDs.pipelineRuns, { path: run.file, run: run.id })
        }
      ];
      if (run.state === 'failed') {
        Notification.error(trans.__('%1 failed', run.pipeline), { actions, autoClose: 8000 });
      } else {
        Notification.success(trans.__('%1 is done', run.pipeline), { actions, autoClose: 4000 });
      }
    }

    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.pipelineRuns,
        args: widget => ({ ...targets.get(widget) }),
        name: widget => widget.id
      });
    }
  }
};
