import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';

import { isAbort, toProblem } from '../bridge/errors';
import type { IViewContext } from '../oscar/components/context';
import type { IOscarModel } from '../tokens';

const DOMAIN = 'jupyterlab_oscar';

export function loadTrans(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}

export function makeView(app: JupyterFrontEnd, model: IOscarModel, trans: TranslationBundle): IViewContext {
  return { model, trans, commands: app.commands };
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

/** The element with this data attribute that the context menu was opened on. */
export function hit(app: JupyterFrontEnd, attribute: string): DOMStringMap | undefined {
  return app.contextMenuHitTest(node => node.dataset[attribute] !== undefined)?.dataset;
}
