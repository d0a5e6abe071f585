import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { EditorExtensionRegistry, IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TableOfContents } from '@jupyterlab/toc';
import { ITableOfContentsRegistry } from '@jupyterlab/toc';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { FDL_ARGS, FdlCommandIDs } from '../fdl/commands';
import { FDL_PATTERN, isFdl } from '../fdl/detect';
import type { GraphDocument } from '../fdl/document';
import { GRAPH_FACTORY, GraphFactory } from '../fdl/document';
import { fdlIcon, graphIcon } from '../fdl/icons';
import { FdlOutline } from '../fdl/outline';
import { FdlSessions } from '../fdl/sessions';
import { starter } from '../fdl/starter';
import type { IFdlWork } from '../fdl/work';
import type { IOscarModel, IOscarSettings } from '../tokens';
import { IOscarModelToken, IOscarSettingsToken } from '../tokens';
import { guarded, loadTrans, makeView } from './util';

type Context = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;
type Editor = IDocumentWidget<FileEditor>;

/** FDL in JupyterLab: the file type, what the text editor does for it, and its graph. */
export const fdlPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-oscar:fdl',
  description: 'Checks, completes and explains FDL files, and shows them as a graph that can be edited.',
  autoStart: true,
  requires: [
    IOscarModelToken,
    IOscarSettingsToken,
    IEditorExtensionRegistry,
    IEditorLanguageRegistry,
    IRenderMimeRegistry
  ],
  optional: [ITranslator, IEditorTracker, ITableOfContentsRegistry, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: IOscarModel,
    settings: () => IOscarSettings,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    editors: IEditorTracker | null,
    outlines: ITableOfContentsRegistry | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = loadTrans(translator);
    const { commands, docRegistry, shell } = app;
    const { contents } = app.serviceManager;
    const view = makeView({ app, model, settings, trans, rendermime });
    const sessions = new FdlSessions(model, contents);
    const graphs = new WidgetTracker<GraphDocument>({ namespace: 'oscar-fdl-graph' });

    docRegistry.addFileType({
      name: 'fdl',
      displayName: trans.__('OSCAR service definition'),
      extensions: ['.fdl.yaml', '.fdl.yml', '.fdl'],
      pattern: FDL_PATTERN,
      mimeTypes: ['text/x-yaml', 'application/yaml'],
      contentType: 'file',
      fileFormat: 'text',
      icon: fdlIcon
    });
    languages.addLanguage({
      name: 'OSCAR FDL',
      displayName: trans.__('OSCAR FDL'),
      mime: 'text/x-oscar-fdl',
      extensions: ['fdl'],
      // It is YAML in all that concerns colours and indentation.
      load: async () => {
        const yaml = await languages.getLanguage('YAML');
        if (!yaml?.support) {
          throw new Error('JupyterLab has no support of YAML.');
        }
        return yaml.support;
      }
    });

    // --- the text editor -------------------------------------------------------------------------------------------

    docRegistry.addWidgetExtension('Editor', {
      createNew: (_, context) => sessions.know(context as Context)
    });
    extensions.addExtension({
      name: 'jupyterlab-oscar:fdl',
      factory: ({ inline, model: editorModel }) =>
        inline
          ? null
          : EditorExtensionRegistry.createImmutableExtension(
              starter(
                text => isFdl(sessions.contextOf(editorModel)?.path ?? '', text),
                async editor => {
                  const context = sessions.contextOf(editorModel);
                  if (!context) {
                    return [];
                  }
                  const [session, { fdlSupport }] = await Promise.all([
                    sessions.get(context),
                    import('../fdl/support')
                  ]);
                  void model.peek();
                  notify();
                  return fdlSupport({
                    view: editor,
                    session,
                    trans,
                    open: path => void openLink(context, path),
                    markdown
                  });
                }
              )
            )
    });

    async function markdown(text: string): Promise<HTMLElement> {
      const renderer = rendermime.createRenderer('text/markdown');
      await renderer.renderModel(rendermime.createModel({ data: { 'text/markdown': text } }));
      const box = document.createElement('div');
      box.className = 'jp-OscarFdlDocs';
      box.append(...renderer.node.childNodes);
      renderer.dispose();
      return box;
    }

    async function openLink(context: Context, path: string): Promise<void> {
      await guarded(trans, async () => {
        const { resolveLink } = await import('../fdl/scripts');
        const file = resolveLink(context.path, path);
        if (file === undefined) {
          throw new Error(trans.__('%1 does not lie in the file browser.', path));
        }
        await commands.execute('docmanager:open', { path: file });
      });
    }

    if (outlines && editors) {
      outlines.add({
        isApplicable: widget => editors.has(widget) && isFdlEditor(widget as Editor),
        createNew: (widget, configuration) =>
          new FdlOutline(widget as Editor, sessions, configuration) as unknown as TableOfContents.Model
      });
    }

    function isFdlEditor(widget: Editor): boolean {
      const context = widget.context as Context;
      return isFdl(context.path, context.isReady ? context.model.sharedModel.source : '');
    }

    // --- the graph -------------------------------------------------------------------------------------------------

    const factory = new GraphFactory({
      name: GRAPH_FACTORY,
      label: trans.__('FDL graph'),
      modelName: 'text',
      fileTypes: ['fdl'],
      translator: translator ?? undefined,
      loading: trans.__('Loading the graph…'),
      load: async context => {
        const [session, { createGraph }] = await Promise.all([sessions.get(context), import('../fdl/graph/widget')]);
        void model.peek();
        return createGraph({
          view,
          context,
          session,
          host: {
            showText: (line, column) => void showText(context, line, column),
            check: async () => void (await commands.execute(FdlCommandIDs.check, { path: context.path })),
            plan: () => deploy(context, true),
            apply: () => deploy(context, false),
            useCluster: async id => void (await commands.execute(CommandIDs.useCluster, { cluster: id }))
          }
        });
      }
    });
    docRegistry.addWidgetFactory(factory);
    factory.widgetCreated.connect((_, widget) => {
      widget.context.pathChanged.connect(() => void graphs.save(widget));
      void graphs.add(widget);
    });
    if (restorer) {
      void restorer.restore(graphs, {
        command: 'docmanager:open',
        args: widget => ({ path: widget.context.path, factory: GRAPH_FACTORY }),
        name: widget => widget.context.path
      });
    }

    /** What is deployed is what is seen. */
    async function deploy(context: Context, planOnly: boolean): Promise<void> {
      await guarded(trans, async () => {
        if (context.model.dirty) {
          await context.save();
        }
        await commands.execute(CommandIDs.deployFile, { path: context.path, planOnly });
      });
    }

    async function showText(context: Context, line: number, column: number): Promise<void> {
      await guarded(trans, async () => {
        const graph = graphs.find(widget => widget.context === context);
        const editor = (await commands.execute('docmanager:open', {
          path: context.path,
          factory: 'Editor',
          options: graph ? { mode: 'split-left', ref: graph.id } : {}
        })) as Editor | undefined;
        if (editor) {
          await editor.revealed;
          const position = { line: line - 1, column: column - 1 };
          editor.content.editor.setCursorPosition(position);
          editor.content.editor.revealPosition(position);
          editor.content.editor.focus();
        }
      });
    }

    // --- commands --------------------------------------------------------------------------------------------------

    /** The FDL file in front, as text or as graph. */
    function front(): Context | undefined {
      const current = shell.currentWidget;
      const editor = editors?.currentWidget;
      if (editor && editor === current && isFdlEditor(editor)) {
        return editor.context as Context;
      }
      const graph = graphs.currentWidget;
      return graph && graph === current ? graph.context : undefined;
    }

    function contextOf(path: string | undefined): Context | undefined {
      if (path === undefined) {
        return front();
      }
      return (editors?.find(widget => widget.context.path === path)?.context ??
        graphs.find(widget => widget.context.path === path)?.context) as Context | undefined;
    }

    /** The CodeMirror view in front, when it shows FDL. */
    function frontView(): CodeMirrorEditor['editor'] | undefined {
      const context = front();
      const editor = editors?.currentWidget;
      return context && editor?.context === context ? (editor.content.editor as CodeMirrorEditor).editor : undefined;
    }

    function add(
      id: string,
      texts: { label: string; caption: string },
      run: (work: IFdlWork, module: typeof import('../fdl/work'), args: { [key: string]: unknown }) => unknown,
      schema = FDL_ARGS.file
    ): void {
      commands.addCommand(id, {
        ...texts,
        describedBy: { args: schema },
        isVisible: args => contextOf(args.path as string | undefined) !== undefined,
        execute: args =>
          guarded(trans, async () => {
            const context = contextOf(args.path as string | undefined);
            if (context) {
              const [session, module] = await Promise.all([sessions.get(context), import('../fdl/work')]);
              await run({ context, session, trans }, module, args);
            }
          })
      });
    }

    commands.addCommand(FdlCommandIDs.graph, {
      label: trans.__('Show graph'),
      caption: trans.__('See and edit the services of this FDL file as a graph beside the text'),
      icon: graphIcon,
      describedBy: { args: FDL_ARGS.file },
      isVisible: args => args.path !== undefined || front() !== undefined,
      execute: args =>
        guarded(trans, async () => {
          const path = (args.path as string | undefined) ?? front()?.path;
          if (path !== undefined) {
            const editor = editors?.find(widget => widget.context.path === path);
            const options = editor ? { mode: 'split-right', ref: editor.id } : {};
            return commands.execute('docmanager:open', { path, factory: GRAPH_FACTORY, options });
          }
        })
    });

    add(
      FdlCommandIDs.check,
      { label: trans.__('Check FDL'), caption: trans.__('See what is wrong with this file, on this cluster') },
      async (work, module) => {
        const count = await module.check(work, model, contents);
        const editor = frontView();
        if (count > 0 && editor) {
          (await import('../fdl/support')).showProblems(editor);
        }
      }
    );
    add(
      FdlCommandIDs.fixAll,
      { label: trans.__('Repair all'), caption: trans.__('Repair everything that can be repaired by itself') },
      (work, module) => module.fixAll(work)
    );
    add(
      FdlCommandIDs.format,
      { label: trans.__('Format FDL'), caption: trans.__('Put the file into its usual form; comments stay') },
      (work, module) => module.format(work)
    );
    add(
      FdlCommandIDs.rename,
      { label: trans.__('Rename service…'), caption: trans.__('Rename a service wherever it is named') },
      async (work, module, args) => {
        const editor = frontView();
        const at = editor && (await import('../fdl/support')).serviceAtCursor(editor, work.session);
        await module.rename(work, { from: (args.from as string | undefined) ?? at, to: args.to as string | undefined });
      },
      FDL_ARGS.rename
    );
    add(
      FdlCommandIDs.convert,
      { label: trans.__('Convert to a version…'), caption: trans.__('Write the file for another version of OSCAR') },
      (work, module, args) => module.convert(work, { version: args.version as string | undefined }),
      FDL_ARGS.convert
    );
    add(
      FdlCommandIDs.openLink,
      { label: trans.__('Open script'), caption: trans.__('Open the file that is named at the cursor') },
      async work => {
        const editor = frontView();
        const link = editor && (await import('../fdl/links')).linkAt(work.session, editor);
        if (link) {
          await openLink(work.context, link.path);
        }
      }
    );
    commands.addCommand(FdlCommandIDs.complete, {
      label: trans.__('Complete FDL'),
      describedBy: { args: FDL_ARGS.none },
      execute: async () => {
        const editor = frontView();
        if (editor) {
          (await import('../fdl/support')).completeHere(editor);
        }
      }
    });

    for (const command of Object.values(FdlCommandIDs).filter(id => id !== FdlCommandIDs.complete)) {
      palette?.addItem({ command, category: trans.__('OSCAR') });
    }

    function notify(): void {
      for (const id of [...Object.values(FdlCommandIDs), CommandIDs.deployFile]) {
        if (commands.hasCommand(id)) {
          commands.notifyCommandChanged(id);
        }
      }
    }
    shell.currentChanged?.connect(notify);
    editors?.currentChanged.connect(notify);
  }
};
