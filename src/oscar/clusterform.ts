import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { ClusterAdd } from '../contract';
import { suggestId } from './suggest';

/**
 * Asks for a cluster's address and sign-in. The password goes to the bridge once and is not kept in the page.
 */
export class ClusterForm extends Widget implements Dialog.IBodyWidget<ClusterAdd | null> {
  constructor(trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    this._endpoint = this._field(trans.__('Address'), 'url', 'https://oscar.example.org');
    this._id = this._field(trans.__('Name'), 'text', 'my-cluster');
    this._id.pattern = '[a-z0-9]([-a-z0-9]{0,38})';
    this._id.title = trans.__('Small letters, digits and hyphens');
    this._user = this._field(trans.__('User'), 'text', 'oscar');
    this._password = this._field(trans.__('Password'), 'password', '');
    this._endpoint.addEventListener('change', () => {
      if (!this._id.value) {
        this._id.value = suggestId(this._endpoint.value);
      }
    });
    const label = document.createElement('label');
    label.className = 'jp-OscarForm-check';
    this._insecure = document.createElement('input');
    this._insecure.type = 'checkbox';
    label.append(this._insecure, trans.__('Accept a certificate that cannot be checked'));
    this.node.append(label);
  }

  getValue(): ClusterAdd | null {
    const endpoint = this._endpoint.value.trim();
    const id = this._id.value.trim() || suggestId(endpoint);
    if (!endpoint) {
      return null;
    }
    const user = this._user.value.trim();
    return {
      id,
      endpoint,
      ...(user ? { user, password: this._password.value } : {}),
      ...(this._insecure.checked ? { insecure: true } : {})
    };
  }

  private _field(text: string, type: string, placeholder: string): HTMLInputElement {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = type;
    input.placeholder = placeholder;
    input.autocomplete = 'off';
    input.className = 'jp-mod-styled';
    label.append(text, input);
    this.node.append(label);
    return input;
  }

  private readonly _endpoint: HTMLInputElement;
  private readonly _id: HTMLInputElement;
  private readonly _user: HTMLInputElement;
  private readonly _password: HTMLInputElement;
  private readonly _insecure: HTMLInputElement;
}
