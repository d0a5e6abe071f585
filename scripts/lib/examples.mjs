/** The Python environment of an example, made ahead so that its first deploy takes no time and needs no network. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { at, bin, bridgeNode, digest, once } from './project.mjs';
import { StepError, run } from './run.mjs';

export async function prepareExample(name) {
  const requirements = at('examples', 'services', name, 'requirements.txt');
  return once(`environment-${name}`, digest([`examples/services/${name}/requirements.txt`]), [], async () => {
    process.stdout.write(`  Preparing the example ${name} … `);
    const result = await run(bridgeNode(), [at('jupyterlab_oscar/bridge/bridge.cjs'), 'prepare-environment'], {
      input: `${JSON.stringify({ requirements: readFileSync(requirements, 'utf8'), python: bin('python') })}\n`
    });
    if (result.code !== 0) {
      process.stdout.write('failed\n\n');
      throw new StepError(`The Python environment of ${name} could not be made:\n${result.output}`);
    }
    process.stdout.write(`${result.seconds.toFixed(1)} s\n`);
  });
}

/** The folder that JupyterLab opens on: a copy of examples/ that git ignores; the user's changes in it stay. */
export async function workFolder() {
  const { cpSync } = await import('node:fs');
  const work = at('work');
  mkdirSync(work, { recursive: true });
  cpSync(at('examples'), work, { recursive: true, force: false, errorOnExist: false });
  return existsSync(work) ? work : at('examples');
}
