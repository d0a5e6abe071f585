import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { AwsDeletionPreview, AwsFunction, AwsOrphan, AwsProcessRequest } from '../contract';
import { triggerText } from './words';

/** Says what a delete takes away and what it leaves. */
export class FunctionDeleteForm extends Widget {
  constructor(preview: AwsDeletionPreview, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    this._list(trans.__('These go:'), preview.goes);
    this._list(trans.__('These stay:'), preview.stays);
  }

  private _list(title: string, items: { kind: string; name: string; reason?: string }[]): void {
    if (items.length === 0) {
      return;
    }
    const line = document.createElement('p');
    line.textContent = title;
    const list = document.createElement('ul');
    for (const { kind, name, reason } of items) {
      const item = document.createElement('li');
      item.textContent = `${kind}: ${name}`;
      if (reason) {
        const note = document.createElement('small');
        note.textContent = reason;
        item.append(document.createElement('br'), note);
      }
      list.append(item);
    }
    this.node.append(line, list);
  }
}

/** Asks which files that are there already a function is started for. */
export class ProcessForm extends Widget implements Dialog.IBodyWidget<AwsProcessRequest> {
  constructor(item: AwsFunction, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    const trigger = item.triggers[0];
    const line = document.createElement('p');
    line.textContent = trans.__('One call for each file that is in the bucket now.');
    this.node.append(line);
    const places = document.createElement('select');
    places.className = 'jp-mod-styled';
    for (const [index, each] of item.triggers.entries()) {
      places.add(new Option(triggerText(each), String(index)));
    }
    this._label(trans.__('Files of'), places);
    this._prefix = this._input(trans.__('Names begin with'), 'text', trigger?.prefix ?? '');
    this._suffix = this._input(trans.__('Names end with'), 'text', trigger?.suffix ?? '');
    this._concurrency = this._input(trans.__('Calls at a time (1 to 1000)'), 'number', '50');
    this._concurrency.min = '1';
    this._concurrency.max = '1000';
    places.addEventListener('change', () => {
      const chosen = item.triggers[Number(places.value)];
      this._prefix.value = chosen.prefix ?? '';
      this._suffix.value = chosen.suffix ?? '';
    });
    const label = document.createElement('label');
    label.className = 'jp-OscarForm-check';
    this._wait = document.createElement('input');
    this._wait.type = 'checkbox';
    this._wait.checked = true;
    label.append(this._wait, trans.__('Wait for each call, so that failures are known'));
    this.node.append(label);
    this._bucket = () => item.triggers[Number(places.value)]?.bucket;
  }

  getValue(): AwsProcessRequest {
    const concurrency = Math.round(Number(this._concurrency.value));
    return {
      bucket: this._bucket(),
      prefix: this._prefix.value,
      suffix: this._suffix.value,
      concurrency: Number.isFinite(concurrency) ? Math.min(1000, Math.max(1, concurrency)) : 50,
      wait: this._wait.checked
    };
  }

  private _input(text: string, type: string, value: string): HTMLInputElement {
    const input = document.createElement('input');
    input.type = type;
    input.value = value;
    input.autocomplete = 'off';
    input.className = 'jp-mod-styled';
    this._label(text, input);
    return input;
  }

  private _label(text: string, control: HTMLElement): void {
    const label = document.createElement('label');
    label.append(text, control);
    this.node.append(label);
  }

  private readonly _bucket: () => string | undefined;
  private readonly _prefix: HTMLInputElement;
  private readonly _suffix: HTMLInputElement;
  private readonly _concurrency: HTMLInputElement;
  private readonly _wait: HTMLInputElement;
}

/** Resources of functions that are gone; those that are ticked are removed. */
export class OrphansForm extends Widget implements Dialog.IBodyWidget<string[]> {
  constructor(orphans: readonly AwsOrphan[], trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    const line = document.createElement('p');
    line.textContent = trans.__('They have the marks of SCAR, and belong to no function any more:');
    this.node.append(line);
    this._boxes = orphans.map(orphan => {
      const label = document.createElement('label');
      label.className = 'jp-OscarForm-check';
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.value = orphan.id;
      box.checked = true;
      const note = document.createElement('small');
      note.textContent = orphan.reason;
      const text = document.createElement('span');
      text.append(`${orphan.kind}: ${orphan.name}`, document.createElement('br'), note);
      label.append(box, text);
      this.node.append(label);
      return box;
    });
  }

  getValue(): string[] {
    return this._boxes.filter(box => box.checked).map(box => box.value);
  }

  private readonly _boxes: HTMLInputElement[];
}
