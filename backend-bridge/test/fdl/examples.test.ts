import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkFdl, parseFdl, parseSentinel, planFdl, withEpilogue } from '../../src/fdl';

const ROOT = join(__dirname, '../../../examples');
const text = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const all = readdirSync(join(ROOT, 'services')).sort();
/** Those for AWS are not offered in the panel of clusters: they need an account, or the emulator. */
const forAws = all.filter(name => parseFdl(text('services', name, 'fdl.yaml')).document.aws.length > 0);
const names = all.filter(name => !forAws.includes(name));
const index = JSON.parse(text('examples.json')) as {
  name: string;
  title: string;
  description: string;
  services: string[];
  sample?: string;
  size?: number;
}[];

function scriptsOf(name: string): Record<string, string> {
  const { document } = parseFdl(text('services', name, 'fdl.yaml'));
  return Object.fromEntries(
    document.oscar.map(entry => [String(entry.service.script), text('services', name, String(entry.service.script))])
  );
}

/** Whether a file is in the folder of a script of an example. */
function isBeside(name: string, script: string, file: string): boolean {
  return existsSync(join(ROOT, 'services', name, dirname(script), file));
}

describe('examples', () => {
  it('are all in the index, with what they have', () => {
    expect(index.map(item => item.name).sort()).toEqual(names);
    for (const item of index) {
      const { document } = parseFdl(text('services', item.name, 'fdl.yaml'));
      expect(document.oscar.map(entry => entry.service.name)).toEqual(item.services);
      expect(item.title).not.toMatch(/\.$/);
      expect(item.sample === undefined || existsSync(join(ROOT, item.sample))).toBe(true);
      const needs = Object.keys(scriptsOf(item.name)).some(script => isBeside(item.name, script, 'requirements.txt'));
      expect(item.size !== undefined).toBe(needs);
    }
  });

  it.each(names)('%s has a good FDL for this machine and for old and new servers', name => {
    const { document, problems } = parseFdl(text('services', name, 'fdl.yaml'), { file: name });
    expect(problems).toEqual([]);
    const scripts = scriptsOf(name);
    expect(checkFdl(document, { scripts, processRuntime: true })).toEqual([]);
    const old = checkFdl(document, { scripts, version: '3.6.0' });
    expect(old.filter(problem => problem.severity === 'error')).toEqual([]);
    const plan = planFdl({ document, deployed: [], buckets: [], scripts });
    expect(plan.actions.length).toBeGreaterThanOrEqual(document.oscar.length);
    for (const entry of document.oscar) {
      expect(entry.clusterId).toBe('default-cluster');
      const image = String(entry.service.image);
      expect(image.startsWith('ghcr.io/grycap/') || isBeside(name, String(entry.service.script), 'Dockerfile')).toBe(
        true
      );
      expect(text('services', name, 'README.md')).toContain('image');
    }
  });

  it.each(forAws)('%s is good for AWS, and says how it is tried', name => {
    const { document, problems } = parseFdl(text('services', name, 'fdl.yaml'), { file: name });
    expect(problems).toEqual([]);
    const found = checkFdl(document, { scripts: scriptsOf(name), processRuntime: true });
    expect(found.filter(problem => problem.severity !== 'information')).toEqual([]);
    expect(text('services', name, 'README.md')).toContain('emulator');
    for (const entry of document.aws) {
      const script = (entry as { lambda: { init_script: string } }).lambda.init_script;
      expect(existsSync(join(ROOT, 'services', name, script))).toBe(true);
    }
  });

  it('share the scripts of the chain, and what these need, with the single services', () => {
    const { document } = parseFdl(text('services', 'grayify-ocr', 'fdl.yaml'));
    expect(document.oscar.map(entry => entry.service.script)).toEqual(['../grayify/script.sh', '../ocr/script.sh']);
    expect(existsSync(join(ROOT, 'services/grayify-ocr/requirements.txt'))).toBe(false);
  });

  it('name the source and licence of each input', () => {
    const licences = text('data', 'LICENCES.md');
    const files = readdirSync(join(ROOT, 'data'), { recursive: true, withFileTypes: true }).filter(
      item => item.isFile() && item.name !== 'LICENCES.md'
    );
    for (const file of files) {
      expect(licences).toContain(file.name);
    }
  });

  it('have a notebook without outputs that reads files which are there', () => {
    const notebook = JSON.parse(text('notebooks', 'quickstart.ipynb')) as {
      cells: { cell_type: string; source: string[]; outputs?: unknown[] }[];
    };
    const code = notebook.cells.filter(cell => cell.cell_type === 'code');
    expect(code.every(cell => cell.outputs?.length === 0)).toBe(true);
    const paths = code.flatMap(cell =>
      [...cell.source.join('').matchAll(/\b(?:data|services)\/[\w./-]+\.\w+/g)].map(match => match[0])
    );
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) {
      expect(existsSync(join(ROOT, path))).toBe(true);
    }
  });
});

const python = spawnSync('python3', ['--version']).status === 0;

(python ? describe : describe.skip)('cowsay, run as the supervisor runs it', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cowsay-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function say(
    input: string,
    env: Record<string, string> = {}
  ): { status: number | null; out: string; files: string[] } {
    const out = mkdtempSync(join(folder, 'out-'));
    writeFileSync(join(folder, 'input.json'), input);
    writeFileSync(join(folder, 'script.sh'), withEpilogue(text('services/cowsay/script.sh')));
    const result = spawnSync('/bin/sh', [join(folder, 'script.sh')], {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        INPUT_FILE_PATH: join(folder, 'input.json'),
        TMP_OUTPUT_DIR: out,
        OSCAR_SERVICE_NAME: 'cowsay',
        ...env
      }
    });
    return { status: result.status, out: result.stdout, files: readdirSync(out) };
  }

  it.each([
    ['{"message": "Hello \\"you\\""}', '< Hello "you" >'],
    ['plain text\n', '< plain text >'],
    ['[1, 2]', '< [1, 2] >'],
    ['"a JSON text"', '< a JSON text >'],
    ['Zażółć {gęślą}', '< Zażółć {gęślą} >']
  ])('answers %s', (input, line) => {
    const answer = say(input);
    expect(answer.status).toBe(0);
    expect(answer.out).toContain(line);
    expect(answer.out).not.toContain('OSCAR-');
    expect(answer.files).toEqual([]);
  });

  it('writes a file for an upload, and folds long texts', () => {
    const answer = say('word '.repeat(40), { STORAGE_OBJECT_KEY: 'cowsay/in/input.json', JOB_UUID: 'cowsay-1' });
    expect(answer.files).toEqual(['input.cow.txt']);
    expect(parseSentinel(answer.out)).toMatchObject({ exitCode: 0, outputs: ['input.cow.txt'] });
    expect(Math.max(...answer.out.split('\n').map(line => line.length))).toBeLessThan(50);
  });

  it.each(['', '  \n', '{"text": "no message"}'])('says what to send instead of %j', input => {
    const answer = say(input);
    expect(answer.status).toBe(1);
    expect(answer.out).toContain('There is nothing to say.');
    expect(parseSentinel(answer.out).exitCode).toBe(1);
  });
});
