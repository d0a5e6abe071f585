import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { REQUIREMENTS_ANNOTATION } from '../../src/fdl/service';
import type { IJobs, IDeployments } from '../../src/local-cluster/interfaces';
import { createDeployments, createJobs, environmentKey, prepareEnvironment } from '../../src/local-cluster/runtime';
import { listEnvironments } from '../../src/local-cluster/runtime/environments';
import { normaliseRequirements } from '../../src/local-cluster/runtime/requirements';
import { eventually, place, service, until } from './support';

let folder: string;
let wheel: string;

/** A package that needs no network. */
function makeWheel(name: string, needs?: string): string {
  const path = join(folder, `${name}-1.0-py3-none-any.whl`);
  const info = `${name}-1.0.dist-info`;
  const files: Record<string, string> = {
    [`${name}.py`]: 'def main():\n    print("from the environment")\n',
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n${needs ? `Requires-Dist: ${needs}\n` : ''}`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name}-says = ${name}:main\n`
  };
  files[`${info}/RECORD`] = [...Object.keys(files), `${info}/RECORD`].map(file => `${file},,\n`).join('');
  writeFileSync(
    path,
    zipSync(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, Buffer.from(text)])))
  );
  return path;
}

const venv = resolve(__dirname, '../../../.venv/bin');
const makers = [
  ['uv', existsSync(join(venv, 'uv')) ? join(venv, 'python') : undefined],
  ['pip', findPlain()]
] as const;

/** The Python that the .venv was made from: uv does not lie beside it. */
function findPlain(): string | undefined {
  try {
    const script = 'import ensurepip, sys; print(sys._base_executable)';
    return execFileSync(join(venv, 'python'), ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

const path = process.env.PATH;

/** Takes the folders that have uv off the PATH, so that pip is all there is. */
function withoutUv(): void {
  process.env.PATH = (path ?? '')
    .split(delimiter)
    .filter(part => !existsSync(join(part, 'uv')))
    .join(delimiter);
}

afterEach(() => {
  process.env.PATH = path;
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oscar-environments-'));
  wheel = makeWheel('greeting');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('requirements are the same whatever their order, comments and spaces', async () => {
  const one = 'numpy>=1\r\n# a comment\n\nPillow  ;  python_version > "3"  # why\n';
  expect(normaliseRequirements(one)).toEqual(['Pillow ; python_version > "3"', 'numpy>=1']);
  expect(await environmentKey(one)).toBe(await environmentKey('Pillow ; python_version > "3"\nnumpy>=1'));
  expect(await environmentKey(one)).not.toBe(await environmentKey('numpy'));
});

test('a package without what it asks for is another one, and the mark is kept', async () => {
  expect(normaliseRequirements('model==1   #  no-deps\nnumpy # no-deps are needed\n# no-deps\n')).toEqual([
    'model==1  # no-deps',
    'numpy'
  ]);
  const lines = normaliseRequirements('model==1 # no-deps');
  expect(normaliseRequirements(lines.join('\n'))).toEqual(lines);
  expect(await environmentKey('model==1  # no-deps')).not.toBe(await environmentKey('model==1'));
});

describe.each(makers)('with %s', (name, python) => {
  const made = python ? test : test.skip;
  beforeEach(() => name === 'pip' && withoutUv());

  made(
    `${name} makes one for two who ask at once, and finds it again`,
    async () => {
      const options = { python, environments: join(folder, 'made') };
      const requirements = `greeting @ file://${wheel}`;
      const progress: number[] = [];
      const [a, b] = await Promise.all([
        prepareEnvironment(requirements, { ...options, onProgress: ({ progress: value }) => progress.push(value) }),
        prepareEnvironment(requirements, options)
      ]);
      expect(a.folder).toBe(b.folder);
      expect(a.packages).toContain('greeting==1.0');
      expect(a.size).toBeGreaterThan(1000);
      expect([...progress].sort((x, y) => x - y)).toEqual(progress);
      expect(execFileSync(join(a.bin, 'greeting-says')).toString()).toBe('from the environment\n');
      expect(readdirSync(options.environments)).toEqual([a.key]);
      const began = Date.now();
      await prepareEnvironment(requirements, options);
      expect(Date.now() - began).toBeLessThan(1000);
      expect(listEnvironments(options)).toEqual([expect.objectContaining({ key: a.key, size: a.size })]);
    },
    90000
  );

  made(
    `${name} installs a package without what it asks for where the line says so`,
    async () => {
      const options = { python, environments: join(folder, 'made') };
      // Nobody has it: with it the environment could not be made.
      const model = makeWheel('model', 'framework-of-gigabytes-that-nobody-has');
      const requirements = `greeting @ file://${wheel}\nmodel @ file://${model}`;
      await expect(prepareEnvironment(requirements, options)).rejects.toThrow('framework-of-gigabytes');
      const made = await prepareEnvironment(`${requirements}  # no-deps`, options);
      expect(made.packages).toEqual(expect.arrayContaining(['greeting==1.0', 'model==1.0']));
      expect(execFileSync(join(made.bin, 'model-says')).toString()).toBe('from the environment\n');
    },
    90000
  );

  made(
    `${name}'s last lines are the reason when it fails, and nothing is left`,
    async () => {
      const options = { python, environments: join(folder, 'made') };
      await expect(
        prepareEnvironment(`greeting @ file://${folder}/ghost-1.0-py3-none-any.whl`, options)
      ).rejects.toMatchObject({
        problem: {
          type: expect.stringMatching(/environment-failed$/),
          detail: expect.stringContaining('ghost-1.0'),
          action: expect.stringContaining('deploy')
        }
      });
      expect(readdirSync(options.environments)).toEqual([]);
    },
    60000
  );
});

const any = makers.find(([, python]) => python)?.[1];
const needsPython = any ? test : test.skip;

needsPython(
  'a builder that is killed leaves nothing that looks ready',
  async () => {
    const slow = makeWheel('greeting');
    const script = join(folder, 'build.cjs');
    await build({
      stdin: {
        contents: `import { prepareEnvironment } from './environments'; prepareEnvironment(process.argv[2], { python: process.argv[3], environments: process.argv[4], onProgress: p => console.log(JSON.stringify(p)) });`,
        resolveDir: resolve(__dirname, '../../src/local-cluster/runtime'),
        loader: 'ts'
      },
      bundle: true,
      platform: 'node',
      outfile: script,
      logLevel: 'error'
    });
    const requirements = `greeting @ file://${slow}`;
    const made = join(folder, 'made');
    const child = spawn(process.execPath, [script, requirements, any as string, made], {
      stdio: ['ignore', 'pipe', 'inherit']
    });
    await new Promise(done => child.stdout.once('data', done));
    const gone = new Promise(done => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    expect(listEnvironments({ environments: made })).toEqual([]);
    const environment = await prepareEnvironment(requirements, { python: any, environments: made });
    expect(execFileSync(join(environment.bin, 'greeting-says')).toString()).toBe('from the environment\n');
  },
  60000
);

describe('with services', () => {
  let at: ReturnType<typeof place>;
  let jobs: IJobs;
  let deployments: IDeployments;

  beforeEach(() => {
    at = place({ python: any, environments: join(folder, 'made'), path: [join(folder, 'jupyter')] });
    jobs = createJobs(at.options);
    deployments = createDeployments(at.options);
  });

  afterEach(async () => {
    await jobs.close();
    await deployments.close();
    rmSync(at.data, { recursive: true, force: true });
  });

  needsPython(
    'jobs wait for the environment and find it first on PATH',
    async () => {
      const greets = service('greets', 'greeting-says; command -v python; echo "$PATH"', {
        annotations: { [REQUIREMENTS_ANNOTATION]: `greeting @ file://${wheel}\n` }
      });
      at.services.set('greets', greets);
      deployments.deploy(greets);
      const { name } = jobs.submit(greets, '{}');
      expect(jobs.get(name)).toMatchObject({
        status: 'Pending',
        reason: expect.stringMatching(/^Its Python environment is being prepared \(\d+%\)\.$/)
      });
      expect(deployments.state('greets')).toMatchObject({
        state: 'pending',
        progress: expect.any(Number),
        reason: expect.stringContaining('is being prepared')
      });
      expect((await until(jobs, name)).status).toBe('Succeeded');
      const { folder: where } = listEnvironments(at.options)[0];
      expect(await jobs.log(name)).toContain(
        `from the environment\n${where}/bin/python\n${where}/bin:${folder}/jupyter:`
      );
      expect(deployments.state('greets').state).toBe('ready');
      expect(deployments.logs('greets').length).toBeGreaterThan(0);
      expect(deployments.usage()).toEqual({ bytes: expect.any(Number), clearable: 0 });
      at.services.delete('greets');
      await deployments.remove('greets');
      expect(deployments.usage().clearable).toBeGreaterThan(1000);
      await deployments.clear();
      expect(listEnvironments(at.options)).toEqual([]);
    },
    60000
  );

  needsPython(
    'an environment that cannot be made fails the deployment and its jobs, until it is corrected',
    async () => {
      const bad = service('bad', 'greeting-says', {
        annotations: { [REQUIREMENTS_ANNOTATION]: `ghost @ file://${folder}/ghost-1.0-py3-none-any.whl` }
      });
      at.services.set('bad', bad);
      deployments.deploy(bad);
      const { name } = jobs.submit(bad, '{}');
      expect(await until(jobs, name)).toMatchObject({
        status: 'Failed',
        reason: expect.stringContaining('could not install the requirements')
      });
      expect(deployments.state('bad')).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('Correct the requirements')
      });
      const good = { ...bad, annotations: { [REQUIREMENTS_ANNOTATION]: `greeting @ file://${wheel}` } };
      at.services.set('bad', good);
      deployments.update(good);
      await eventually(() => deployments.state('bad').state === 'ready');
      expect((await until(jobs, jobs.submit(good, '{}').name)).status).toBe('Succeeded');
    },
    60000
  );
});
