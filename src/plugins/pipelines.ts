import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { createToolbarFactory, IToolbarWidgetRegistry, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ARGS, CommandIDs } from '../commands';
import { pipelineIcon } from '../icons';
import type { CanvasAction } from '../pipelines/canvasapi';
import { ClusterButton } from '../pipelines/clusterbutton';
import { createEmptyText, PIPELINE_FACTORY, PIPELINE_TYPE } from '../pipelines/constants';
import { commentIcon, fitIcon } from '../pipelines/icons';
import type { PipelineWidget } from '../pipelines/widget';
import { draggedPaths, PipelineFactory } from '../pipelines/widget';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken, IPipelineTrackerToken } from '../tokens';
import { fileChooser, guarded, loadTrans, makeView } from './util';

const ID = 'jupyterlab-oscar:pipelines';

/** Elyra's own plugin. It registers its editor late, and without a token. */
const ELYRA = 'pipeline';

/** The editor of pipelines: the default one where Elyra is not installed. */
export const pipelinesPlugin: JupyterFrontEndPlugin<WidgetTracker<PipelineWidget>> = {
  id: ID,
  description: 'Editor of Elyra pipelines.',
  autoStart: true,
  provides: IPipelineTrackerToken,
  requires: [IOscarModelToken, IOscarSettingsToken],
  optional: [ITranslator, IDefaultFileBrowser, ILayoutRestorer, ISettingRegistry, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    toolbars: IToolbarWidgetRegistry | null
  ): WidgetTracker<PipelineWidget> => {
    const trans = loadTrans(translator);
    const { commands, docRegistry } = app;
    const tracker = new WidgetTracker<PipelineWidget>({ namespace: 'oscar-pipeline' });
    const choose = fileChooser(browser, translator);
    const view = makeView({ app, model, settings, trans });
    const elyra = app.hasPlugin(ELYRA);

    if (!docRegistry.getFileType(PIPELINE_TYPE) && !elyra) {
      docRegistry.addFileType({
        name: PIPELINE_TYPE,
        displayName: trans.__('Pipeline'),
        extensions: ['.pipeline'],
        mimeTypes: ['application/json'],
        contentType: 'file',
        fileFormat: 'text',
        icon: pipelineIcon
      });
    }

    const factory = new PipelineFactory(
      {
        name: PIPELINE_FACTORY,
        label: trans.__('OSCAR Pipeline'),
        fileTypes: [PIPELINE_TYPE],
        defaultFor: elyra ? [] : [PIPELINE_TYPE],
        modelName: 'text',
        translator: translator ?? nullTranslator,
        ...(registry && toolbars
          ? {
              toolbarFactory: createToolbarFactory(
                toolbars,
                registry,
                PIPELINE_FACTORY,
                ID,
                translator ?? nullTranslator
              )
            }
          : {})
      },
      {
        view,
        openFile: path => void commands.execute('docmanager:open', { path }),
        openText: path => void commands.execute('docmanager:open', { path, factory: 'Editor' }),
        dragged: draggedPaths,
        chooseFiles: async ({ many, extensions, folder }) => {
          const paths = await choose?.({
            title: many ? trans.__('Choose files') : trans.__('Choose a file'),
            defaultPath: folder,
            filter: item =>
              !extensions?.length ||
              item.type === 'directory' ||
              extensions.includes(PathExt.extname(item.path).toLowerCase())
                ? {}
                : null
          });
          return paths ?? [];
        }
      }
    );
    factory.widgetCreated.connect((_, widget) => {
      widget.title.icon = pipelineIcon;
      widget.context.pathChanged.connect(() => void tracker.save(widget));
      widget.content.changed.connect(() => commands.notifyCommandChanged(CommandIDs.editPipeline));
      widget.context.model.contentChanged.connect(() => commands.notifyCommandChanged(CommandIDs.editPipeline));
      void tracker.add(widget);
    });
    docRegistry.addWidgetFactory(factory);

    toolbars?.addFactory<PipelineWidget>(
      PIPELINE_FACTORY,
      'cluster',
      () => new ClusterButton({ commands, model, trans })
    );

    const LABELS: Record<string, string> = {
      undo: trans.__('Undo'),
      redo: trans.__('Redo'),
      cut: trans.__('Cut'),
      copy: trans.__('Copy'),
      paste: trans.__('Paste'),
      deleteSelectedObjects: trans.__('Delete'),
      createAutoComment: trans.__('Add a comment'),
      arrangeHorizontally: trans.__('Arrange'),
      zoomIn: trans.__('Zoom in'),
      zoomOut: trans.__('Zoom out'),
      zoomToFit: trans.__('Fit to the window'),
      toggleOpenPanel: trans.__('Properties')
    };
    const ICONS: Record<string, typeof fitIcon | undefined> = { createAutoComment: commentIcon, zoomToFit: fitIcon };
    commands.addCommand(CommandIDs.editPipeline, {
      icon: args => ICONS[String(args.action)],
      label: args => LABELS[String(args.action)] ?? trans.__('Edit the pipeline'),
      caption: args => LABELS[String(args.action)] ?? '',
      describedBy: { args: ARGS.action },
      isEnabled: args => {
        const content = tracker.currentWidget?.content;
        return args.action === 'undo' || args.action === 'redo' ? content?.can(args.action) === true : !!content;
      },
      execute: args => tracker.currentWidget?.content.run(args.action as CanvasAction)
    });

    commands.addCommand(CommandIDs.newPipeline, {
      label: trans.__('New pipeline'),
      caption: trans.__('Draw steps and run them on a cluster'),
      icon: pipelineIcon,
      describedBy: { args: ARGS.folder },
      execute: args =>
        guarded(trans, async () => {
          const { contents } = app.serviceManager;
          const folder = (args.cwd as string | undefined) ?? browser?.model.path ?? '';
          const made = await contents.newUntitled({ path: folder, type: 'file', ext: '.pipeline' });
          await contents.save(made.path, { type: 'file', format: 'text', content: createEmptyText() });
          return commands.execute('docmanager:open', { path: made.path, factory: PIPELINE_FACTORY });
        })
    });

    if (restorer) {
      void restorer.restore(tracker, {
        command: 'docmanager:open',
        args: widget => ({ path: widget.context.path, factory: PIPELINE_FACTORY }),
        name: widget => widget.context.path
      });
    }
    return tracker;
  }
};
