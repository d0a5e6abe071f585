import { nullTranslator } from '@jupyterlab/translation';

import type { FormField } from '../../contract';
import { credentialValues, fault, faults, initialValues, inputsOf, isEnabled, parseSize, shownFields } from '../form';

const trans = nullTranslator.load('jupyterlab_oscar');

const field = (name: string, type: FormField['type'], change: Partial<FormField> = {}): FormField => ({
  name,
  title: name,
  type,
  required: false,
  ...change
});

const FIELDS: FormField[] = [
  field('wn_num', 'integer', { default: 1, minimum: 0, maximum: 10 }),
  field('wn_mem', 'size', { default: '4 GiB' }),
  field('gpu', 'boolean', { default: false }),
  field('gpu_num', 'integer', { default: 1, enabledBy: 'gpu', required: true }),
  field('gpu_kind', 'select', { options: [1, 2, 'a100'], enabledBy: 'gpu_num' }),
  field('ports', 'ports', { default: '22,80' }),
  field('tags', 'list', { default: ['a', 'b'] }),
  field('labels', 'map', { default: { k: 'v' } }),
  field('admin_password', 'password', { generated: true }),
  field('secret_kind', 'text', { hidden: true, default: 'x' }),
  field('volume_size', 'size', { ignored: true, hidden: true, default: '1 GB' })
];

describe('a form', () => {
  it('begins with the defaults, and never with a secret', () => {
    const values = initialValues([...FIELDS, field('token', 'password', { default: 'leaked' })]);
    expect(values).toMatchObject({
      wn_num: '1',
      wn_mem: '4 GiB',
      gpu: false,
      ports: '22,80',
      tags: 'a\nb',
      labels: 'k = v',
      admin_password: '',
      token: ''
    });
  });

  it('asks neither for what is hidden nor for what has no effect', () => {
    const names = shownFields(FIELDS).map(item => item.name);
    expect(names).not.toContain('secret_kind');
    expect(names).not.toContain('volume_size');
  });

  it('sends typed values of what was changed only', () => {
    const values = {
      ...initialValues(FIELDS),
      wn_num: '3',
      wn_mem: '8gib',
      ports: '80, 8080-8085\n53/udp',
      tags: 'x, y\nz',
      labels: 'zone = a=b\nteam: one'
    };
    expect(inputsOf(FIELDS, values)).toEqual({
      wn_num: 3,
      wn_mem: '8 GiB',
      ports: '80,8080-8085,53/udp',
      tags: ['x, y', 'z'],
      labels: { zone: 'a=b', team: 'one' }
    });
    expect(inputsOf(FIELDS, initialValues(FIELDS))).toEqual({});
  });

  it('sends an option with its own type, and nothing of what hangs on an empty box', () => {
    const values = { ...initialValues(FIELDS), gpu: true, gpu_num: '2', gpu_kind: '2' };
    expect(inputsOf(FIELDS, { ...values, gpu: false })).toEqual({});
    const boxes = [field('gpu', 'boolean'), field('kind', 'select', { options: [1, 2], enabledBy: 'gpu' })];
    expect(inputsOf(boxes, { gpu: true, kind: '2' })).toEqual({ gpu: true, kind: 2 });
  });

  it('hangs fields on boxes however far up, and survives a ring', () => {
    const values = { ...initialValues(FIELDS), gpu: true };
    const gpuNum = FIELDS[3];
    expect(isEnabled(gpuNum, FIELDS, initialValues(FIELDS))).toBe(false);
    expect(isEnabled(gpuNum, FIELDS, values)).toBe(true);
    const ring = [field('a', 'boolean', { enabledBy: 'b' }), field('b', 'boolean', { enabledBy: 'a' })];
    expect(isEnabled(ring[0], ring, { a: true, b: true })).toBe(true);
    expect(isEnabled(field('c', 'text', { enabledBy: 'nobody' }), ring, {})).toBe(true);
  });
});

describe('faults', () => {
  it.each([
    [field('n', 'integer', { minimum: 1, maximum: 5 }), '6', 'At most 5.'],
    [field('n', 'integer', { minimum: 1 }), '0', 'At least 1.'],
    [field('n', 'integer'), '1.5', 'Write a whole number.'],
    [field('n', 'number'), 'many', 'Write a number.'],
    [field('n', 'size'), 'big', 'Write a number and a unit, as 20 GiB.'],
    [field('n', 'ports'), '80,x', 'Write ports as 80, 8080-8085 or 53/udp.'],
    [field('n', 'ports'), '0', 'Write ports as 80, 8080-8085 or 53/udp.'],
    [field('n', 'ports'), '90-80', 'Write ports as 80, 8080-8085 or 53/udp.'],
    [field('n', 'map'), 'nothing', 'Write one name = value on each line.'],
    [field('n', 'text', { required: true }), '  ', 'Fill this in.'],
    [field('n', 'text', { minLength: 3 }), 'ab', 'At least 3 characters.'],
    [field('n', 'text', { maxLength: 3 }), 'abcd', 'At most 3 characters.'],
    [field('n', 'text', { pattern: '[0-9]+' }), '12a', 'It has to look like [0-9]+.']
  ])('%#: %j with %j', (item, value, said) => {
    expect(fault(item, value, trans)).toBe(said);
  });

  it('lets pass what is right, and a pattern that cannot be read', () => {
    expect(fault(field('n', 'ports'), '80, 443\n8080-8085/udp', trans)).toBeUndefined();
    expect(fault(field('n', 'size'), '1.5TB', trans)).toBeUndefined();
    expect(fault(field('n', 'password', { required: true, generated: true }), '', trans)).toBeUndefined();
    expect(fault(field('n', 'text', { pattern: '(' }), 'a', trans)).toBeUndefined();
  });

  it('are told of enabled fields only', () => {
    const values = { ...initialValues(FIELDS), gpu_num: '' };
    expect(faults(FIELDS, values, trans)).toEqual({});
    expect(faults(FIELDS, { ...values, gpu: true }, trans)).toEqual({ gpu_num: 'Fill this in.' });
  });
});

it('sends credentials as text, a password as it was typed', () => {
  const fields = [
    field('host', 'text'),
    field('password', 'password'),
    field('region', 'text'),
    field('v3', 'boolean')
  ];
  expect(credentialValues(fields, { host: ' https://a ', password: ' p ', region: '', v3: true })).toEqual({
    host: 'https://a',
    password: ' p ',
    v3: 'true'
  });
});

it('reads sizes as people write them', () => {
  expect(parseSize('20gib')).toEqual({ value: '20', unit: 'GiB' });
  expect(parseSize('1.5 T')).toEqual({ value: '1.5', unit: 'TB' });
  expect(parseSize('20')).toBeUndefined();
});
