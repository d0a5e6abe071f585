import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';

import { ARGS, CommandIDs } from '../commands';
import { bytesText } from '../oscar/words';
import type { IOscarModel } from '../tokens';
import { IOscarModelToken } from '../tokens';
import { guarded, loadTrans } from './util';

/** Commands about clusters and their data. */
export const clustersPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:clusters',
  description: 'Commands to switch, add and remove clusters.',
  autoStart: true,
  requires: [IOscarModelToken],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, model: IOscarModel, translator: ITranslator | null): void => {
    const trans = loadTrans(translator);
    const { commands } = app;

    commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Refresh'),
      caption: trans.__('Read clusters, services and jobs again'),
      icon: refreshIcon,
      describedBy: { args: ARGS.none },
      execute: () => guarded(trans, () => model.refresh())
    });

    commands.addCommand(CommandIDs.retryBridge, {
      label: trans.__('Start the bridge again'),
      caption: trans.__('Try again after the bridge could not start'),
      describedBy: { args: ARGS.none },
      isVisible: () => model.state.phase === 'failed',
      execute: () => guarded(trans, () => model.retry())
    });

    commands.addCommand(CommandIDs.useCluster, {
      label: trans.__('Switch cluster…'),
      caption: trans.__('Choose the cluster that services and jobs are shown of'),
      describedBy: { args: ARGS.cluster },
      execute: async args => {
        const cluster = (args.cluster as string | undefined) ?? (await pick());
        if (cluster !== undefined && cluster !== model.current?.id) {
          await guarded(trans, () => model.use(cluster));
        }
      }
    });

    commands.addCommand(CommandIDs.addCluster, {
      label: trans.__('Add a cluster…'),
      caption: trans.__('Use an OSCAR cluster by its address, user and password'),
      describedBy: { args: ARGS.none },
      execute: async () => {
        const { ClusterForm } = await import('../oscar/clusterform');
        const result = await showDialog({
          title: trans.__('Add a cluster'),
          body: new ClusterForm(trans),
          focusNodeSelector: 'input',
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Add') })]
        });
        const cluster = result.value;
        if (result.button.accept && cluster) {
          await guarded(trans, async () => {
            await model.client.addCluster(cluster);
            await model.use(cluster.id);
          });
        }
      }
    });

    commands.addCommand(CommandIDs.removeCluster, {
      label: trans.__('Remove cluster…'),
      caption: trans.__('Forget a cluster and its sign-in; the cluster itself is not touched'),
      describedBy: { args: ARGS.cluster },
      isEnabled: args => Boolean(args.cluster) || model.current?.removable === true,
      execute: async args => {
        const cluster = (args.cluster as string | undefined) ?? model.current?.id;
        if (cluster === undefined) {
          return;
        }
        const result = await showDialog({
          title: trans.__('Remove %1?', cluster),
          body: trans.__('JupyterLab forgets its address and sign-in. Its services and data stay as they are.'),
          buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Remove') })],
          defaultButton: 0
        });
        if (result.button.accept) {
          await guarded(trans, async () => {
            await model.client.removeCluster(cluster);
            await model.refresh();
          });
        }
      }
    });

    commands.addCommand(CommandIDs.clearData, {
      label: trans.__('Clear local data…'),
      caption: trans.__('Free disk space of the local cluster'),
      describedBy: { args: ARGS.none },
      isVisible: () => model.current?.features.includes('data-usage') === true,
      execute: () =>
        guarded(trans, async () => {
          await model.loadData();
          const before = model.state.data;
          if (!before) {
            return;
          }
          const { ClearForm } = await import('../oscar/clearform');
          const result = await showDialog({
            title: trans.__('Clear local data'),
            body: new ClearForm(before, trans),
            buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Clear') })],
            defaultButton: 0
          });
          if (result.button.accept && result.value && result.value.length > 0) {
            await model.clearData(result.value);
            const freed = Math.max(0, before.total - (model.state.data?.total ?? before.total));
            Notification.success(trans.__('%1 freed.', bytesText(freed)), { autoClose: 4000 });
          }
        })
    });

    async function pick(): Promise<string | undefined> {
      const { InputDialog } = await import('@jupyterlab/apputils');
      const ids = model.state.clusters.map(cluster => cluster.id);
      const result = await InputDialog.getItem({
        title: trans.__('Switch cluster'),
        items: ids,
        current: model.current?.id
      });
      return result.button.accept ? (result.value ?? undefined) : undefined;
    }
  }
};
