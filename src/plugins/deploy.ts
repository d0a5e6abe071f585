import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { ITranslator } from '@jupyterlab/translation';
import { addIcon } from '@jupyterlab/ui-components';

import { ARGS, CommandIDs } from '../commands';
import type { FdlPlan, FdlSource } from '../contract';
import { serverPath } from '../drive/files';
import { isFdl, isFdlPath } from '../fdl/detect';
import { oscarIcon } from '../icons';
import { NEW_FDL, NEW_SCRIPT } from '../oscar/templates';
import { bytesText, clusterName } from '../oscar/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { guarded, loadTrans, makeView, selection } from './util';

/** FDL files: what they are, and how they are deployed. */
export const deployPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:deploy',
  description: 'Deploys examples and FDL files, and starts new services.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, IDefaultFileBrowser, IEditorTracker, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null,
    editors: IEditorTracker | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { contents } = app.serviceManager;
    const view = makeView({ app, model, settings, trans });

    /** Show the plan; deploy when the user says so. */
    async function deploy(source: FdlSource, name: string, planOnly = false): Promise<void> {
      await guarded(trans, async () => {
        await model.start();
        const cluster = model.current;
        const plan = await model.client.plan(source, cluster?.id);
        const { createPlanBody, hasErrors, isUnchanged } = await import('../oscar/planbody');
        const body = createPlanBody(view, plan);
        if (hasErrors(plan) || isUnchanged(plan)) {
          const title = hasErrors(plan) ? trans.__('%1 cannot be deployed', name) : trans.__('%1 is deployed', name);
          await showDialog({ title, body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
          return;
        }
        const names = [...plan.services, ...(plan.functions ?? [])].join(', ') || name;
        const where = await placeOf(plan);
        if (planOnly) {
          const title = trans.__('What %1 would change on %2', names, where);
          await showDialog({ title, body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
          return;
        }
        const result = await showDialog({
          title: trans.__('Deploy %1 to %2?', names, where),
          body,
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Deploy') })]
        });
        if (result.button.accept) {
          model.keepOperation(await model.client.apply(source, plan.cluster || undefined));
          const panel = plan.services.length > 0 ? CommandIDs.showPanel : CommandIDs.showScarPanel;
          if (commands.hasCommand(panel)) {
            await commands.execute(panel);
          }
        }
      });
    }

    /** Where what is planned would be: on the cluster, on AWS, or on both. */
    async function placeOf(plan: FdlPlan): Promise<string> {
      const cluster = model.state.clusters.find(item => item.id === plan.cluster);
      const here = cluster ? clusterName(cluster, trans) : plan.cluster;
      if (!plan.functions || plan.functions.length === 0) {
        return here;
      }
      const { emulator, region } = await model.client.aws.context();
      const there = emulator ? trans.__('the local AWS emulator') : trans.__('AWS (%1)', region);
      return plan.services.length === 0 ? there : trans.__('%1 and %2', here, there);
    }

    /** The FDL file of the arguments, of the selection, or of the editor in front. */
    function fdlPath(path?: string): string | undefined {
      if (path) {
        return path;
      }
      const front = editors?.currentWidget;
      if (front && front === app.shell.currentWidget && isFdl(front.context.path, textOf(front.context))) {
        return front.context.path;
      }
      return selection(browsers).find(item => isFdlPath(item.path))?.path;
    }

    commands.addCommand(CommandIDs.deployFile, {
      label: trans.__('Deploy to cluster…'),
      caption: trans.__('See what an FDL file would create, and create it'),
      icon: oscarIcon,
      describedBy: { args: ARGS.file },
      isVisible: args => fdlPath(args.path as string | undefined) !== undefined,
      execute: async args => {
        const path = fdlPath(args.path as string | undefined);
        if (path === undefined) {
          return;
        }
        const open = editors?.find(widget => widget.context.path === path);
        if (open?.context.model.dirty) {
          // What is deployed is what the user sees.
          await open.context.save();
        }
        await guarded(trans, () => {
          const source = { file: { contents: serverPath(contents, path) } };
          return deploy(source, PathExt.basename(path), args.planOnly === true);
        });
      }
    });
    editors?.currentChanged.connect(() => commands.notifyCommandChanged(CommandIDs.deployFile));
    app.shell.currentChanged?.connect(() => commands.notifyCommandChanged(CommandIDs.deployFile));

    commands.addCommand(CommandIDs.deployExample, {
      label: trans.__('Deploy an example…'),
      caption: trans.__('Choose one of the examples and deploy it'),
      icon: addIcon,
      describedBy: { args: ARGS.example },
      execute: async args => {
        const examples = await guarded(trans, async () => {
          await model.start();
          const known = model.state.examples.items;
          return known.length > 0 ? known : model.client.examples();
        });
        let name = args.example as string | undefined;
        if (name === undefined && examples && examples.length > 0) {
          const labels = examples.map(item =>
            item.size === undefined ? item.title : `${item.title} (${bytesText(item.size)})`
          );
          const result = await InputDialog.getItem({
            title: trans.__('Deploy an example'),
            items: labels,
            okLabel: trans.__('Next')
          });
          name = result.button.accept ? examples[labels.indexOf(result.value ?? '')]?.name : undefined;
        }
        const example = examples?.find(item => item.name === name);
        if (name !== undefined) {
          await deploy({ example: name }, example?.title ?? name);
        }
      }
    });

    commands.addCommand(CommandIDs.newService, {
      label: args => (args.isPalette ? trans.__('New service') : trans.__('New service')),
      caption: trans.__('Start a service: a folder with its definition and its script'),
      icon: oscarIcon,
      describedBy: { args: ARGS.folder },
      execute: async args => {
        const parent = (args.cwd as string | undefined) ?? browser?.model.path ?? '';
        const result = await InputDialog.getText({
          title: trans.__('New service'),
          label: trans.__('Name (small letters, digits and hyphens)'),
          text: 'my-service',
          pattern: '[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?',
          okLabel: trans.__('Create')
        });
        const name = result.value?.trim();
        if (!result.button.accept || !name) {
          return;
        }
        return guarded(trans, async () => {
          const folder = PathExt.join(parent, name);
          const taken = await contents.get(folder, { content: false }).then(
            () => true,
            () => false
          );
          if (taken) {
            throw new Error(trans.__('There is already something named %1. Choose another name.', folder));
          }
          await contents.save(folder, { type: 'directory' });
          await contents.save(`${folder}/script.sh`, { type: 'file', format: 'text', content: NEW_SCRIPT });
          await contents.save(`${folder}/fdl.yaml`, {
            type: 'file',
            format: 'text',
            content: NEW_FDL.replaceAll('NAME', name)
          });
          return commands.execute('docmanager:open', { path: `${folder}/fdl.yaml` });
        });
      }
    });

    commands.addCommand(CommandIDs.copyExamples, {
      label: trans.__('Examples'),
      caption: trans.__('Copy the examples into the open folder and show them'),
      icon: oscarIcon,
      describedBy: { args: ARGS.folder },
      execute: args =>
        guarded(trans, async () => {
          const folder = (args.cwd as string | undefined) ?? browser?.model.path ?? '';
          const path = await model.client.copyExamples(contents.localPath(folder));
          if (browser) {
            await browser.model.cd(`/${path}`);
            app.shell.activateById(browser.id);
          }
        })
    });
  }
};

function textOf(context: DocumentRegistry.Context): string {
  return context.isReady ? (context.model as DocumentRegistry.ICodeModel).sharedModel.source : '';
}
