import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';

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
}): IViewContext {
  const { app, model, settings, trans, rendermime } = options;
  const view: IViewContext = { model, trans, settings, commands: app.commands };
  if (rendermime) {
    // Loaded when the first result is drawn.
    view.render = async file => (await import('../oscar/render')).renderFile(rendermime, file);
    view.renderCode = async (text, language) =>
      (await import('../oscar/render')).renderCode(rendermime, text, language);
  }
  return view;
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
