import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFdl, parseFdl } from '../../src/fdl';
import { fdl } from './fixtures';

describe('parseFdl', () => {
  it('gives values, and where they stand', () => {
    const { document, problems } = parseFdl(fdl('cpu: 1.0'), { file: 'a.yaml' });
    expect(problems).toEqual([]);
    expect(document.oscar).toHaveLength(1);
    expect(document.oscar[0].clusterId).toBe('default-cluster');
    expect(document.oscar[0].service.name).toBe('cowsay');
    const at = document.places.get('/functions/oscar/0/default-cluster/cpu');
    expect(at).toEqual({
      key: { line: 7, column: 7, endLine: 7, endColumn: 10 },
      value: { line: 7, column: 12, endLine: 7, endColumn: 15 },
      source: '1.0',
      quoted: false
    });
  });

  it.each<[string, string, string, string]>([
    ['an empty file', '', 'empty-file', '1:1'],
    ['a number', '42', 'not-a-mapping', '1:1'],
    ['a list', '- a\n- b\n', 'not-a-mapping', '1:1'],
    ['no functions', 'clusters: {}\n', 'no-functions', '1:1'],
    ['empty functions', 'functions: {}\n', 'no-functions', '1:1'],
    ['functions as an old list', 'functions:\n- name: a\n', 'legacy-functions', '1:1'],
    ['oscar as a mapping', 'functions:\n  oscar:\n    c:\n      name: a\n', 'wrong-type', '2:3'],
    [
      'a service without a cluster id',
      'functions:\n  oscar:\n  - name: a\n    image: b\n',
      'missing-cluster-id',
      '3:5'
    ],
    [
      'a service that is not indented',
      'functions:\n  oscar:\n  - c:\n    name: a\n    image: b\n',
      'missing-cluster-id',
      '3:5'
    ],
    ['an empty service', 'functions:\n  oscar:\n  - c:\n', 'wrong-type', '3:5'],
    ['an item that is a text', 'functions:\n  oscar:\n  - c\n', 'wrong-type', '3:5'],
    ['a tab', 'functions:\n\toscar: []\n', 'tab', '2:1'],
    ['a key twice', 'functions:\n  oscar: []\nfunctions:\n  aws: []\n', 'duplicate-key', '3:1'],
    ['a bad indentation', 'functions:\n  oscar: []\n clusters: {}\n', 'bad-indent', '3:1'],
    ['an open quote', 'functions: "a\n', 'yaml-syntax', '2:1'],
    ['an unknown alias', 'functions: *a\n', 'bad-alias', '1:12'],
    ['two documents', 'functions: {oscar: []}\n---\na: b\n', 'several-documents', '2:1'],
    [
      'providers as a list',
      'functions: {oscar: []}\nstorage_providers:\n  s3:\n  - name: a\n',
      'legacy-providers',
      '3:3'
    ],
    ['clusters as a list', 'functions: {oscar: []}\nclusters: [a]\n', 'wrong-type', '2:1']
  ])('tells of %s', (_name, text, code, at) => {
    const { problems } = parseFdl(text, { file: 'f' });
    expect(problems.map(problem => `${problem.code} ${problem.line}:${problem.column}`)).toContain(`${code} ${at}`);
  });

  it.each<[string, string]>([
    [
      'an alias bomb',
      'a: &a [x,x,x,x,x,x,x,x,x]\n' +
        [...'bcdefghijk']
          .map(
            (name, i) =>
              `${name}: &${name} [${Array(9)
                .fill('*' + 'abcdefghijk'[i])
                .join(',')}]`
          )
          .join('\n')
    ],
    ['an alias of itself', 'a: &a [*a]\nb: &b {<<: *b}'],
    ['too much text', 'a: b\n'.repeat(300_000)],
    ['deep nesting', '['.repeat(200_000)],
    ['deep lists', '- '.repeat(200_000)],
    ['deep mappings', Array.from({ length: 1200 }, (_, i) => ' '.repeat(i) + 'a:').join('\n')],
    ['many keys', Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n')],
    ['many quotes', '"'.repeat(50_000)]
  ])('survives %s, in time', (_name, text) => {
    const start = Date.now();
    const { document, problems } = parseFdl(text);
    checkFdl(document);
    expect(problems.length).toBeGreaterThan(0);
    expect(Date.now() - start).toBeLessThan(8000);
  });

  it('takes __proto__ for a key like others', () => {
    const { document } = parseFdl(fdl('__proto__: {polluted: true}\nconstructor: 1'));
    expect(checkFdl(document).map(problem => problem.code)).toEqual(['unknown-key', 'unknown-key']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('follows anchors and merges', () => {
    const text =
      'x: &base\n  image: i\n  script: s\nfunctions:\n  oscar:\n  - c:\n      <<: *base\n      name: aaa\n      script: t\n';
    const { document, problems } = parseFdl(text);
    expect(problems).toEqual([]);
    expect({ ...document.oscar[0].service }).toEqual({ name: 'aaa', script: 't', image: 'i' });
    expect(checkFdl(document).map(problem => problem.code)).toEqual(['unknown-key']);
  });
});

const FOREIGN = join(__dirname, '../../../../shared/data/scar');
const files = existsSync(FOREIGN) ? readdirSync(FOREIGN).filter(name => name.endsWith('.yaml')) : [];

describe('FDL files of SCAR', () => {
  if (files.length === 0) {
    it.skip('are read (skipped: they are not ours, and this machine has no copy of them)', () => undefined);
    return;
  }

  it.each(files)('%s is read', name => {
    const text = readFileSync(join(FOREIGN, name), 'utf8');
    const { document, problems } = parseFdl(text, { file: name });
    const old = /^storages:/m.test(text) || /^ {2}s3:\n {2}- /m.test(text);
    if (!old) {
      expect(problems).toEqual([]);
      expect(document.aws.length + document.oscar.length).toBeGreaterThan(0);
    } else {
      expect(problems.map(problem => problem.code).join()).toContain('legacy-');
    }
    const found = checkFdl(document);
    if (name.startsWith('mask-detector')) {
      expect(document.oscar.map(entry => entry.service.name)).toEqual(['oscar-anon-and-split']);
      expect(found.filter(problem => problem.severity === 'error')).toEqual([]);
    }
  });
});
