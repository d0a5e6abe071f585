/**
 * Transpiles the page and JupyterLab's modules for jest with esbuild: types are checked by `tsc`, and a test starts in a second.
 */
const crypto = require('node:crypto');
const path = require('node:path');
const esbuild = require('esbuild');

const LOADERS = { '.ts': 'ts', '.tsx': 'tsx', '.js': 'js', '.mjs': 'js', '.svg': 'text' };

module.exports = {
  getCacheKey: (source, file) =>
    crypto.createHash('sha1').update(`${esbuild.version}\0${file}\0${source}`).digest('hex'),
  process: (source, file) => {
    const { code, map } = esbuild.transformSync(source, {
      loader: LOADERS[path.extname(file)] ?? 'js',
      format: 'cjs',
      target: 'node20',
      jsx: 'transform',
      sourcemap: true,
      sourcefile: file
    });
    return { code, map };
  }
};
