import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

/** A line of a small form. */
export interface IField {
  name: string;
  label: string;
  value?: string;
  /** Shown below. */
  hint?: string;
  /** Texts to choose from; others can be typed. */
  suggestions?: readonly string[];
  /** Only these can be chosen. */
  options?: readonly string[];
}

/** A form in a dialog; null when it was cancelled. */
export async function askFor(options: {
  title: string;
  ok: string;
  fields: readonly IField[];
}): Promise<{ [name: string]: string } | null> {
  const body = new FieldsWidget(options.fields);
  const result = await showDialog({
    title: options.title,
    body,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: options.ok })],
    focusNodeSelector: 'input, select'
  });
  return result.button.accept ? result.value : null;
}

let count = 0;

class FieldsWidget extends Widget implements Dialog.IBodyWidget<{ [name: string]: string }> {
  constructor(fields: readonly IField[]) {
    super();
    this.addClass('jp-OscarFdlForm');
    for (const field of fields) {
      const id = `jp-oscar-fdl-field-${++count}`;
      const label = document.createElement('label');
      label.htmlFor = id;
      label.textContent = field.label;
      const input = document.createElement(field.options ? 'select' : 'input');
      input.id = id;
      input.classList.add('jp-mod-styled');
      if (input instanceof HTMLSelectElement) {
        for (const option of field.options ?? []) {
          input.add(new Option(option, option));
        }
      } else {
        input.type = 'text';
        input.autocomplete = 'off';
        input.spellcheck = false;
      }
      if (field.value !== undefined) {
        input.value = field.value;
      }
      this.node.append(label, input);
      if (field.suggestions && field.suggestions.length > 0) {
        const list = document.createElement('datalist');
        list.id = `${id}-list`;
        list.append(...field.suggestions.map(text => new Option(text)));
        input.setAttribute('list', list.id);
        this.node.append(list);
      }
      if (field.hint) {
        const hint = document.createElement('small');
        hint.id = `${id}-hint`;
        hint.textContent = field.hint;
        input.setAttribute('aria-describedby', hint.id);
        this.node.append(hint);
      }
      this._inputs.set(field.name, input);
    }
  }

  getValue(): { [name: string]: string } {
    return Object.fromEntries([...this._inputs].map(([name, input]) => [name, input.value.trim()]));
  }

  private readonly _inputs = new Map<string, HTMLInputElement | HTMLSelectElement>();
}
