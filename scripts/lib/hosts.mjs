/**
 * The other JupyterLabs that the browser tests run in: Python environments of their own in `.setup/hosts`, with our wheel and without
 * anything of the checkout. They are made from PyPI once and kept; only the wheel is put in again when it has changed.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { wheel } from '../build.mjs';
import { at, bin, digest, once } from './project.mjs';
import { run, StepError } from './run.mjs';

/** Elyra 4.1.1 takes JupyterLab 4.4 to 4.6: both ends with it, and the oldest alone. */
export const HOSTS = {
  lab44: ['jupyterlab~=4.4.0'],
  elyra44: ['jupyterlab~=4.4.0', 'elyra==4.1.1'],
  elyra46: ['jupyterlab~=4.6.0', 'elyra==4.1.1']
};

export const hostsFolder = at('.setup', 'hosts');
const inHost = (name, ...parts) => at('.setup', 'hosts', name, ...parts);

/** What goes into the wheel. */
const WHEEL = [
  'pyproject.toml',
  'package.json',
  'install.json',
  'README.md',
  'jupyter-config',
  'ipython-startup',
  'jupyterlab_oscar',
  'examples'
];

/** What uv says when it cannot reach the registry, whatever keeps it from that. */
const UNREACHABLE = /error sending request|failed to fetch|dns error|connect error|timed out|network is unreachable/i;

/** Makes what is missing. Answers why some could not be made for want of PyPI, one sentence each; any other failure is thrown. */
export async function prepareHosts() {
  const source = digest(WHEEL);
  const dist = inHost('dist');
  await once('hosts-wheel', source, [dist], async () => {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    await wheel(dist);
  });
  const built = inHost('dist', readdirSync(dist).find(file => file.endsWith('.whl')) ?? '');
  const reasons = [];
  for (const [name, packages] of Object.entries(HOSTS)) {
    const python = inHost(name, 'bin', 'python');
    const install = (title, options) =>
      uv(`${title} ${name} (${packages.join(', ')})`, ['pip', 'install', '--python', python, ...options]);
    try {
      await once(`host-${name}`, digest([], packages.join()), [inHost(name, 'bin', 'jupyter-lab')], async () => {
        rmSync(inHost(name), { recursive: true, force: true });
        await uv(`Making ${name}`, ['venv', '--quiet', '--python', bin('python'), inHost(name)]);
        // With the wheel, so that what it asks for and what Elyra asks for must go together.
        await install('Filling', [...packages, built]);
      });
      await once(`host-${name}-wheel`, source, [inHost(name, 'bin', 'jupyter-oscar')], () =>
        install('Putting the wheel into', ['--no-deps', '--reinstall', built])
      );
    } catch (error) {
      if (!(error instanceof StepError) || !UNREACHABLE.test(error.message)) {
        throw error;
      }
      reasons.push(`${name} (${packages.join(', ')}) is not tested: PyPI cannot be reached`);
    }
  }
  return reasons;
}

/** Like a step of set-up, with what uv said in the error: it tells why. */
async function uv(title, args) {
  process.stdout.write(`  ${title} … `);
  const { code, output, seconds } = await run(bin('uv'), args);
  process.stdout.write(code === 0 ? `${seconds.toFixed(1)} s\n` : 'failed\n');
  if (code !== 0) {
    throw new StepError(`${title}: uv ended with status ${code}.\n${output}`);
  }
}
