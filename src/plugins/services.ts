import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, InputDialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';

import type { IInvokeArgs, IServiceArgs } from '../commands';
import { ARGS, CommandIDs } from '../commands';
import type { Service, Submission } from '../contract';
import { bucketFile, inBucket } from '../drive/files';
import { oscarIcon } from '../icons';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { showWhenFound } from './submissions';
import { addToMain, fileChooser, guarded, hit, loadTrans, makeView, selection } from './util';

/** Commands and the view of one service. */
export const servicesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:services',
  description: 'Open, run, start, stop and delete OSCAR services.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer, IDefaultFileBrowser, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const view = makeView({ app, model, settings, trans, rendermime });
    const chooseFiles = fileChooser(browser, translator);
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-service' });

    /** The service of the arguments, of the context menu, or of the user's choice. */
    async function resolve(args: IServiceArgs): Promise<{ cluster: string; service: string } | undefined> {
      const cluster = args.cluster ?? model.current?.id;
      if (args.service && cluster) {
        return { cluster, service: args.service };
      }
      const data = hit(app, 'oscarService', args.focus);
      if (data?.oscarService && data.oscarCluster) {
        return { cluster: data.oscarCluster, service: data.oscarService };
      }
      await model.start();
      const current = model.current?.id;
      const names = model.state.services.items.map(item => item.name);
      if (current === undefined || names.length === 0) {
        await showDialog({
          title: trans.__('No services'),
          body: trans.__('Deploy a service first: the OSCAR panel offers examples.'),
          buttons: [Dialog.okButton()]
        });
        return undefined;
      }
      const result = await InputDialog.getItem({ title: trans.__('Which service?'), items: names });
      return result.button.accept && result.value ? { cluster: current, service: result.value } : undefined;
    }

    /** Hand over and open the job, with failures shown. */
    async function start(work: () => Promise<Submission>): Promise<void> {
      await guarded(trans, async () => showWhenFound(commands, model, settings, await work()));
    }

    commands.addCommand(CommandIDs.openService, {
      label: trans.__('Open service'),
      caption: trans.__('Run a service, see its jobs and its definition'),
      icon: oscarIcon,
      describedBy: { args: ARGS.service },
      execute: async args => {
        const target = await resolve(args as IServiceArgs);
        if (!target) {
          return;
        }
        const id = `jp-oscar-service-${target.cluster}-${target.service}`;
        let widget = tracker.find(item => item.id === id);
        if (!widget) {
          const { createServiceWidget } = await import('../oscar/mainarea');
          const content = createServiceWidget(view, target, {
            paths: (to, paths) => void commands.execute(CommandIDs.invokeService, { ...to, paths }),
            files: (to, files) => void start(() => model.submitFiles(to.cluster, to.service, files))
          });
          void model.start();
          widget = addToMain(app, content, {
            id,
            label: target.service,
            caption: `OSCAR: ${target.cluster}/${target.service}`,
            icon: oscarIcon
          });
          targets.set(widget, target);
          await tracker.add(widget);
        }
        app.shell.activateById(id);
        return widget;
      }
    });

    commands.addCommand(CommandIDs.invokeService, {
      label: trans.__('Run with a file…'),
      caption: trans.__('Start a job for each chosen file'),
      icon: runIcon,
      describedBy: { args: ARGS.invoke },
      execute: async args => {
        const { paths: given, ...rest } = args as IInvokeArgs;
        const target = await resolve(rest);
        if (!target) {
          return;
        }
        const paths = given ?? (await choose(target.service));
        const { contents } = app.serviceManager;
        const own = paths.filter(path => !inBucket(path)).map(path => ({ contents: contents.localPath(path) }));
        if (own.length > 0) {
          await start(() => model.submit(target.cluster, target.service, own));
        }
        const stored = paths.filter(inBucket);
        if (stored.length > 0) {
          await start(async () => {
            const files = await Promise.all(stored.map(path => bucketFile(model.client, path)));
            return model.submitFiles(target.cluster, target.service, files);
          });
        }
      }
    });

    commands.addCommand(CommandIDs.runFile, {
      label: trans.__('Run with an OSCAR service…'),
      caption: trans.__('Start a job of a service for the selected files'),
      icon: oscarIcon,
      describedBy: { args: ARGS.none },
      isVisible: () => model.state.services.items.some(item => !item.exposed),
      execute: async () => {
        const paths = selection(browsers).filter(item => item.type !== 'directory');
        const names = model.state.services.items.filter(item => !item.exposed).map(item => item.name);
        const cluster = model.current?.id;
        if (paths.length === 0 || cluster === undefined) {
          return;
        }
        const only = names.length === 1 ? names[0] : undefined;
        const service = only ?? (await InputDialog.getItem({ title: trans.__('Which service?'), items: names })).value;
        if (service) {
          await commands.execute(CommandIDs.invokeService, { cluster, service, paths: paths.map(item => item.path) });
        }
      }
    });

    commands.addCommand(CommandIDs.uploadToService, {
      label: trans.__('Run with a file of this computer…'),
      caption: trans.__('Upload files and start a job for each'),
      describedBy: { args: ARGS.service },
      execute: async args => {
        const target = await resolve(args as IServiceArgs);
        const files = target ? await chooseDesktopFiles() : [];
        if (target && files.length > 0) {
          await start(() => model.submitFiles(target.cluster, target.service, files));
        }
      }
    });

    for (const [id, verb, label] of [
      [CommandIDs.startService, 'start', trans.__('Start')],
      [CommandIDs.stopService, 'stop', trans.__('Stop')],
      [CommandIDs.restartService, 'restart', trans.__('Restart')]
    ] as const) {
      commands.addCommand(id, {
        label,
        describedBy: { args: ARGS.service },
        execute: async args => {
          const target = await resolve(args as IServiceArgs);
          if (target) {
            await guarded(trans, async () =>
              model.keepService(await model.client.controlService(target.cluster, target.service, verb))
            );
          }
        }
      });
    }

    commands.addCommand(CommandIDs.openExposed, {
      label: trans.__('Open in a new tab'),
      caption: trans.__('Open what the service serves in a browser tab'),
      describedBy: { args: ARGS.service },
      execute: async args => {
        const target = await resolve(args as IServiceArgs);
        if (target) {
          await guarded(trans, async () => {
            const service = await known(target.cluster, target.service);
            window.open(model.client.exposedUrl(service), '_blank', 'noopener,noreferrer');
          });
        }
      }
    });

    commands.addCommand(CommandIDs.deleteService, {
      label: trans.__('Delete…'),
      caption: trans.__('Delete a service; its data stays unless you say otherwise'),
      describedBy: { args: ARGS.service },
      execute: async args => {
        const target = await resolve(args as IServiceArgs);
        if (!target) {
          return;
        }
        await guarded(trans, async () => {
          const preview = await model.client.deletion(target.cluster, target.service);
          const { DeleteForm } = await import('../oscar/deleteform');
          const result = await showDialog({
            title: trans.__('Delete %1?', target.service),
            body: new DeleteForm(preview, trans),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
            defaultButton: 0
          });
          if (!result.button.accept) {
            return;
          }
          const data = result.value === true ? 'delete' : 'keep';
          const done = await model.client.deleteService(target.cluster, target.service, data);
          tracker.find(item => item.id === `jp-oscar-service-${target.cluster}-${target.service}`)?.dispose();
          model.forgetService(target.service);
          const kept = done.kept.length > 0 ? trans.__('Kept with their data: %1.', done.kept.join(', ')) : '';
          Notification.success(`${trans.__('%1 was deleted.', target.service)} ${kept}`.trim(), { autoClose: 5000 });
        });
      }
    });

    commands.addCommand(CommandIDs.trySample, {
      label: trans.__('Try an example with its sample'),
      describedBy: { args: ARGS.example },
      isVisible: () => false,
      execute: async args => {
        const example = model.state.examples.items.find(item => item.name === args.example);
        const cluster = model.current?.id;
        const service = example?.services[0];
        if (!example?.sample || !service || cluster === undefined) {
          return;
        }
        const { sample } = example;
        await start(async () => {
          const here = await app.serviceManager.contents.get(sample, { content: false }).then(
            () => true,
            () => false
          );
          const path = here ? sample : `${await model.client.copyExamples('')}/${sample}`;
          return model.submit(cluster, service, [{ contents: path.replace(/^\/+/, '') }]);
        });
      }
    });

    const targets = new WeakMap<MainAreaWidget, { cluster: string; service: string }>();
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openService,
        args: widget => ({ ...targets.get(widget) }),
        name: widget => widget.id
      });
    }

    async function known(cluster: string, name: string): Promise<Service> {
      const item = model.state.services.items.find(each => each.name === name && each.cluster === cluster);
      return item ?? model.client.service(cluster, name);
    }

    async function choose(service: string): Promise<string[]> {
      if (!chooseFiles) {
        const result = await InputDialog.getText({
          title: trans.__('Run %1 with a file', service),
          label: trans.__('Path in the Jupyter folder')
        });
        return result.button.accept && result.value ? [result.value] : [];
      }
      return chooseFiles({ title: trans.__('Run %1 with a file', service) });
    }
  }
};

/** Files that the user picks on the own computer; none when the picker is closed. */
function chooseDesktopFiles(): Promise<File[]> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.addEventListener('change', () => resolve([...(input.files ?? [])]));
    input.addEventListener('cancel', () => resolve([]));
    input.click();
  });
}
