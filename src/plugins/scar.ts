import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import { IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';

import { ARGS, CommandIDs } from '../commands';
import { isFdlPath } from '../fdl/detect';
import { scarIcon } from '../icons';
import { scarModelOf } from '../scar/model';
import { ScarPanel } from '../scar/panel';
import { PIP_LINE, REGIONS } from '../scar/words';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { fileChooser, guarded, loadTrans, makeView, selection, showSide } from './util';

/** The SCAR side panel, and as whom and where calls to AWS are made. */
export const scarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:scar',
  description: 'The SCAR side panel: functions, jobs, APIs and buckets on AWS or its local emulator.',
  autoStart: true,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, ILayoutRestorer, ILabShell, IDefaultFileBrowser, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    browser: IDefaultFileBrowser | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands } = app;
    const scar = scarModelOf(model);
    const chooseFiles = fileChooser(browser, translator);
    const view = makeView({ app, model, settings, trans });
    const panel = new ScarPanel({ view, translator: translator ?? nullTranslator });
    app.shell.add(panel, 'left', { rank: 610, type: 'SCAR' });
    restorer?.add(panel, ScarPanel.ID);

    commands.addCommand(CommandIDs.showScarPanel, {
      label: trans.__('Show the SCAR panel'),
      caption: trans.__('Functions, jobs and APIs on AWS'),
      icon: scarIcon,
      describedBy: { args: ARGS.none },
      execute: () => showSide(app, labShell, ScarPanel.ID)
    });

    commands.addCommand(CommandIDs.refreshAws, {
      label: trans.__('Refresh functions on AWS'),
      caption: trans.__('Read credentials, functions and jobs again'),
      icon: refreshIcon,
      describedBy: { args: ARGS.none },
      execute: () => guarded(trans, () => scar.refresh())
    });

    commands.addCommand(CommandIDs.useAwsProfile, {
      label: trans.__('Switch AWS profile…'),
      caption: trans.__('Choose the profile of ~/.aws that calls are made with'),
      describedBy: { args: ARGS.profile },
      execute: async args => {
        const profile = (args.profile as string | undefined) ?? (await pickProfile());
        if (profile !== undefined) {
          await guarded(trans, () => scar.change({ profile, endpoint: '', emulator: false }));
        }
      }
    });

    commands.addCommand(CommandIDs.useAwsRegion, {
      label: trans.__('Switch AWS region…'),
      caption: trans.__('Choose the region whose functions are shown'),
      describedBy: { args: ARGS.region },
      execute: async args => {
        let region = args.region as string | undefined;
        if (region === undefined) {
          const answer = await InputDialog.getItem({
            title: trans.__('AWS region'),
            items: REGIONS,
            editable: true,
            current: scar.state.context?.region
          });
          region = answer.button.accept ? answer.value?.trim() : undefined;
        }
        if (region) {
          const to = region;
          await guarded(trans, () => scar.change({ region: to }));
        }
      }
    });

    commands.addCommand(CommandIDs.useAwsEmulator, {
      label: trans.__('Use the local AWS emulator'),
      caption: trans.__('Try functions on this machine: nothing runs on AWS, nothing costs'),
      icon: scarIcon,
      describedBy: { args: ARGS.none },
      isEnabled: () => scar.state.context?.emulator !== true,
      execute: () =>
        guarded(trans, async () => {
          const emulator = scar.state.emulator ?? (await model.client.aws.emulator());
          if (!emulator.installed) {
            await showDialog({
              title: trans.__('The emulator is not installed'),
              body: trans.__('Run this where JupyterLab is installed, then try again:\n\n%1', PIP_LINE),
              buttons: [Dialog.okButton({ label: trans.__('Close') })]
            });
            return;
          }
          await scar.change({ emulator: true });
        })
    });

    commands.addCommand(CommandIDs.leaveAwsEmulator, {
      label: trans.__('Leave the local AWS emulator'),
      caption: trans.__('Go back to AWS'),
      describedBy: { args: ARGS.none },
      isEnabled: () => scar.state.context?.emulator === true,
      execute: () => guarded(trans, () => scar.change({ emulator: false, endpoint: '' }))
    });
    scar.changed.connect(() => {
      commands.notifyCommandChanged(CommandIDs.useAwsEmulator);
      commands.notifyCommandChanged(CommandIDs.leaveAwsEmulator);
    });

    commands.addCommand(CommandIDs.deployAws, {
      label: trans.__('Deploy an FDL file to AWS…'),
      caption: trans.__('Choose an FDL file with functions for AWS, see what it would create, and create it'),
      icon: scarIcon,
      describedBy: { args: ARGS.file },
      execute: async args => {
        const path = (args.path as string | undefined) ?? (await chooseFdl());
        if (path !== undefined) {
          await commands.execute(CommandIDs.deployFile, { path });
        }
      }
    });

    commands.addCommand(CommandIDs.removeOrphans, {
      label: trans.__('Find leftovers of functions on AWS…'),
      caption: trans.__('Log groups, APIs and Batch environments whose function is gone'),
      describedBy: { args: ARGS.none },
      execute: () =>
        guarded(trans, async () => {
          await scar.start();
          const orphans = await model.client.aws.orphans();
          if (orphans.length === 0) {
            Notification.info(trans.__('There are no leftovers in this account and region.'), { autoClose: 4000 });
            return;
          }
          const { OrphansForm } = await import('../scar/forms');
          const result = await showDialog({
            title: trans.__('Remove leftovers?'),
            body: new OrphansForm(orphans, trans),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Remove') })],
            defaultButton: 0
          });
          if (result.button.accept && result.value && result.value.length > 0) {
            model.keepOperation(await model.client.aws.removeOrphans(result.value));
          }
        })
    });

    async function pickProfile(): Promise<string | undefined> {
      await scar.start();
      const first = trans.__('Default credentials');
      const names = scar.state.profiles.filter(item => item.kind !== 'emulator').map(item => item.name);
      const answer = await InputDialog.getItem({ title: trans.__('AWS profile'), items: [first, ...names] });
      if (!answer.button.accept || answer.value === null) {
        return undefined;
      }
      return answer.value === first ? '' : answer.value;
    }

    /** The selected FDL file, or one that the user chooses. */
    async function chooseFdl(): Promise<string | undefined> {
      const selected = selection(browsers).find(item => isFdlPath(item.path));
      if (selected || !chooseFiles) {
        return selected?.path;
      }
      const paths = await chooseFiles({
        title: trans.__('Choose an FDL file'),
        filter: item => (item.type === 'directory' || /\.ya?ml$/i.test(item.name) ? {} : null)
      });
      return paths[0];
    }
  }
};
