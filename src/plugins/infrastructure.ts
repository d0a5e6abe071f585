import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { Dialog, InputDialog, Notification, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { deleteIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

import type { InfrastructureCalls } from '../bridge/infrastructure';
import { ARGS, CommandIDs } from '../commands';
import type { ExistingClusterFiles, Infrastructure } from '../contract';
import { clusterIcon } from '../icons';
import { infrastructuresOf } from '../infrastructure/model';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { addToMain, fileChooser, guarded, hit, loadTrans, makeView } from './util';

interface IArgs {
  infrastructure?: string;
  focus?: boolean;
}

/** Commands and views of clusters that the Infrastructure Manager makes. */
export const infrastructurePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:infrastructure',
  description: 'Make, watch, scale and delete clusters through the Infrastructure Manager.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken, IRenderMimeRegistry],
  optional: [ITranslator, ILayoutRestorer, IDefaultFileBrowser, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    launcher: ILauncher | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const { infrastructures } = model.client;
    const list = infrastructuresOf(model);
    const chooseFiles = fileChooser(browser, translator);
    const view = makeView({ app, model, settings, trans, rendermime, chooseFiles });
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'oscar-infrastructure' });
    const ids = new WeakMap<MainAreaWidget, string>();

    /** The infrastructure of the arguments, of the context menu, of the view in front, or of the user's choice. */
    async function resolve(args: IArgs): Promise<string | undefined> {
      const front = tracker.currentWidget;
      const known =
        args.infrastructure ??
        hit(app, 'oscarInfrastructure', args.focus)?.oscarInfrastructure ??
        (front && front === app.shell.currentWidget ? ids.get(front) : undefined);
      if (known !== undefined) {
        return known;
      }
      await list.start();
      const { items } = list.state;
      if (items.length === 0) {
        await showDialog({
          title: trans.__('No infrastructures'),
          body: trans.__('Make one with New cluster in the launcher.'),
          buttons: [Dialog.okButton()]
        });
        return undefined;
      }
      const texts = items.map(item => `${item.name} (${item.id})`);
      const answer = await InputDialog.getItem({ title: trans.__('Which infrastructure?'), items: texts });
      return answer.button.accept ? items[texts.indexOf(answer.value ?? '')]?.id : undefined;
    }

    async function show(id: string, label: string, create: () => Promise<Widget>): Promise<MainAreaWidget> {
      const open = [...app.shell.widgets('main')].find(item => item.id === id) as MainAreaWidget | undefined;
      const widget = open ?? addToMain(app, await create(), { id, label, icon: clusterIcon });
      app.shell.activateById(id);
      return widget;
    }

    commands.addCommand(CommandIDs.openInfrastructure, {
      label: trans.__('Open infrastructure'),
      caption: trans.__('See steps, machines, outputs and log of a cluster on a cloud'),
      icon: clusterIcon,
      describedBy: { args: ARGS.infrastructure },
      execute: async args => {
        const id = await guarded(trans, () => resolve(args as IArgs));
        if (id === undefined) {
          return;
        }
        const widget = await show(`jp-oscar-infrastructure-${id}`, list.get(id)?.name ?? id, async () =>
          (await import('../infrastructure/mainarea')).createInfrastructureWidget(view, id)
        );
        if (!ids.has(widget)) {
          ids.set(widget, id);
          await tracker.add(widget);
        }
        return widget;
      }
    });
    list.changed.connect(() =>
      tracker.forEach(widget => {
        widget.title.label = list.get(ids.get(widget) ?? '')?.name ?? widget.title.label;
      })
    );

    commands.addCommand(CommandIDs.newInfrastructure, {
      label: trans.__('New cluster'),
      caption: trans.__('Make an OSCAR cluster on a cloud'),
      icon: clusterIcon,
      describedBy: { args: ARGS.none },
      execute: () =>
        show('jp-oscar-new-infrastructure', trans.__('New cluster'), async () =>
          (await import('../infrastructure/mainarea')).createWizardWidget(view, created => {
            void commands.execute(CommandIDs.openInfrastructure, { infrastructure: created.id });
            [...app.shell.widgets('main')].find(item => item.id === 'jp-oscar-new-infrastructure')?.dispose();
          })
        )
    });

    commands.addCommand(CommandIDs.existingCluster, {
      label: trans.__('Add an existing cluster…'),
      caption: trans.__('Connect a cluster that you have, or make files that install OSCAR on your machines'),
      icon: clusterIcon,
      describedBy: { args: ARGS.none },
      execute: () =>
        show('jp-oscar-existing-cluster', trans.__('Existing cluster'), async () =>
          (await import('../infrastructure/mainarea')).createExistingWidget(view, save)
        )
    });

    commands.addCommand(CommandIDs.refreshInfrastructures, {
      label: trans.__('Refresh infrastructures'),
      caption: trans.__('Ask the Infrastructure Manager again'),
      icon: refreshIcon,
      describedBy: { args: ARGS.none },
      execute: () => guarded(trans, () => list.refresh())
    });

    function add(id: string, verb: InfrastructureCalls.Verb, label: string, caption: string): void {
      commands.addCommand(id, {
        label,
        caption,
        describedBy: { args: ARGS.infrastructure },
        execute: args =>
          guarded(trans, async () => {
            const target = await resolve(args as IArgs);
            if (target !== undefined) {
              list.keep(await infrastructures.change(target, verb));
            }
          })
      });
    }

    add(
      CommandIDs.startInfrastructure,
      'start',
      trans.__('Start infrastructure'),
      trans.__('Start its machines again')
    );
    add(
      CommandIDs.stopInfrastructure,
      'stop',
      trans.__('Stop infrastructure'),
      trans.__('Stop its machines; their disks stay')
    );
    add(
      CommandIDs.reconfigureInfrastructure,
      'reconfigure',
      trans.__('Configure infrastructure again'),
      trans.__('Run its configuration once more, after a failure for instance')
    );
    add(
      CommandIDs.registerInfrastructure,
      'register',
      trans.__('Register as cluster'),
      trans.__('Add its OSCAR to the clusters of the panel')
    );

    commands.addCommand(CommandIDs.deleteInfrastructure, {
      label: trans.__('Delete infrastructure…'),
      caption: trans.__('Delete its machines and what is on them'),
      icon: deleteIcon,
      describedBy: { args: ARGS.infrastructure },
      execute: args =>
        guarded(trans, async () => {
          const id = await resolve(args as IArgs);
          if (id === undefined) {
            return;
          }
          const item = list.get(id) ?? (await infrastructures.get(id));
          const { InfrastructureDeleteForm } = await import('../infrastructure/forms');
          const result = await showDialog({
            title: trans.__('Delete %1?', item.name),
            body: new InfrastructureDeleteForm(item, trans),
            focusNodeSelector: 'input[type=text]',
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
            defaultButton: 0
          });
          if (!result.button.accept || !result.value) {
            return;
          }
          const { confirm, force } = result.value;
          if (confirm !== item.name) {
            Notification.warning(trans.__('Nothing was deleted: the name was not %1.', item.name), { autoClose: 6000 });
            return;
          }
          list.keep(await infrastructures.remove(id, confirm, force));
        })
    });

    commands.addCommand(CommandIDs.pasteToken, {
      label: trans.__('Paste an access token…'),
      caption: trans.__('Sign in to the Infrastructure Manager with a token; it stays in memory'),
      describedBy: { args: ARGS.none },
      execute: () =>
        guarded(trans, async () => {
          const { TokenForm } = await import('../infrastructure/forms');
          const result = await showDialog({
            title: trans.__('Paste a token'),
            body: new TokenForm(trans),
            focusNodeSelector: 'input',
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Use') })]
          });
          if (result.button.accept && result.value) {
            list.setToken(await infrastructures.setToken(result.value));
            await list.refresh();
          }
        })
    });

    commands.addCommand(CommandIDs.imServer, {
      label: trans.__('Infrastructure Manager server…'),
      caption: trans.__('Choose the Infrastructure Manager that makes clusters'),
      describedBy: { args: ARGS.none },
      execute: () =>
        guarded(trans, async () => {
          const server = list.state.server ?? (await infrastructures.server());
          const { ServerForm } = await import('../infrastructure/forms');
          const result = await showDialog({
            title: trans.__('Infrastructure Manager'),
            body: new ServerForm(server, trans),
            focusNodeSelector: 'input',
            buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Use') })]
          });
          if (result.button.accept && result.value && Object.keys(result.value).length > 0) {
            list.setServer(await infrastructures.setServer(result.value));
            await list.refresh();
          }
        })
    });

    /** Write files into a new folder of the file browser. */
    async function save(files: ExistingClusterFiles['files']): Promise<string> {
      const { contents } = app.serviceManager;
      const made = await contents.newUntitled({ path: browser?.model.path ?? '', type: 'directory' });
      for (const { name, text } of files) {
        // Names come from the bridge, but stay inside the folder whatever they are.
        const path = PathExt.join(made.path, PathExt.basename(name));
        await contents.save(path, { type: 'file', format: 'text', content: text });
      }
      return made.path;
    }

    // Those that this page saw on their way, and then at their end: it takes long, nobody waits in front of it.
    const underWay = new Set<string>();
    list.changed.connect(() => {
      for (const item of list.state.items) {
        const busy = item.steps.some(step => step.state === 'running' || step.state === 'waiting');
        const failed = item.steps.find(step => step.state === 'failed');
        if (busy && !failed) {
          underWay.add(item.id);
        } else if (underWay.delete(item.id)) {
          tell(item, failed?.title);
        }
      }
    });

    function tell(item: Infrastructure, failed: string | undefined): void {
      const { notify } = settings();
      const front = tracker.currentWidget;
      const looked = front !== null && front === app.shell.currentWidget && ids.get(front) === item.id;
      if (looked || notify === 'none' || (notify === 'failed' && failed === undefined)) {
        return;
      }
      const open = {
        label: trans.__('Open'),
        callback: () => void commands.execute(CommandIDs.openInfrastructure, { infrastructure: item.id })
      };
      if (failed === undefined) {
        Notification.success(trans.__('The cluster %1 is ready', item.name), { actions: [open], autoClose: 8000 });
      } else {
        Notification.error(trans.__('%1: %2 failed', item.name, failed), { actions: [open], autoClose: 8000 });
      }
    }

    launcher?.add({ command: CommandIDs.newInfrastructure, category: trans.__('Serverless'), rank: 10 });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openInfrastructure,
        args: widget => ({ infrastructure: ids.get(widget) ?? '' }),
        name: widget => widget.id
      });
    }
  }
};
