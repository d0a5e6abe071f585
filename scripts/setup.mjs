/**
 * Set-up of a fresh clone: npm packages, `.venv`, the build, the package in the `.venv`, the Python environment of the example
 * *ocr*. Each step runs only when what it depends on has changed, so that a second run takes a second.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { prepareExample } from './lib/examples.mjs';
import { checkNode, findPython } from './lib/machine.mjs';
import { at, bin, digest, once, venv } from './lib/project.mjs';
import { main, step } from './lib/run.mjs';

/** Where JupyterLab finds the page part: a link to what the build writes. */
const LINK = at('.venv/share/jupyter/labextensions/jupyterlab-oscar');

/** `examples: false` leaves the environment of the example out (for those who only build). */
export async function setup({ examples = true } = {}) {
  const began = Date.now();
  checkNode();
  let did = await once('npm', digest(['package-lock.json', 'package.json']), [at('node_modules')], () =>
    step('Installing npm packages', 'npm', ['ci'], { env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } })
  );
  did =
    (await once('venv', digest(['requirements/dev.txt']), [bin('jupyter'), bin('uv')], async () => {
      if (!existsSync(bin('python'))) {
        await step('Making the Python environment .venv', findPython(), ['-m', 'venv', venv]);
      }
      await step('Installing uv', bin('python'), [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        'uv'
      ]);
      await step('Installing Python packages', bin('uv'), [
        'pip',
        'install',
        '--python',
        bin('python'),
        '-r',
        at('requirements', 'dev.txt')
      ]);
    })) || did;
  did = (await build()) || did;
  did =
    (await once(
      'package',
      digest(['pyproject.toml', 'package.json', 'jupyter-config', 'ipython-startup', 'install.json']),
      [bin('jupyter-oscar')],
      async () => {
        // An earlier set-up left a link to the page part there: what the installation writes must not land behind it.
        await rm(LINK, { recursive: true, force: true });
        await step(
          'Installing the extension in .venv',
          bin('uv'),
          ['pip', 'install', '--python', bin('python'), '--no-deps', '--no-build-isolation', '--editable', at()],
          {
            env: { SKIP_JUPYTER_BUILDER: '1', HATCH_JUPYTER_BUILDER_SKIP_NPM: '1' }
          }
        );
        // What was installed is a copy; the next step puts the link in its place.
        await rm(LINK, { recursive: true, force: true });
      }
    )) || did;
  did =
    (await once('labextension', digest(['package.json']), [join(LINK, 'package.json')], () =>
      step('Linking the page part', bin('jupyter-builder'), ['develop', '--overwrite', at()])
    )) || did;
  if (examples) {
    did = (await prepareExample('ocr')) || did;
  }
  if (did) {
    console.log(`Set up in ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  }
  return did;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    if (!(await setup())) {
      console.log('Everything is set up already.');
    }
  });
}
