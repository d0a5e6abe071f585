import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { DataUsage } from '../contract';
import { bytesText } from './words';

/** Previews what a clear would free, part by part; answers the chosen parts. */
export class ClearForm extends Widget implements Dialog.IBodyWidget<string[]> {
  constructor(usage: DataUsage, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    const intro = document.createElement('p');
    intro.textContent = usage.path
      ? trans.__('The local cluster keeps %1 in %2.', bytesText(usage.total), usage.path)
      : trans.__('The local cluster keeps %1.', bytesText(usage.total));
    this.node.append(intro);
    for (const part of usage.parts) {
      const label = document.createElement('label');
      label.className = 'jp-OscarForm-check';
      const input = document.createElement('input');
      input.type = 'checkbox';
      input.disabled = part.clearable === 0;
      input.checked = part.clearable > 0;
      const text = document.createElement('span');
      const name = document.createElement('b');
      name.textContent = trans.__(
        '%1: frees %2 of %3',
        partName(part.id, trans),
        bytesText(part.clearable),
        bytesText(part.bytes)
      );
      const detail = document.createElement('small');
      detail.textContent = part.detail;
      text.append(name, document.createElement('br'), detail);
      label.append(input, text);
      this.node.append(label);
      this._inputs.set(part.id, input);
    }
  }

  getValue(): string[] {
    return [...this._inputs].filter(([, input]) => input.checked).map(([id]) => id);
  }

  private readonly _inputs = new Map<string, HTMLInputElement>();
}

function partName(id: string, trans: TranslationBundle): string {
  switch (id) {
    case 'objects':
      return trans.__('Files in buckets');
    case 'jobs':
      return trans.__('Jobs and logs');
    case 'environments':
      return trans.__('Python environments');
    default:
      return id;
  }
}
