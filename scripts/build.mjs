/**
 * `npm run build [-- --development] [--wheel]`: the page part (labextension), the bridge bundle and, when asked by `npm run build`, the wheel.
 */
import { pathToFileURL } from 'node:url';
import { at, bin, digest, nodeBin, once } from './lib/project.mjs';
import { main, step } from './lib/run.mjs';

const PAGE = [
  'src',
  'style',
  'schema',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'backend-bridge/src/contract',
  'backend-bridge/src/fdl',
  'backend-bridge/src/pipelines'
];
const BRIDGE = ['backend-bridge/src', 'backend-bridge/bundle.mjs', 'backend-bridge/tsconfig.json', 'package-lock.json'];

/** Builds what has changed. `development` makes a page part with source maps that is quicker to rebuild. */
export async function build({ development = false } = {}) {
  let did = await once('types', digest([...PAGE, ...BRIDGE]), [at('lib/index.js')], () =>
    step('Compiling TypeScript', nodeBin('tsc'), ['--build'])
  );
  did =
    (await once('page', digest(PAGE, String(development)), [at('jupyterlab_oscar/labextension/package.json')], () =>
      step('Building the page part', process.execPath, [
        at('node_modules/@jupyter/builder/lib/build-labextension.js'),
        '--core-package-file',
        at('node_modules/@jupyterlab/core-meta/core.package.json'),
        ...(development ? ['--development'] : []),
        at()
      ])
    )) || did;
  did =
    (await once('bridge', digest(BRIDGE), [at('jupyterlab_oscar/bridge/bridge.cjs')], () =>
      step('Bundling the bridge', process.execPath, [at('backend-bridge/bundle.mjs')])
    )) || did;
  return did;
}

/** Builds the wheel into dist/ from what is built. Needs the `.venv`. */
export function wheel(target = at('dist')) {
  return step(
    'Building the wheel',
    bin('uv'),
    ['build', '--wheel', '--no-build-isolation', '--python', bin('python'), '--out-dir', target, at()],
    {
      env: { SKIP_JUPYTER_BUILDER: '1', HATCH_JUPYTER_BUILDER_SKIP_NPM: '1' }
    }
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const development = process.argv.includes('--development');
    await build({ development });
    // Asked by the wheel's own build: the page part and the bundle are all it wants.
    if (!process.argv.includes('--no-wheel')) {
      const { setup } = await import('./setup.mjs');
      await setup({ examples: false });
      await wheel();
    }
  });
}
