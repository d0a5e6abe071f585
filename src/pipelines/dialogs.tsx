import type { Dialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import '../../style/pipelines.css';
import type {
  PackRequest,
  PipelineCheckResult,
  PipelineConversion,
  PipelineLeftover,
  PipelineParameter,
  PipelineProblem
} from '../contract';
import type { IViewContext } from '../oscar/components/context';
import { ViewWidget } from '../oscar/view';
import { ProblemList } from './components/ProblemList';
import { Report } from './components/Report';

/** Problems in a dialog. */
export function createProblemBody(view: IViewContext, problems: readonly PipelineProblem[]): Widget {
  const widget = new ViewWidget(view, <ProblemList problems={problems} onSelect={() => undefined} />);
  widget.addClass('jp-OscarPipelineDialog');
  return widget;
}

/** What became of a pipeline when it was converted. */
export function createReportBody(view: IViewContext, result: PipelineConversion): Widget {
  const widget = new ViewWidget(view, <Report result={result} />);
  widget.addClass('jp-OscarPipelineDialog');
  return widget;
}

export interface IRunValues {
  parameters: Record<string, unknown>;
  secrets: Record<string, string>;
}

/**
 * Asks for what a run needs. Secrets live in the fields of this form only, until the request that carries them.
 */
export class RunForm extends Widget implements Dialog.IBodyWidget<IRunValues | null> {
  constructor(
    view: IViewContext,
    private readonly _check: PipelineCheckResult
  ) {
    super();
    this.addClass('jp-OscarForm');
    this.addClass('jp-OscarRunForm');
    const { trans } = view;
    say(
      this.node,
      trans._n('It has %1 step: %2.', 'It has %1 steps: %2.', _check.nodes.length, stepNames(_check, trans))
    );
    if (_check.parameters.length > 0) {
      heading(this.node, trans.__('Parameters'));
    }
    for (const parameter of _check.parameters) {
      this._fields.set(parameter.name, parameterField(this.node, parameter, trans));
    }
    if (_check.secrets.length > 0) {
      heading(this.node, trans.__('Secrets'));
      say(this.node, trans.__('They go to the services that need them and are stored in no file.'));
    }
    for (const secret of _check.secrets) {
      const input = field(this.node, secret.variable, 'password');
      input.autocomplete = 'new-password';
      this._secrets.set(secret.variable, input);
    }
    const warnings = _check.problems.filter(problem => problem.severity === 'warning');
    if (warnings.length > 0) {
      heading(this.node, trans.__('Good to know'));
      const list = document.createElement('ul');
      for (const problem of warnings) {
        const item = document.createElement('li');
        item.textContent = problem.label ? `${problem.label}: ${problem.message}` : problem.message;
        list.append(item);
      }
      this.node.append(list);
    }
  }

  getValue(): IRunValues | null {
    const parameters: Record<string, unknown> = {};
    for (const parameter of this._check.parameters) {
      const value = parameterValue(parameter, this._fields.get(parameter.name));
      if (value !== undefined) {
        parameters[parameter.name] = value;
      }
    }
    const secrets: Record<string, string> = {};
    for (const [variable, input] of this._secrets) {
      if (input.value !== '') {
        secrets[variable] = input.value;
      }
    }
    return { parameters, secrets };
  }

  private readonly _fields = new Map<string, HTMLInputElement>();
  private readonly _secrets = new Map<string, HTMLInputElement>();
}

/** Which left-over services go, by cluster. */
export class LeftoverForm extends Widget implements Dialog.IBodyWidget<Record<string, string[]> | null> {
  constructor(view: IViewContext, leftovers: readonly PipelineLeftover[]) {
    super();
    this.addClass('jp-OscarForm');
    say(this.node, view.trans.__('Their buckets keep their files.'));
    for (const item of leftovers) {
      const label = document.createElement('label');
      label.className = 'jp-OscarForm-check';
      const input = document.createElement('input');
      input.type = 'checkbox';
      input.checked = true;
      const about = document.createElement('small');
      about.textContent = item.reason;
      const text = document.createElement('span');
      text.append(`${item.service} (${item.cluster})`, document.createElement('br'), about);
      label.append(input, text);
      this.node.append(label);
      this._items.push({ item, input });
    }
  }

  getValue(): Record<string, string[]> | null {
    const chosen: Record<string, string[]> = {};
    for (const { item, input } of this._items) {
      if (input.checked) {
        (chosen[item.cluster] ??= []).push(item.service);
      }
    }
    return Object.keys(chosen).length > 0 ? chosen : null;
  }

  private readonly _items: { item: PipelineLeftover; input: HTMLInputElement }[] = [];
}

/** What packing takes when no image is named. */
const DEFAULT_IMAGE = 'python:3.12-slim';

type PackValues = Pick<PackRequest, 'name' | 'image' | 'inputSuffix' | 'mode'>;

/** Asks how a notebook or script becomes a service. */
export class PackForm extends Widget implements Dialog.IBodyWidget<PackValues | null> {
  constructor(view: IViewContext, path: string) {
    super();
    this.addClass('jp-OscarForm');
    const { trans } = view;
    this._name = field(this.node, trans.__('Name'), 'text');
    this._name.value = serviceName(PathExt.basename(path));
    this._name.pattern = '[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?';
    this._name.title = trans.__('Small letters, digits and hyphens');
    this._image = field(this.node, trans.__('Image'), 'text');
    this._image.placeholder = DEFAULT_IMAGE;
    this._suffix = field(this.node, trans.__('Input files end in'), 'text');
    this._suffix.placeholder = trans.__('.png, .jpg (empty: all)');
    const label = document.createElement('label');
    this._mode = document.createElement('select');
    this._mode.className = 'jp-mod-styled';
    for (const [value, text] of [
      ['async', trans.__('Started by each file that is put into its bucket')],
      ['sync', trans.__('Called, and answers')],
      ['exposed', trans.__('Always there, with an address of its own')]
    ]) {
      this._mode.append(new Option(text, value));
    }
    label.append(trans.__('How it is used'), this._mode);
    this.node.append(label);
    say(
      this.node,
      trans.__(
        'Its definition and script are written into a folder of this name; the plan is shown before anything is made.'
      )
    );
  }

  getValue(): PackValues | null {
    const name = this._name.value.trim();
    if (!name) {
      return null;
    }
    const image = this._image.value.trim();
    const suffix = this._suffix.value.split(/[\s,]+/).filter(Boolean);
    return {
      name,
      mode: this._mode.value as PackValues['mode'],
      ...(image ? { image } : {}),
      ...(suffix.length > 0 ? { inputSuffix: suffix } : {})
    };
  }

  private readonly _name: HTMLInputElement;
  private readonly _image: HTMLInputElement;
  private readonly _suffix: HTMLInputElement;
  private readonly _mode: HTMLSelectElement;
}

/** A name that a service may have. */
export function serviceName(file: string): string {
  const name = file
    .replace(/\.[^.]*$/, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 39)
    .replace(/-+$/, '');
  return name || 'service';
}

function stepNames(check: PipelineCheckResult, trans: TranslationBundle): string {
  const names = check.nodes.map(node => node.label);
  return names.length > 6 ? trans.__('%1 and more', names.slice(0, 6).join(', ')) : names.join(', ');
}

function parameterField(parent: HTMLElement, parameter: PipelineParameter, trans: TranslationBundle): HTMLInputElement {
  const types: Partial<Record<PipelineParameter['type'], string>> = {
    Integer: 'number',
    Float: 'number',
    Bool: 'checkbox'
  };
  const text = parameter.required ? trans.__('%1 (must be given)', parameter.name) : parameter.name;
  const input = field(parent, text, types[parameter.type] ?? 'text', parameter.description);
  input.name = parameter.name;
  if (parameter.type === 'Bool') {
    input.checked = parameter.value === true;
  } else if (parameter.value !== undefined && parameter.value !== null) {
    input.value = typeof parameter.value === 'object' ? JSON.stringify(parameter.value) : String(parameter.value);
  }
  if (parameter.type === 'Integer' || parameter.type === 'Float') {
    input.step = parameter.type === 'Integer' ? '1' : 'any';
  }
  input.required = parameter.required;
  return input;
}

function parameterValue(parameter: PipelineParameter, input: HTMLInputElement | undefined): unknown {
  if (!input) {
    return undefined;
  }
  if (parameter.type === 'Bool') {
    return input.checked;
  }
  if (input.value === '') {
    return undefined;
  }
  switch (parameter.type) {
    case 'Integer':
    case 'Float':
      return Number(input.value);
    case 'List':
    case 'Dict':
      try {
        return JSON.parse(input.value) as unknown;
      } catch {
        return input.value;
      }
    default:
      return input.value;
  }
}

function field(parent: HTMLElement, text: string, type: string, description?: string): HTMLInputElement {
  const label = document.createElement('label');
  const input = document.createElement('input');
  input.type = type;
  input.autocomplete = 'off';
  if (type === 'checkbox') {
    label.className = 'jp-OscarForm-check';
    label.append(input, text);
  } else {
    input.className = 'jp-mod-styled';
    label.append(text, input);
  }
  if (description) {
    const hint = document.createElement('small');
    hint.textContent = description;
    label.append(hint);
  }
  parent.append(label);
  return input;
}

function say(parent: HTMLElement, text: string): void {
  const line = document.createElement('p');
  line.textContent = text;
  parent.append(line);
}

function heading(parent: HTMLElement, text: string): void {
  const line = document.createElement('h3');
  line.textContent = text;
  parent.append(line);
}
