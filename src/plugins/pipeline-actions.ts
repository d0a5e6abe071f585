import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CommandToolbarButton, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator } from '@jupyterlab/translation';
import { checkIcon, downloadIcon, historyIcon, runIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableSet } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';

import { BridgeError } from '../bridge/errors';
import { ARGS, CommandIDs } from '../commands';
import type { PipelineCheckResult, PipelineConversion } from '../contract';
import { serverPath } from '../drive/files';
import { oscarIcon } from '../icons';
import { clusterName } from '../oscar/words';
import { ELYRA_FACTORY, isPipeline } from '../pipelines/constants';
import { hasErrors } from '../pipelines/problems';
import type { IPipelineTarget } from '../pipelines/target';
import { findPipeline, savedSource, showProblems, textSource } from '../pipelines/target';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { guarded, loadTrans, makeView, selection } from './util';

/** What can be done with a pipeline, whichever editor it is open in. */
export const pipelineActionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:pipeline-actions',
  description: 'Check, run, deploy and export pipelines, in our editor and in Elyra’s.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { contents } = app.serviceManager;
    const view = makeView({ app, model, settings, trans });

    const find = (args: ReadonlyPartialJSONObject): IPipelineTarget | undefined =>
      findPipeline({ app, path: args.path as string | undefined, selected: selection(browsers) });

    /** Register a command that works on one pipeline. */
    function add(
      id: string,
      words: { label: string; caption: string; icon: typeof runIcon },
      work: (target: IPipelineTarget) => Promise<unknown>
    ): void {
      commands.addCommand(id, {
        ...words,
        describedBy: { args: ARGS.pipeline },
        isVisible: args => find(args) !== undefined,
        execute: async args => {
          const target = find(args);
          return target && guarded(trans, () => work(target));
        }
      });
    }

    /** Everything that can be told, with the files of the nodes. */
    async function check(target: IPipelineTarget): Promise<PipelineCheckResult> {
      await model.start();
      const result = await model.client.pipelines.check(textSource(target, contents), model.current?.id);
      showProblems(target, result.problems);
      return result;
    }

    /** The check before something is done; undefined when it found errors, which are shown. */
    async function passed(target: IPipelineTarget, title: string): Promise<PipelineCheckResult | undefined> {
      const result = await check(target);
      if (!hasErrors(result.problems)) {
        return result;
      }
      const { createProblemBody } = await import('../pipelines/dialogs');
      await showDialog({
        title,
        body: createProblemBody(view, result.problems),
        buttons: [Dialog.okButton({ label: trans.__('Close') })]
      });
      return undefined;
    }

    const where = (): string => (model.current ? clusterName(model.current, trans) : trans.__('the cluster'));

    add(
      CommandIDs.checkPipeline,
      {
        label: trans.__('Check'),
        caption: trans.__('Look for everything that would keep the pipeline from running'),
        icon: checkIcon
      },
      async target => {
        const result = await check(target);
        if (result.problems.length === 0) {
          Notification.success(trans.__('%1 is fine: nothing stands in the way of a run.', result.name), {
            autoClose: 3000
          });
        } else if (!target.editor) {
          const { createProblemBody } = await import('../pipelines/dialogs');
          await showDialog({
            title: trans.__('Problems of %1', target.name),
            body: createProblemBody(view, result.problems),
            buttons: [Dialog.okButton({ label: trans.__('Close') })]
          });
        }
      }
    );

    add(
      CommandIDs.runPipeline,
      {
        label: trans.__('Run on cluster…'),
        caption: trans.__('Run the pipeline on the current cluster and watch it'),
        icon: runIcon
      },
      async target => {
        const result = await passed(target, trans.__('%1 cannot run yet', target.name));
        if (!result) {
          return;
        }
        const { RunForm } = await import('../pipelines/dialogs');
        const form = new RunForm(view, result);
        const answer = await showDialog({
          title: trans.__('Run %1 on %2?', result.name, where()),
          body: form,
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Run') })],
          focusNodeSelector: 'input, select'
        });
        if (!answer.button.accept || !answer.value) {
          return;
        }
        const source = await savedSource(target, contents);
        const run = await model.client.pipelines.start({ source, cluster: model.current?.id, ...answer.value });
        model.keepRun(run);
        await commands.execute(CommandIDs.pipelineRuns, { path: target.path, run: run.id });
      }
    );

    add(
      CommandIDs.deployPipeline,
      {
        label: trans.__('Deploy…'),
        caption: trans.__('Make the services of the pipeline without running it'),
        icon: oscarIcon
      },
      async target => {
        const result = await passed(target, trans.__('%1 cannot be deployed yet', target.name));
        if (!result) {
          return;
        }
        const { RunForm } = await import('../pipelines/dialogs');
        const answer = await showDialog({
          title: trans.__('Deploy %1 to %2?', result.name, where()),
          body: new RunForm(view, { ...result, parameters: [] }),
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Deploy') })]
        });
        if (answer.button.accept && answer.value) {
          const source = await savedSource(target, contents);
          const { secrets } = answer.value;
          model.keepOperation(await model.client.pipelines.deploy({ source, cluster: model.current?.id, secrets }));
          if (commands.hasCommand(CommandIDs.showPanel)) {
            await commands.execute(CommandIDs.showPanel);
          }
        }
      }
    );

    add(
      CommandIDs.exportPipeline,
      {
        label: trans.__('Export FDL…'),
        caption: trans.__('Write the pipeline as FDL and scripts into a folder beside it'),
        icon: downloadIcon
      },
      async target => {
        const folder = `${target.path.replace(/\.pipeline$/i, '')}-fdl`;
        const there = await contents.get(folder, { content: false }).then(
          () => true,
          () => false
        );
        if (there && !(await confirmOverwrite(folder))) {
          return;
        }
        await model.start();
        const source = textSource(target, contents);
        const into = { contents: serverPath(contents, folder) };
        let result: PipelineConversion;
        try {
          result = await model.client.pipelines.convert({ source, into, overwrite: there });
        } catch (reason) {
          // Somebody else wrote there meanwhile.
          if (!(reason instanceof BridgeError) || reason.problem.status !== 409 || !(await confirmOverwrite(folder))) {
            throw reason;
          }
          result = await model.client.pipelines.convert({ source, into, overwrite: true });
        }
        showProblems(target, result.report.problems);
        const { createReportBody } = await import('../pipelines/dialogs');
        const failed = result.fdl === '';
        const answer = await showDialog({
          title: failed ? trans.__('%1 cannot be exported', target.name) : trans.__('Exported to %1', folder),
          body: createReportBody(view, result),
          buttons: failed
            ? [Dialog.okButton({ label: trans.__('Close') })]
            : [Dialog.cancelButton({ label: trans.__('Close') }), Dialog.okButton({ label: trans.__('Open FDL') })]
        });
        if (answer.button.accept && !failed) {
          await commands.execute('docmanager:open', { path: `${folder}/fdl.yaml` });
        }
      }
    );

    async function confirmOverwrite(folder: string): Promise<boolean> {
      const answer = await showDialog({
        title: trans.__('Write over %1?', PathExt.basename(folder)),
        body: trans.__('The folder is there already. Its FDL and scripts are written again.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Overwrite') })],
        defaultButton: 0
      });
      return answer.button.accept;
    }

    // Elyra's editor has no place for others but the toolbar around it, which it leaves empty.
    app.docRegistry.addWidgetExtension(ELYRA_FACTORY, {
      createNew: (widget, context: DocumentRegistry.Context): IDisposable => {
        const disposables = new DisposableSet();
        if (!(widget instanceof DocumentWidget)) {
          return disposables;
        }
        widget.addClass('jp-OscarElyra');
        for (const [name, id, label] of [
          ['check', CommandIDs.checkPipeline, trans.__('Check for OSCAR')],
          ['run', CommandIDs.runPipeline, trans.__('Run on cluster…')],
          ['deploy', CommandIDs.deployPipeline, trans.__('Deploy…')],
          ['export', CommandIDs.exportPipeline, trans.__('Export FDL…')],
          ['runs', CommandIDs.pipelineRuns, trans.__('Runs')]
        ] as const) {
          // The path is read when the button is pressed: the file may be renamed.
          const args = {
            get path(): string {
              return context.path;
            }
          };
          const button = new CommandToolbarButton({ commands, id, label, args });
          disposables.add(button);
          widget.toolbar.addItem(`oscar-${name}`, button);
        }
        return disposables;
      }
    });

    app.shell.currentChanged?.connect(() => {
      for (const id of [
        CommandIDs.checkPipeline,
        CommandIDs.runPipeline,
        CommandIDs.deployPipeline,
        CommandIDs.exportPipeline
      ]) {
        commands.notifyCommandChanged(id);
      }
    });

    commands.addCommand(CommandIDs.pipelineLeftovers, {
      label: trans.__('Remove left-over pipeline services…'),
      caption: trans.__('Services of pipelines that no file makes any more'),
      icon: historyIcon,
      describedBy: { args: ARGS.cluster },
      execute: args =>
        guarded(trans, async () => {
          await model.start();
          const cluster = (args.cluster as string | undefined) ?? model.current?.id;
          const found = await model.client.pipelines.leftovers(cluster);
          if (found.length === 0) {
            Notification.info(trans.__('Nothing is left over.'), { autoClose: 3000 });
            return;
          }
          const { LeftoverForm } = await import('../pipelines/dialogs');
          const answer = await showDialog({
            title: trans.__('Left-over services'),
            body: new LeftoverForm(view, found),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Remove') })],
            defaultButton: 0
          });
          if (answer.button.accept && answer.value) {
            for (const [id, services] of Object.entries(answer.value)) {
              model.keepOperation(await model.client.pipelines.removeLeftovers(id, services));
            }
          }
        })
    });

    commands.addCommand(CommandIDs.packFile, {
      label: trans.__('Deploy as service…'),
      caption: trans.__('Make a service of a notebook or script'),
      icon: oscarIcon,
      describedBy: { args: ARGS.code },
      isVisible: args => codePath(args.path as string | undefined) !== undefined,
      execute: args =>
        guarded(trans, async () => {
          const path = codePath(args.path as string | undefined);
          if (path === undefined) {
            return;
          }
          const { PackForm } = await import('../pipelines/dialogs');
          const answer = await showDialog({
            title: trans.__('Deploy %1 as a service', PathExt.basename(path)),
            body: new PackForm(view, path),
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Next') })],
            focusNodeSelector: 'input'
          });
          const form = answer.button.accept ? answer.value : null;
          if (!form?.name) {
            return;
          }
          const folder = PathExt.join(PathExt.dirname(path), form.name);
          const there = await contents.get(folder, { content: false }).then(
            () => true,
            () => false
          );
          if (there && !(await confirmOverwrite(folder))) {
            return;
          }
          await model.start();
          const result = await model.client.pipelines.pack({
            ...form,
            code: { file: { contents: serverPath(contents, path) } },
            into: { contents: serverPath(contents, PathExt.dirname(path)) },
            overwrite: there
          });
          result.notes.forEach(note => Notification.info(note, { autoClose: 8000 }));
          await commands.execute(CommandIDs.deployFile, { path: `${result.folder ?? folder}/fdl.yaml` });
        })
    });

    function codePath(path?: string): string | undefined {
      const found = path ?? selection(browsers)[0]?.path;
      return found !== undefined && /\.(ipynb|py|sh)$/i.test(found) && !isPipeline(found) ? found : undefined;
    }
  }
};
