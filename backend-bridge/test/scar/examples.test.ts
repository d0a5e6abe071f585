/** SCAR's own example files, in every form that they take. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFdl } from '../../src/fdl';
import { readFunctions } from '../../src/scar/read';
import { ScarConfig } from '../../src/scar/scar-cfg';
import { ACCOUNT, REGION, ROLE } from './support';

const FOLDER = join(__dirname, '..', '..', '..', '..', 'shared', 'data', 'scar');
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter(name => name.endsWith('.yaml')) : [];
if (files.length === 0) {
  console.warn('SKIPPED: the examples of SCAR are not here (../shared/data/scar).');
}

function read(file: string, emulator = false) {
  const { document } = parseFdl(readFileSync(join(FOLDER, file), 'utf8'), { file });
  return readFunctions({
    document,
    config: new ScarConfig('', {}),
    region: REGION,
    role: ROLE,
    account: ACCOUNT,
    emulator,
    // The scripts themselves are not among the data.
    scripts: Object.fromEntries(
      [...JSON.stringify(document.aws).matchAll(/"init_script":"([^"]+)"/g)].map(([, path]) => [path, 'echo example\n'])
    )
  });
}

const codes = (file: string, emulator = false): string[] =>
  read(file, emulator)
    .problems.filter(problem => problem.severity === 'error')
    .map(problem => problem.code);

/** Forms of older versions, and files that are no complete examples: what is said about them. */
const REFUSED: Record<string, string[]> = {
  'video-process.yaml': ['legacy-image', 'legacy-image'],
  'mpi__lambda.yaml': ['aws-image-file']
};

(files.length === 0 ? describe.skip : describe)('the examples of SCAR', () => {
  it.each(files.filter(file => file !== 'fdl-example.yaml'))('%s', file => {
    expect(codes(file, true)).toEqual(REFUSED[file] ?? []);
    if (!(file in REFUSED)) {
      const { document } = parseFdl(readFileSync(join(FOLDER, file), 'utf8'), { file });
      expect(read(file, true).functions).toHaveLength(document.aws.length);
    }
  });

  it('reads modes, filters and Batch as they are meant', () => {
    const { functions } = read('av-workflow__scar-av-workflow.yaml');
    expect(functions.map(({ name, mode, packaging }) => [name, mode, packaging])).toEqual([
      ['scar-av-workflow-ffmpeg', 'lambda-batch', 'build'],
      ['scar-av-workflow-audio2srt', 'lambda-batch', 'build'],
      ['scar-av-workflow-yolov3', 'batch', 'delegate']
    ]);
    expect(functions[0].outputs.map(output => output.suffix)).toEqual([['avi'], ['wav']]);
    expect(functions[2].batch).toMatchObject({ vcpus: 4, memory: 12288, gpu: true, instanceTypes: ['g3s.xlarge'] });
    expect(read('mpi__batch.yaml').functions[0].batch?.multiNode).toEqual({ nodes: 3, main: 0 });
  });
});
