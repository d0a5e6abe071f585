import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as editor from '../../src/fdl/editor';
import { fdl } from './fixtures';

/** Completions at the place of ¦ in the text. */
function at(marked: string, known: editor.IKnown = {}): editor.ICompletion[] {
  const offset = marked.indexOf('¦');
  const before = marked.slice(0, offset).split('\n');
  const text = marked.replace('¦', '');
  return editor.complete(
    editor.parse(text).document,
    { line: before.length, column: before[before.length - 1].length + 1 },
    known
  );
}

const labels = (marked: string, known?: editor.IKnown) => at(marked, known).map(item => item.label);

/** The text after the completion was taken. */
function take(marked: string, label: string, known?: editor.IKnown): string {
  const item = at(marked, known).find(each => each.label === label);
  if (!item) {
    throw new Error(`${label} is not offered: ${labels(marked, known).join(', ')}`);
  }
  return editor.applyEdits(marked.replace('¦', ''), [{ ...item.range, text: item.insert }]);
}

const KNOWN: editor.IKnown = {
  services: ['ocr'],
  buckets: ['plain', 'photos/in'],
  images: ['ghcr.io/x/known'],
  clusterIds: ['edge'],
  scripts: ['run.sh']
};
const PROVIDERS =
  'storage_providers:\n  s3:\n    mine: {access_key: x, secret_key: x, region: r}\n  webdav:\n    disk: {}\n';

describe('completion', () => {
  it.each<[string, string, string[], string[]]>([
    ['the top', '¦', ['functions', 'storage_providers', 'clusters'], ['name']],
    ['functions', 'functions:\n  ¦', ['oscar', 'aws'], ['name']],
    ['an id of a cluster', 'functions:\n  oscar:\n  - ¦', ['default-cluster', 'edge'], ['name']],
    ['keys of a service', fdl('¦'), ['memory', 'input', 'expose'], ['name', 'token', 'replicas']],
    ['half a key', fdl('mem¦'), ['memory'], ['name']],
    ['a key before others', fdl('¦\nmemory: 1Gi\ncpu: 1'), ['input'], ['memory', 'cpu']],
    ['keys below expose', fdl('expose:\n  min_scale: 1\n  ¦'), ['max_scale', 'api_port'], ['min_scale', 'memory']],
    ['keys in braces', fdl('expose: {min_scale: 1, ¦}'), ['max_scale'], ['min_scale']],
    ['keys of an item', fdl('input:\n- storage_provider: minio\n  ¦'), ['path'], ['storage_provider', 'suffix']],
    ['keys of an output', fdl('output:\n- ¦'), ['path', 'suffix'], ['name']],
    ['a list that begins', fdl('input:\n¦'), ['- ', 'memory'], []],
    ['a word', fdl('visibility: ¦'), ['private', 'public', 'restricted'], []],
    ['a word before a comment', fdl('visibility: pu¦ # who'), ['public'], []],
    ['true or false', fdl('enable_gpu: ¦'), ['true', 'false'], []],
    [
      'providers of an input',
      fdl('input:\n- storage_provider: ¦', PROVIDERS),
      ['minio.default', 'webdav.disk'],
      ['s3.mine']
    ],
    ['providers of an output', fdl('output:\n- storage_provider: ¦', PROVIDERS), ['minio.default', 's3.mine'], []],
    ['paths', fdl('input:\n- storage_provider: minio\n  path: ¦'), ['cowsay/in', 'photos/in', 'plain/in'], []],
    ['paths in braces', fdl('input: [{storage_provider: minio, path: ¦}]'), ['cowsay/in', 'photos/in'], []],
    ['buckets of a mount', fdl('mount:\n  path: ¦'), ['plain', 'photos'], []],
    ['images', fdl('').replace('ghcr.io/grycap/cowsay', '¦'), ['ghcr.io/x/known'], []],
    ['scripts', fdl('').replace('script: script.sh', 'script: ¦'), ['run.sh', 'script.sh'], []],
    ['members', fdl('federation:\n  members:\n  - service_name: ¦'), ['ocr', 'cowsay'], []],
    ['settings of a provider', 'storage_providers:\n  s3:\n    x:\n      ¦', ['access_key', 'region'], ['verify']],
    ['keys of Lambda', 'functions:\n  aws:\n  - lambda:\n      ¦', ['container', 'memory', 'init_script'], ['cpu']],
    [
      'parts beside Lambda',
      'functions:\n  aws:\n  - lambda:\n      name: a\n    ¦',
      ['batch', 'iam'],
      ['lambda', 'name']
    ],
    ['nothing in a comment', fdl('# ¦'), [], ['memory']],
    ['nothing in a text block', fdl('annotations:\n  a: |\n    x\n    ¦'), [], ['memory', 'name']],
    ['a file that is broken above', fdl('labels: {a: [}\nlog_level: ¦'), ['INFO', 'CRITICAL'], []],
    ['a file that is broken below', fdl('visibility: ¦\ncpu: "1\n  x: ]'), ['public'], []]
  ])('knows %s', (_, marked, there, absent) => {
    const found = labels(marked, KNOWN);
    expect(found).toEqual(expect.arrayContaining(there));
    expect(found.filter(label => absent.includes(label))).toEqual([]);
  });

  it('writes what can go on', () => {
    expect(take(fdl('mem¦'), 'memory')).toContain('      memory: \n');
    expect(take(fdl('¦'), 'input')).toContain(
      '      input:\n      - storage_provider: minio.default\n        path: cowsay/in'
    );
    expect(take(fdl('cpu: ¦'), '0.5')).toContain("cpu: '0.5'");
    expect(take(fdl('cpu:¦'), '0.5')).toContain("cpu: '0.5'");
    expect(take(fdl('cpu: "0¦"'), '0.5')).toContain('cpu: "0.5"');
    expect(take(fdl('mem¦ory: 1Gi'), 'memory')).toContain('      memory: 1Gi');
    expect(take(fdl('expose:\n  api_port: ¦'), '[8080]')).toContain('api_port: [8080]');
    expect(take(fdl('expose:\n  api_port: ¦'), '8080', { version: '3.6.0' })).toContain('api_port: 8080');
    const fresh = take('functions:\n  oscar:\n  ¦', '- default-cluster');
    expect(editor.lint(fresh).problems).toEqual([]);
    const lambda = take('functions:\n  aws:\n  ¦', '- lambda');
    expect(editor.lint(lambda).problems.filter(problem => problem.severity === 'error')).toEqual([]);
  });

  it('joins services: an input is offered what another one writes', () => {
    const text =
      fdl('output: [{storage_provider: minio, path: cowsay/done}]') +
      '  - default-cluster:\n      name: next\n      input:\n      - storage_provider: minio.default\n        path: ¦\n';
    expect(labels(text).slice(0, 2)).toEqual(['next/in', 'cowsay/done']);
  });

  it('says since when a key is known, and puts those that the server lacks last', () => {
    const items = at(fdl('¦'), { version: '3.6.0' });
    expect(items.find(item => item.label === 'volume')?.detail).toBe('since OSCAR 4.0');
    expect(items.findIndex(item => item.label === 'volume')).toBeGreaterThan(
      items.findIndex(item => item.label === 'memory')
    );
    expect(items.map(item => item.label)).toContain('replicas');
  });
});

describe('hover', () => {
  const text = fdl('memory: 1Gi\ninput:\n- storage_provider: s3.mine\n  path: cowsay/in', PROVIDERS);
  const markdown = (line: number, column: number) =>
    editor.hover(editor.parse(text).document, { line, column })?.markdown ?? '';

  it.each<[number, number, string[]]>([
    [7, 8, ['**memory**', 'bytes', 'Default: `256Mi`']],
    [7, 16, ['**memory**']],
    [3, 6, ['default-cluster']],
    [9, 30, ['`s3.mine`: defined in line 13']],
    [10, 18, ['`cowsay/in` in s3.mine', 'New files start cowsay']],
    [1, 3, ['**functions**']],
    [13, 12, ['**access_key**']]
  ])('tells of line %i, column %i', (line, column, words) => {
    for (const word of words) {
      expect(markdown(line, column)).toContain(word);
    }
  });

  it('says nothing where there is nothing, and never a secret', () => {
    expect(markdown(100, 1)).toBe('');
    const secret = fdl('environment:\n  secrets: {KEY: very-secret}');
    for (let column = 1; column < 50; column++) {
      expect(editor.hover(editor.parse(secret).document, { line: 8, column })?.markdown ?? '').not.toContain(
        'very-secret'
      );
    }
  });
});

describe('outline, links, foldings', () => {
  const text = fdl(
    'input:\n- storage_provider: minio\n  path: cowsay/in',
    '  aws:\n  - lambda: {name: fn, init_script: f.sh, container: {image: a}}\n' + PROVIDERS
  );
  const { document } = editor.parse(text);

  it('list what is there', () => {
    const tree = editor.outline(document);
    expect(tree.map(item => item.name)).toEqual(['Services', 'AWS', 'Storage']);
    expect(tree[0].children[0]).toMatchObject({ name: 'cowsay', kind: 'service', selection: { line: 4, column: 13 } });
    expect(tree[0].children[0].children[0]).toMatchObject({ name: 'input cowsay/in', kind: 'input' });
    expect(editor.links(document)).toMatchObject([
      { path: 'script.sh', service: 'cowsay', range: { line: 6, column: 15 } },
      { path: 'f.sh', service: 'fn', kind: 'script' }
    ]);
    expect(editor.foldings(document)).toEqual(expect.arrayContaining([{ from: 3, to: 9 }]));
    expect(editor.serviceAt(document, { line: 8, column: 12 })).toBe('cowsay');
    expect(editor.serviceAt(document, { line: 11, column: 15 })).toBe('fn');
    expect(editor.serviceAt(document, { line: 1, column: 1 })).toBeUndefined();
  });
});

const RICH = `# top
functions:
  oscar:
  - default-cluster:
      memory: "1Gi"   # much
      # the name
      name: cowsay

      image: "ghcr.io/grycap/cowsay:1"
      script: script.sh
      cpu: 1.0
      ephemeral_storage_request: 2Gi
      replicas:
      - type: oscar # other
        cluster_id: b
        service_name: cowsay
      delegation: static
      expose:
        min_scale: 1
        api_port: 8080
        nodePort:
        - 30000
      environment:
        Variables:
          A: 010
          URL: https://x/system/services/cowsay/exposed/
      input:
      - storage_provider: minio
        path: in
      output:
      - {storage_provider: minio, path: "cowsay/out"}
      annotations: {x: cowsay}
  - default-cluster:
      name: next
      image: a
      script: s
      input:
      - path: cowsay/out
        storage_provider: minio.default
# end
`;

describe('format', () => {
  const comments = (text: string) => (text.match(/#.*/g) ?? []).map(item => item.trim()).sort();

  it('orders, quotes and keeps every comment', () => {
    const result = editor.format(RICH);
    expect(result).toContain(`      # the name
      name: cowsay

      image: ghcr.io/grycap/cowsay:1
      script: script.sh
      cpu: '1.0'
      memory: 1Gi # much
`);
    expect(result).toContain("A: '010'");
    expect(comments(result)).toEqual(comments(RICH));
    expect(editor.format(result)).toBe(result);
  });

  it.each(['cowsay', 'embed', 'grayify', 'grayify-ocr', 'ocr'])(
    'does not change the meaning of the example %s',
    name => {
      const text = readFileSync(join(__dirname, '../../../examples/services', name, 'fdl.yaml'), 'utf8');
      const result = editor.format(text);
      expect(editor.parse(result).document.value).toEqual(editor.parse(text).document.value);
      expect(comments(result)).toEqual(comments(text));
    }
  );

  it.each(['functions: [', fdl('memory: 1Gi\nmemory: 2Gi'), 'a: b\n---\nc: d\n', '\tx: y'])(
    'leaves alone what it cannot read: %j',
    text => {
      expect(editor.format(text)).toBe(text);
    }
  );

  it('keeps the order where aliases need it', () => {
    const text = fdl('labels: &l {a: b}\nannotations: *l');
    expect(editor.parse(editor.format(text)).document.value).toEqual(editor.parse(text).document.value);
  });
});

describe('renaming', () => {
  it('reaches everything that means the service, and nothing else', () => {
    const { text, edits } = editor.renameService(RICH, 'cowsay', 'moo');
    expect(edits).toHaveLength(6);
    expect(text).toContain('name: moo\n');
    expect(text).toContain('service_name: moo\n');
    expect(text).toContain('path: "moo/out"');
    expect(text).toContain('path: moo/out\n');
    expect(text).toContain('/system/services/moo/exposed/');
    expect(text).toContain('annotations: {x: moo}');
    expect(text).toContain('image: "ghcr.io/grycap/cowsay:1"');
    expect(editor.renameService(text, 'moo', 'cowsay').text).toBe(RICH);
  });

  it('changes an anchor once and leaves aliases and merges', () => {
    const text = fdl(
      'input: [{storage_provider: minio, path: &p cowsay/in}]\noutput: [{storage_provider: minio, path: *p}]'
    );
    expect(editor.renameService(text, 'cowsay', 'moo').text).toContain('path: &p moo/in}]');
    expect(editor.renameService(text, 'cowsay', 'moo').text).toContain('path: *p}');
  });

  it.each([
    ['absent', 'moo', 'no service absent'],
    ['cowsay', 'Moo', 'lower-case'],
    ['cowsay', '', 'lower-case'],
    ['cowsay', 'next', 'already']
  ])('refuses %s → %s', (from, to, words) => {
    const result = editor.renameService(RICH, from, to);
    expect(result.problem).toContain(words);
    expect(result.text).toBe(RICH);
  });
});

describe('versions', () => {
  it('translates to 4.1 and back', () => {
    const up = editor.convertVersion(RICH, '4.1');
    expect(up.text).toContain(`      federation:
        group_id: cowsay
        topology: star
        delegation: static
        members:
        - type: oscar # other
          cluster_id: b
          service_name: cowsay
      expose:`);
    expect(up.text).toContain('api_port: [8080]');
    expect(up.text).toContain('        variables:\n');
    expect(up.notes.join('\n')).toContain('refresh_token');
    const codes = (text: string, version: string) =>
      editor.lint(text, { version }).problems.map(problem => problem.code);
    for (const code of ['old-variables', 'old-replicas', 'ports-form', 'newer-field', 'older-field']) {
      expect(codes(up.text, '4.1.2')).not.toContain(code);
    }
    const down = editor.convertVersion(up.text, '4.0');
    expect(down.text).toContain('      replicas:\n      - type: oscar # other\n        cluster_id: b\n');
    expect(down.text).toContain('      delegation: static\n');
    expect(down.text).toContain('api_port: 8080\n        nodePort: 30000\n');
    expect(down.text).toContain('      # ephemeral_storage_request: 2Gi\n');
    expect(down.text).toContain('path: cowsay/in\n');
    for (const code of ['ports-form', 'newer-field', 'older-field']) {
      expect(codes(down.text, '4.0.0')).not.toContain(code);
    }
    expect(editor.convertVersion(down.text, '4.0').text).toBe(down.text);
  });

  it('makes a comment of a whole mapping that the version lacks', () => {
    const text = fdl('volume:\n  size: 1Gi\n\n  mount_path: /data\nmemory: 1Gi');
    const { text: old, notes } = editor.convertVersion(text, '3.x');
    expect(old).toContain('      # volume:\n      #   size: 1Gi\n\n      #   mount_path: /data\n      memory: 1Gi\n');
    expect(notes).toEqual(['cowsay: volume is not known to OSCAR 3.x: it is now a comment.']);
    expect(editor.lint(old).problems).toEqual([]);
  });

  it('says what it cannot do', () => {
    expect(editor.convertVersion('a: [', '4.1')).toEqual({ text: 'a: [', notes: [expect.stringContaining('Line')] });
    const inline = 'functions: {oscar: [{c: {name: a, image: b, script: c, volume: {size: 1Gi, mount_path: /x}}}]}\n';
    expect(editor.convertVersion(inline, '3.x')).toEqual({ text: inline, notes: [expect.stringContaining('by hand')] });
  });
});

describe('fixes', () => {
  it('are found at a place, and can all be made at once', () => {
    const text = fdl('cpu: 1.0\nmemory: 512MB\nlog_level: info\nvisibility: publc');
    const { problems } = editor.lint(text);
    expect(editor.fixes(problems, { line: 8, column: 16 })).toMatchObject([{ title: expect.stringContaining('512M') }]);
    const fixed = editor.applyEdits(text, editor.fixAll(problems));
    expect(editor.lint(fixed).problems.map(problem => problem.code)).toEqual(['public-service']);
  });
});
