import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FormField } from '../../src/contract';
import {
  checkInputs,
  fillTemplate,
  machinesOf,
  splitSecrets,
  withAddons
} from '../../src/infrastructure/templates/fill';
import { fieldsOf, formOf } from '../../src/infrastructure/templates/form';
import { inputValues, parseTemplate, type IParsedTemplate } from '../../src/infrastructure/templates/parse';

const ROOT = join(__dirname, '..', '..', '..');
const OURS = join(ROOT, 'examples', 'tosca');
const REAL = join(ROOT, '..', 'shared', 'data', 'tosca');
const real = existsSync(REAL) ? describe : describe.skip;
if (!existsSync(REAL)) {
  console.warn(`SKIPPED: the real templates are not at ${REAL}`);
}

function read(folder: string, name: string): IParsedTemplate {
  return parseTemplate({ name, text: readFileSync(join(folder, name), 'utf8') });
}

function field(template: IParsedTemplate, name: string): FormField {
  const found = fieldsOf(formOf(template.tree).tabs).find(item => item.name === name);
  if (!found) {
    throw new Error(`no field ${name}`);
  }
  return found;
}

function template(inputs: string, tabs = ''): IParsedTemplate {
  return parseTemplate({
    name: 't.yaml',
    text: `tosca_definitions_version: tosca_simple_yaml_1_0\nmetadata: {tabs: {${tabs}}}\ntopology_template:\n  inputs:\n${inputs.replace(/^/gm, '    ')}\n  outputs: {o: {value: {concat: [${[...inputs.matchAll(/^(\w+):/gm)].map(([, name]) => `{get_input: ${name}}`).join(', ')}]}}}\n`
  });
}

describe('form', () => {
  it.each([
    [
      'a: {type: integer, constraints: [{in_range: [1, 5]}]}',
      { type: 'integer', minimum: 1, maximum: 5, required: true }
    ],
    [
      'a: {type: integer, default: 2, constraints: [{greater_than: 0}, {less_than: 9}]}',
      { type: 'integer', minimum: 1, maximum: 8, default: 2 }
    ],
    ['a: {type: float, default: 0.5, constraints: {greater_or_equal: 0.1}}', { type: 'number', minimum: 0.1 }],
    ['a: {type: boolean, default: yes}', { type: 'boolean', default: true, required: false }],
    ['a: {type: scalar-unit.size, default: 4 GiB}', { type: 'size', default: '4 GiB' }],
    [
      'a: {type: string, default: x, constraints: [{min_length: 2}, {max_length: 5}]}',
      { type: 'text', minLength: 2, maxLength: 5 }
    ],
    ['a: {type: string, default: b, constraints: [{valid_values: [b, c]}]}', { type: 'select', options: ['b', 'c'] }],
    ['a: {type: list, entry_schema: {type: string}, default: []}', { type: 'list', default: [] }],
    [
      'a: {type: map, entry_schema: {type: PortSpec}, default: {p: {source: 22, protocol: tcp}, r: {source_range: [80, 90], protocol: udp}}}',
      { type: 'ports', default: '22,80-90/udp' }
    ],
    ['a: {type: tosca.datatypes.my.Own}', { type: 'textarea', required: true }],
    ['my_password: {type: string, default: public1}', { type: 'password', generated: true, required: false }],
    ['a: 5', { type: 'text', default: '5' }]
  ])('%s', (input, expected) => {
    const [found] = fieldsOf(formOf(template(input).tree).tabs);
    expect(found).toMatchObject(expected);
  });

  it('never shows the default of a secret', () => {
    expect(field(template('admin_token: {type: string, default: very_public}'), 'admin_token')).not.toHaveProperty(
      'default'
    );
  });

  it('puts inputs on tabs, by name, by hint and by expression, and hides the rest', () => {
    const made = formOf(
      template(
        'a: {type: string, default: x}\nb: {type: boolean, default: false}\nnifi_x: {type: string, default: y}\nrest: {type: string, default: z}\nmust: {type: string}',
        'One: [b, {a: {enabled_by: b, pattern: "[a-z]+"}}], Two: nifi_.*'
      ).tree
    );
    expect(made.tabs.map(tab => [tab.title, tab.fields.map(item => item.name)])).toEqual([
      ['One', ['b', 'a']],
      ['Two', ['nifi_x']],
      ['Other', ['rest', 'must']]
    ]);
    expect(made.tabs[0].fields[1]).toMatchObject({ enabledBy: 'b', pattern: '[a-z]+' });
    expect(made.tabs[2].fields.map(item => item.hidden)).toEqual([true, undefined]);
  });

  it('does not run an expression that could take for ever', () => {
    const made = formOf(template(`${'a'.repeat(40)}: {type: string, default: x}`, 'One: "(a+)+$"').tree);
    expect(made.problems.join()).toMatch(/not understood/);
    expect(fieldsOf(made.tabs)).toHaveLength(1);
  });

  it('says which inputs nobody uses', () => {
    const made = parseTemplate({
      name: 't',
      text: 'tosca_definitions_version: x\ntopology_template: {inputs: {a: {type: string, default: b}}}'
    });
    expect(field(made, 'a')).toMatchObject({ ignored: true, hidden: true });
  });
});

describe('filling', () => {
  const source = template(
    '# kept\nn: {type: integer, default: 1}\nflag: {type: boolean, default: false}\nsize: {type: scalar-unit.size, default: 4 GiB}\nnames: {type: list, default: []}\nports: {type: map, entry_schema: {type: PortSpec}, default: {}}\nver: {type: string, default: "1.10"}\nword: {type: string, default: "yes"}\nmy_password: {type: string, default: public1}'
  );

  it('keeps the types of YAML 1.1', () => {
    const inputs = { n: '3', flag: 'true', size: '8 GiB', names: 'a, b', ports: '80,443-445/udp' };
    expect(checkInputs(source, inputs, {})).toEqual([]);
    const { text } = fillTemplate(source, { name: 'on', inputs, secrets: { my_password: 'no' } });
    const { tree } = parseTemplate({ name: 'filled', text });
    expect(inputValues(tree)).toEqual({
      n: 3,
      flag: true,
      size: '8 GiB',
      names: ['a', 'b'],
      ports: { port_0: { protocol: 'tcp', source: 80 }, port_1: { protocol: 'udp', source_range: [443, 445] } },
      ver: '1.10',
      word: 'yes',
      my_password: 'no'
    });
    expect(tree['metadata']).toEqual({ infra_name: 'on' });
    expect(text).toContain('# kept');
  });

  it.each([
    [{ n: 'many' }, /whole number/],
    [{ size: 'big' }, /size such as/],
    [{ ports: 'http' }, /ports such as/],
    [{ nope: 1 }, /no input "nope"/]
  ])('refuses %j', (inputs, wrong) => {
    expect(checkInputs(source, inputs, {}).join()).toMatch(wrong);
  });

  it('makes a secret where the template has one that everybody knows', () => {
    const { open, secrets } = splitSecrets(source, { n: 2 });
    expect(open).toEqual({ n: 2 });
    expect(secrets['my_password']).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(splitSecrets(source, { my_password: 'mine' })).toEqual({ open: {}, secrets: { my_password: 'mine' } });
  });

  it('fills RADL', () => {
    const radl = parseTemplate({ name: 'a.radl', text: 'system front (\ncpu.count>=@input.cpus@\n)\ndeploy front 1' });
    expect(fillTemplate(radl, { name: "o'n", inputs: { cpus: 2 }, secrets: {}, image: 'mock0://x' })).toMatchObject({
      kind: 'radl',
      text: "description desc (\nname = 'o_n'\n)\n\nsystem front (\ndisk.0.image.url = 'mock0://x' and\ncpu.count>=2\n)\ndeploy front 1"
    });
  });
});

describe('our own templates', () => {
  it.each(readdirSync(OURS).filter(name => name.endsWith('.yaml')))('%s', name => {
    const made = read(OURS, name);
    expect(made.problems).toEqual([]);
    expect(formOf(made.tree).problems).toEqual([]);
    const { open, secrets } = splitSecrets(made, {});
    expect(secrets['oscar_password']).toMatch(/^\w{24}$/);
    const { tree } = fillTemplate(made, { name: 'n', inputs: open, secrets, image: 'mock0://x' });
    expect(machinesOf(tree)).toEqual([
      expect.objectContaining({ role: 'front', count: 1, publicIp: name === 'oscar.yaml' }),
      expect.objectContaining({ role: 'wn', count: 1, cpus: 2 })
    ]);
    expect(JSON.stringify(tree).match(/mock0:\/\/x/g)).toHaveLength(2);
  });
});

real('the real templates', () => {
  it.each([
    'oscar.yaml',
    'kubernetes.yaml',
    'nifi.yaml',
    'juno_compose.yaml',
    'jupyterhub.yml',
    'nodered.yaml',
    'oscar_function.yaml',
    'simple-node-disk.yml',
    'faas_function.yaml',
    'oscar_elastic.yaml'
  ])('%s has each input once', name => {
    const made = read(REAL, name);
    expect(made.problems).toEqual([]);
    const { inputs } = (parse(made.text) as { topology_template: { inputs: Record<string, unknown> } })
      .topology_template;
    expect(
      fieldsOf(formOf(made.tree).tabs)
        .map(item => item.name)
        .sort()
    ).toEqual(Object.keys(inputs).sort());
  });

  it('oscar.yaml: secrets are made, ignored inputs are hidden, the domain is asked for', () => {
    const made = read(REAL, 'oscar.yaml');
    for (const name of ['admin_token', 'oscar_password', 'minio_password']) {
      expect(field(made, name)).toMatchObject({ type: 'password', generated: true });
      expect(field(made, name).default).toBeUndefined();
    }
    expect(field(made, 'volume_default_max')).toMatchObject({ ignored: true, hidden: true });
    expect(field(made, 'kueue_default_gpu')).toMatchObject({ ignored: true, hidden: true });
    expect(field(made, 'kueue_default_memory')).toMatchObject({ enabledBy: 'kueue_enable', pattern: '[0-9]*[TGMK]i' });
    expect(field(made, 'domain_name').hidden).toBeUndefined();
    expect(field(made, 'cluster_name')).toMatchObject({ hidden: true, generated: true });
    expect(field(made, 'fe_mem')).toMatchObject({ type: 'select', default: '4 GiB' });
  });

  it('oscar.yaml with an add-on has the inputs, nodes and tabs of both', () => {
    const both = withAddons(read(REAL, 'oscar.yaml'), [read(REAL, 'nifi.yaml')]);
    expect(field(both, 'nifi_replicas')).toMatchObject({ type: 'integer' });
    expect(formOf(both.tree).tabs.map(tab => tab.title)).toEqual(expect.arrayContaining(['HW Data', 'Nifi']));
    expect(parseTemplate({ name: 'both', text: both.text }).problems).toEqual([]);
  });

  it('form and filling survive what comes: no crash, no lost input', () => {
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    const odd: unknown[] = [
      null,
      '',
      'x',
      0,
      -1,
      1.5,
      true,
      [],
      {},
      [[]],
      [null],
      { a: null },
      'a'.repeat(500),
      { get_input: 'a' },
      '(a+)+$',
      { type: [] }
    ];
    const spoil = (value: unknown, depth = 0): unknown => {
      if (random(14) === 0) {
        return odd[random(odd.length)];
      }
      if (Array.isArray(value)) {
        return value.map(item => spoil(item, depth + 1));
      }
      return typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value).map(([key, item]) => [random(30) === 0 ? `${key}_` : key, spoil(item, depth + 1)])
          )
        : value;
    };
    for (const name of ['oscar.yaml', 'simple-node-disk.yml', 'nifi.yaml', 'faas_function.yaml']) {
      const { topology_template: topology, ...rest } = parse(read(REAL, name).text) as Record<
        string,
        Record<string, unknown>
      >;
      for (let round = 0; round < 40; round++) {
        const inputs = spoil(topology['inputs']);
        const spoiled = { ...(spoil(rest) as object), topology_template: { ...topology, inputs } };
        const text = JSON.stringify(spoiled);
        const made = parseTemplate({ name, text });
        const expected =
          typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs) ? Object.keys(inputs) : [];
        expect(
          fieldsOf(formOf(made.tree).tabs)
            .map(item => item.name)
            .sort()
        ).toEqual(expected.sort());
        const { open, secrets } = splitSecrets(made, { wn_num: 2 });
        checkInputs(made, open, secrets);
        const { tree } = fillTemplate(made, { name: 'x', inputs: open, secrets, image: 'mock0://x' });
        machinesOf(tree);
      }
      for (let round = 0; round < 15; round++) {
        const { text } = read(REAL, name);
        const from = random(text.length);
        const made = parseTemplate({ name, text: text.slice(0, from) + text.slice(from + random(200)) });
        formOf(made.tree);
        fillTemplate(made, { name: 'x', inputs: {}, secrets: {}, image: 'i' });
      }
    }
  });
});
