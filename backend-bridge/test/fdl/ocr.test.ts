import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findEnvironment, type IEnvironment } from '../../src/local-cluster/runtime/environments';

const EXAMPLES = join(__dirname, '../../../examples');
const python = join(__dirname, '../../../.venv/bin/python');

interface ISeen {
  ours: { width: number; height: number; lines: { text: string; score: number; box: number[][] }[] };
  theirs: { text: string; box: number[][] }[];
  log: string;
  cpu: number;
  whole: number;
}

let environment: IEnvironment | undefined;
let folder: string;

beforeAll(async () => {
  environment = await findEnvironment(readFileSync(join(EXAMPLES, 'services/ocr/requirements.txt'), 'utf8'), {
    python
  });
  folder = mkdtempSync(join(tmpdir(), 'oscar-ocr-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs both in the environment that set-up makes. */
function read(picture: string): ISeen | undefined {
  if (!environment) {
    console.warn('Skipped: the environment of the example ocr is not there. Run the set-up.');
    return undefined;
  }
  const argv = [join(__dirname, 'ocr.py'), join(EXAMPLES, 'services/ocr/script.sh'), picture, folder];
  const env = { ...process.env, PATH: [environment.bin, process.env.PATH].join(delimiter) };
  return JSON.parse(execFileSync(join(environment.bin, 'python3'), argv, { env, encoding: 'utf8' })) as ISeen;
}

test.each(['page.png', 'rocket.jpg'])(
  'ocr reads %s as RapidOCR does, for less',
  name => {
    const seen = read(join(EXAMPLES, 'data', name));
    if (!seen) {
      return;
    }
    expect(seen.ours.lines.map(({ text, box }) => ({ text, box }))).toEqual(seen.theirs);
    expect(Object.keys(seen.ours)).toEqual(['width', 'height', 'lines']);
    expect(seen.log.split('\n')[0]).toBe(`${seen.theirs.length} lines of text`);
    // CPU, not time: others use the machine, too.
    expect(seen.cpu).toBeLessThan(0.85 * seen.whole);
  },
  60000
);
