import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ToolbarButton } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import { folderIcon, newFolderIcon, refreshIcon } from '@jupyterlab/ui-components';

import { ARGS, CommandIDs } from '../commands';
import { BucketDrive } from '../drive/drive';
import { storageOf } from '../drive/files';
import { AWS, DRIVE } from '../drive/path';
import type { IOscarModel } from '../tokens';
import { IOscarModelToken } from '../tokens';
import { addToMain, guarded, loadTrans } from './util';

/** Buckets in a file browser: open, save, upload, rename and delete their files. */
export const drivePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:drive',
  description: 'Buckets of clusters and of AWS as a drive.',
  autoStart: true,
  requires: [IOscarModelToken, IFileBrowserFactory],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    factory: IFileBrowserFactory,
    translator: ITranslator | null
  ): void => {
    const trans = loadTrans(translator);
    const { contents, serverSettings } = app.serviceManager;
    const { aws } = model.client;
    contents.addDrive(
      new BucketDrive({
        serverSettings,
        places: async () => {
          const clusters = model.state.clusters.map(item => item.id);
          const { state } = await aws.context();
          return state === 'ready' ? [...clusters, AWS] : clusters;
        },
        storage: place => storageOf(model.client, place),
        typeOf: path => {
          const [type] = app.docRegistry.getFileTypesForPath(path);
          const mimetype = type?.mimeTypes[0] ?? 'application/octet-stream';
          return { mimetype, format: type?.fileFormat as Contents.FileFormat | undefined };
        }
      })
    );

    app.commands.addCommand(CommandIDs.openBucket, {
      label: trans.__('Open bucket in a file browser'),
      describedBy: { args: ARGS.bucket },
      execute: args =>
        guarded(trans, async () => {
          const { cluster, bucket } = args as { cluster?: string; bucket?: string };
          if (!bucket) {
            return;
          }
          const path = `${cluster ?? AWS}/${bucket}`;
          const id = `jp-OscarDrive-${path}`;
          const open = [...app.shell.widgets('main')].find(widget => widget.id === id);
          if (!open) {
            await show(path, id, bucket);
          }
          app.shell.activateById(id);
        })
    });

    async function show(path: string, id: string, bucket: string): Promise<void> {
      // Loaded when the first bucket is opened.
      const { Uploader } = await import('@jupyterlab/filebrowser');
      const browser = factory.createFileBrowser(`${id}-browser`, {
        driveName: DRIVE,
        auto: false,
        restore: false,
        refreshInterval: 10_000
      });
      await browser.model.cd(`/${path}`);
      browser.toolbar.addItem(
        'new-folder',
        new ToolbarButton({
          icon: newFolderIcon,
          tooltip: trans.__('New folder'),
          onClick: () => void guarded(trans, () => browser.createNewDirectory())
        })
      );
      browser.toolbar.addItem('upload', new Uploader({ model: browser.model, translator: translator ?? undefined }));
      browser.toolbar.addItem(
        'refresh',
        new ToolbarButton({
          icon: refreshIcon,
          tooltip: trans.__('Refresh'),
          onClick: () => void guarded(trans, () => browser.model.refresh())
        })
      );
      addToMain(app, browser, { id, label: bucket, caption: trans.__('Bucket %1', path), icon: folderIcon });
    }
  }
};
