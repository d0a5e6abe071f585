import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { IImSettings } from '../bridge/infrastructure';
import type { ImServer, Infrastructure } from '../contract';
import { sizeText } from './words';

/** What a delete takes away; it is confirmed by typing the name. */
export class InfrastructureDeleteForm
  extends Widget
  implements Dialog.IBodyWidget<{ confirm: string; force: boolean }>
{
  constructor(item: Infrastructure, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    this._line(
      trans.__('Its machines (%1), their disks and all data on them go. This cannot be undone.', sizeText(item, trans))
    );
    if (item.cluster !== undefined) {
      this._line(trans.__('The cluster %1 is taken out of the OSCAR panel.', item.cluster));
    }
    if (item.foreign) {
      this._line(trans.__('It was made elsewhere: make sure that nobody needs it.'));
    }
    const label = document.createElement('label');
    this._confirm = document.createElement('input');
    this._confirm.type = 'text';
    this._confirm.autocomplete = 'off';
    this._confirm.spellcheck = false;
    this._confirm.className = 'jp-mod-styled';
    label.append(trans.__('Type its name, %1', item.name), this._confirm);
    const check = document.createElement('label');
    check.className = 'jp-OscarForm-check';
    this._force = document.createElement('input');
    this._force.type = 'checkbox';
    check.append(this._force, trans.__('Forget it even when the cloud does not answer (machines may stay there)'));
    this.node.append(label, check);
  }

  getValue(): { confirm: string; force: boolean } {
    return { confirm: this._confirm.value.trim(), force: this._force.checked };
  }

  private _line(text: string): void {
    const line = document.createElement('p');
    line.textContent = text;
    this.node.append(line);
  }

  private readonly _confirm: HTMLInputElement;
  private readonly _force: HTMLInputElement;
}

/** Asks for a token. It goes to the memory of the bridge, and is written nowhere. */
export class TokenForm extends Widget implements Dialog.IBodyWidget<string> {
  constructor(trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    const line = document.createElement('p');
    line.textContent = trans.__(
      'Paste an access token, of EGI Check-in for instance. It stays in memory until JupyterLab ends, and is written nowhere.'
    );
    const label = document.createElement('label');
    this._input = document.createElement('input');
    this._input.type = 'password';
    this._input.autocomplete = 'off';
    this._input.className = 'jp-mod-styled';
    label.append(trans.__('Token'), this._input);
    this.node.append(line, label);
  }

  getValue(): string {
    return this._input.value.trim();
  }

  private readonly _input: HTMLInputElement;
}

/** Which Infrastructure Manager is used, and where templates are read. */
export class ServerForm extends Widget implements Dialog.IBodyWidget<IImSettings> {
  constructor(server: ImServer | undefined, trans: TranslationBundle) {
    super();
    this.addClass('jp-OscarForm');
    this._before = server;
    this._url = this._field(trans.__('Address of the Infrastructure Manager'), 'url', server?.url ?? '');
    this._templates = this._field(trans.__('Templates: an address or a folder'), 'text', server?.templates ?? '');
    this._user = this._field(trans.__('User (with a token: leave empty)'), 'text', '');
    this._password = this._field(trans.__('Password'), 'password', '');
  }

  /** What was changed only. */
  getValue(): IImSettings {
    const [url, templates, user] = [this._url, this._templates, this._user].map(input => input.value.trim());
    return {
      ...(url !== (this._before?.url ?? '') ? { url } : {}),
      ...(templates !== (this._before?.templates ?? '') ? { templates } : {}),
      ...(user ? { user, password: this._password.value } : {})
    };
  }

  private _field(text: string, type: string, value: string): HTMLInputElement {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = type;
    input.value = value;
    input.autocomplete = type === 'password' ? 'new-password' : 'off';
    input.spellcheck = false;
    input.className = 'jp-mod-styled';
    label.append(text, input);
    this.node.append(label);
    return input;
  }

  private readonly _before: ImServer | undefined;
  private readonly _url: HTMLInputElement;
  private readonly _templates: HTMLInputElement;
  private readonly _user: HTMLInputElement;
  private readonly _password: HTMLInputElement;
}
