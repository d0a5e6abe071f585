import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, MainAreaWidget, showDialog } from '@jupyterlab/apputils';
import type { FileDialog, IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Contents } from '@jupyterlab/services';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

import { isAbort, toProblem } from '../bridge/errors';
import type { IViewContext } from '../oscar/components/context';
import type { IOscarModel, IOscarSettings } from '../tokens';

const DOMAIN = 'jupyterlab_oscar';

export function loadTrans(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}

export function makeView(options: {
  app: JupyterFrontEnd;
  model: IOscarModel;
  settings: () => IOscarSettings;
  trans: TranslationBundle;
  rendermime?: IRenderMimeRegistry;
  chooseFiles?: FileChooser;
}): IViewContext {
  const { app, model, settings, trans, rendermime, chooseFiles } = options;
  const view: IViewContext = { model, trans, settings, commands: app.commands };
  if (rendermime) {
    // Loaded when the first result is drawn.
    view.render = async file => (await import('../oscar/render')).renderFile(rendermime, file);
    view.renderCode = async (text, language) =>
      (await import('../oscar/render')).renderCode(rendermime, text, language);
  }
  if (chooseFiles) {
    view.chooseFiles = title => chooseFiles({ title });
  }
  return view;
}

/** What is selected in the file browser that was used last: there may be several, of drives too. */
export function selection(browsers: IFileBrowserFactory | null): Contents.IModel[] {
  return [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
}

/** Lets the user choose files of the file browser; answers their paths, none when the dialog is closed. */
export type FileChooser = (
  options: Pick<FileDialog.IFileOptions, 'title' | 'defaultPath' | 'filter'>
) => Promise<string[]>;

/** The dialog that chooses files, where there is a file browser. */
export function fileChooser(
  browser: IDefaultFileBrowser | null,
  translator: ITranslator | null
): FileChooser | undefined {
  if (!browser) {
    return undefined;
  }
  return async options => {
    // Loaded when it is first asked for.
    const { FileDialog } = await import('@jupyterlab/filebrowser');
    const result = await FileDialog.getOpenFiles({
      ...options,
      manager: browser.model.manager,
      translator: translator ?? undefined
    });
    const items = result.button.accept ? (result.value ?? []) : [];
    return items.filter(item => item.type !== 'directory').map(item => item.path);
  };
}

/** Put a view into the main area, as a tab that can be closed. It is not activated. */
export function addToMain(
  app: JupyterFrontEnd,
  content: Widget,
  options: { id: string; label: string; caption?: string; icon: LabIcon }
): MainAreaWidget {
  const { id, label, caption, icon } = options;
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = id;
  Object.assign(widget.title, { label, caption: caption ?? '', icon, closable: true });
  app.shell.add(widget, 'main');
  return widget;
}

/** Bring a side panel to the front, and unfold its side. */
export function showSide(app: JupyterFrontEnd, labShell: ILabShell | null, id: string): void {
  app.shell.activateById(id);
  if (labShell?.leftCollapsed) {
    labShell.expandLeft();
  }
}

/** Tell the user what went wrong and what to do. */
export async function showProblem(reason: unknown, trans: TranslationBundle): Promise<void> {
  if (isAbort(reason)) {
    return;
  }
  const problem = toProblem(reason);
  const parts = [problem.detail, problem.action, problem.cause && trans.__('The other side said: %1', problem.cause)];
  await showDialog({
    title: problem.title,
    body: parts.filter(Boolean).join('\n\n'),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

/** Run the work of a command; a failure is shown, and the command's answer is undefined. */
export async function guarded<T>(trans: TranslationBundle, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (reason) {
    await showProblem(reason, trans);
    return undefined;
  }
}

/**
 * Data of the element with this attribute that the context menu was opened on, or, for shortcuts, that has the focus.
 */
export function hit(app: JupyterFrontEnd, attribute: string, focus = false): DOMStringMap | undefined {
  if (focus) {
    let node = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    while (node && node.dataset[attribute] === undefined) {
      node = node.parentElement;
    }
    return node?.dataset;
  }
  return app.contextMenuHitTest(node => node.dataset[attribute] !== undefined)?.dataset;
}
