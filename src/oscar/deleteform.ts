import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { DeletionPreview } from '../contract';
import { bytesText } from './words';

/** Says what a delete does to jobs and data, with numbers. Answers true when the data goes too. */
export class DeleteForm extends Widget implements Dialog.IBodyWidget<boolean> {
  constructor(preview: DeletionPreview, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    const say = (text: string): void => {
      const line = document.createElement('p');
      line.textContent = text;
      this.node.append(line);
    };
    if (preview.running > 0) {
      say(trans._n('%1 running job is stopped.', '%1 running jobs are stopped.', preview.running));
    }
    if (preview.jobs > 0) {
      say(trans._n('The record and log of %1 job go.', 'The records and logs of %1 jobs go.', preview.jobs));
    }
    if (preview.buckets.length === 0) {
      say(trans.__('It has no buckets of its own: no files are lost.'));
      return;
    }
    say(trans.__('Its files stay, in:'));
    const list = document.createElement('ul');
    for (const bucket of preview.buckets) {
      const item = document.createElement('li');
      const count = bucket.more
        ? trans.__('more than %1 files', bucket.objects)
        : trans._n('%1 file', '%1 files', bucket.objects);
      item.textContent = `${bucket.name}: ${count}, ${bytesText(bucket.bytes)}`;
      if (bucket.usedBy.length > 0) {
        item.append(document.createElement('br'), trans.__('also used by %1', bucket.usedBy.join(', ')));
      }
      list.append(item);
    }
    const label = document.createElement('label');
    label.className = 'jp-OscarForm-check';
    const input = document.createElement('input');
    input.type = 'checkbox';
    label.append(input, trans.__('Delete these files too. This cannot be undone.'));
    this.node.append(list, label);
    this._input = input;
  }

  getValue(): boolean {
    return this._input?.checked === true;
  }

  private _input: HTMLInputElement | null = null;
}
