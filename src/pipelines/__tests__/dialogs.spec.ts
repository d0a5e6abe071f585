import type { PipelineCheckResult } from '../../contract';
import type { IViewContext } from '../../oscar/components/context';
import { LeftoverForm, PackForm, RunForm, serviceName } from '../dialogs';
import { nullTranslator } from '@jupyterlab/translation';

const view = { trans: nullTranslator.load('jupyterlab_oscar') } as unknown as IViewContext;

function check(change: Partial<PipelineCheckResult>): PipelineCheckResult {
  return {
    name: 'sums',
    problems: [],
    nodes: [{ id: 'a', label: 'make.py', kind: 'python' }],
    parameters: [],
    secrets: [],
    ...change
  };
}

const input = (form: { node: HTMLElement }, name: string): HTMLInputElement =>
  form.node.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;

describe('what a run is asked for', () => {
  it('gives values of the type of each parameter, and leaves out what is empty', () => {
    const form = new RunForm(
      view,
      check({
        parameters: [
          { name: 'count', type: 'Integer', value: 10, required: true },
          { name: 'rate', type: 'Float', required: false },
          { name: 'fast', type: 'Bool', value: true, required: false },
          { name: 'files', type: 'List', value: ['a'], required: false },
          { name: 'extra', type: 'Dict', required: false },
          { name: 'text', type: 'String', value: 'x', required: false }
        ]
      })
    );
    expect(form.getValue()).toEqual({
      parameters: { count: 10, fast: true, files: ['a'], text: 'x' },
      secrets: {}
    });
    input(form, 'count').value = '20';
    input(form, 'rate').value = '0.5';
    input(form, 'fast').checked = false;
    input(form, 'files').value = 'no list';
    input(form, 'extra').value = '{"a": 1}';
    input(form, 'text').value = '';
    // What is no JSON goes as it is: the bridge says what is wrong with it.
    expect(form.getValue()?.parameters).toEqual({
      count: 20,
      rate: 0.5,
      fast: false,
      files: 'no list',
      extra: { a: 1 }
    });
    expect(form.node.textContent).toContain('count (must be given)');
  });

  it('asks for secrets in fields that nobody reads, and tells warnings', () => {
    const form = new RunForm(
      view,
      check({
        secrets: [{ variable: 'TOKEN', nodes: ['a'] }],
        problems: [
          {
            code: 'w',
            severity: 'warning',
            message: 'Runs alone.',
            label: 'make.py',
            file: 'f',
            line: 1,
            column: 1,
            endLine: 1,
            endColumn: 1
          }
        ]
      })
    );
    const secret = form.node.querySelector<HTMLInputElement>('input[type="password"]')!;
    expect(secret.autocomplete).toBe('new-password');
    expect(form.getValue()).toEqual({ parameters: {}, secrets: {} });
    secret.value = 's3cret';
    expect(form.getValue()?.secrets).toEqual({ TOKEN: 's3cret' });
    expect(form.node.textContent).toContain('make.py: Runs alone.');
  });
});

describe('what a file becomes', () => {
  it('has a name that a service may have', () => {
    expect(serviceName('Über Notebook (2).ipynb')).toBe('u-ber-notebook-2');
    expect(serviceName('___.py')).toBe('service');
    expect(serviceName(`${'a'.repeat(38)}--b.py`)).toBe('a'.repeat(38));
    for (const file of ['1.py', 'ab.sh', 'Train Model.v2.ipynb', 'ñandú.py']) {
      expect(serviceName(file)).toMatch(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/);
    }
  });

  it('is asked for with that name; empty fields are left to the bridge', () => {
    const form = new PackForm(view, 'work/shout.py');
    expect(form.getValue()).toEqual({ name: 'shout', mode: 'async' });
    const [name, image, suffix] = form.node.querySelectorAll('input');
    image.value = ' python:3.12 ';
    suffix.value = '.png, .jpg';
    form.node.querySelector('select')!.value = 'sync';
    expect(form.getValue()).toEqual({
      name: 'shout',
      mode: 'sync',
      image: 'python:3.12',
      inputSuffix: ['.png', '.jpg']
    });
    name.value = ' ';
    expect(form.getValue()).toBeNull();
  });
});

describe('what is left over', () => {
  it('is removed where it stays chosen', () => {
    const item = (service: string, cluster: string): never =>
      ({ service, cluster, reason: 'No file makes it.' }) as never;
    const form = new LeftoverForm(view, [item('a', 'local'), item('b', 'local'), item('c', 'edge')]);
    expect(form.getValue()).toEqual({ local: ['a', 'b'], edge: ['c'] });
    const boxes = form.node.querySelectorAll('input');
    boxes[0].checked = boxes[2].checked = false;
    expect(form.getValue()).toEqual({ local: ['b'] });
    boxes[1].checked = false;
    expect(form.getValue()).toBeNull();
  });
});
