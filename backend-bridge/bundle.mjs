// Makes ../jupyterlab_oscar/bridge/bridge.cjs: the bridge with all its packages in one file, and the licences of these packages beside it.
// usage: node bundle.mjs [--out FOLDER] [--dev]
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string' }, dev: { type: 'boolean', default: false } } });
const out = resolve(values.out ?? join(here, '..', 'jupyterlab_oscar', 'bridge'));
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: here,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: !values.dev,
  keepNames: values.dev,
  sourcemap: values.dev ? 'linked' : false,
  // The defaults take UMD entries whose inner requires esbuild cannot see.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning'
};

/** Packages that are loaded when an object store is used first: a file of their own, which a start need not read. */
const LAZY = ['@aws-sdk/client-s3', '@aws-sdk/lib-storage', '@aws-sdk/s3-request-presigner'];
const lazyFile = './aws.cjs';

/** The clients of AWS besides S3: a file for those who use functions on AWS. Each package in it is run when it is asked for. */
const CLIENTS = [
  ...['lambda', 'api-gateway', 'batch', 'cloudwatch', 'cloudwatch-logs', 'ec2', 'ecr', 'iam', 'secrets-manager', 'sts'],
  'resource-groups-tagging-api'
]
  .map(name => `@aws-sdk/client-${name}`)
  .concat('@aws-sdk/credential-providers');
const clientsFile = './aws-clients.cjs';

/** A quarter of the file that would be read at each start and never run. */
const leftOut = Object.fromEntries(
  ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request', 'pino'].map(name => [
    name,
    join(here, 'bundle', 'left-out.cjs')
  ])
);

const apart = {
  name: 'apart',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@aws-sdk\// }, ({ path }) => {
      if (LAZY.includes(path)) {
        return { path: lazyFile, external: true };
      }
      return CLIENTS.includes(path) ? { path, namespace: 'clients' } : undefined;
    });
    onResolve({ filter: /^\.\/aws-clients\.cjs$/, namespace: 'clients' }, ({ path }) => ({ path, external: true }));
    // Their exports have names in common: each is a property of the file.
    onLoad({ filter: /./, namespace: 'clients' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(clientsFile)})[${JSON.stringify(path)}];`
    }));
  }
};

const results = await Promise.all([
  build({
    ...common,
    entryPoints: ['src/main.ts'],
    outfile: join(out, 'bridge.cjs'),
    define: { BRIDGE_VERSION: JSON.stringify(version) },
    // Node has its own FormData; the package brings a table of all media types along.
    alias: { 'form-data': join(here, 'bundle', 'form-data.cjs'), ...leftOut },
    plugins: [apart]
  }),
  build({
    ...common,
    stdin: { contents: LAZY.map(name => `export * from ${JSON.stringify(name)};`).join('\n'), resolveDir: here },
    outfile: join(out, lazyFile)
  }),
  build({
    ...common,
    stdin: {
      contents: `module.exports = {\n${CLIENTS.map(name => `  get ${JSON.stringify(name)}() { return require(${JSON.stringify(name)}); }`).join(',\n')}\n};`,
      resolveDir: here
    },
    outfile: join(out, clientsFile)
  })
]);
const inputs = results.flatMap(result => Object.keys(result.metafile.inputs));

/** Folder of the package that a bundled file belongs to. */
function packageOf(file) {
  const parts = file.split('/');
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) {
    return undefined;
  }
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join('/');
}

const packages = [...new Set(inputs.map(packageOf).filter(Boolean))]
  .map(folder => {
    const path = join(here, folder);
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find(name => /^(licen[cs]e|copying)(\.|$)/i.test(name));
    return {
      name: manifest.name,
      version: manifest.version,
      license: manifest.license ?? 'see text',
      text: file ? readFileSync(join(path, file), 'utf8').trim() : ''
    };
  })
  .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const pages = packages.map(
  ({ name, version: number, license, text }) =>
    `${name} ${number} (${license})\n\n${text || 'The package carries no licence text.'}`
);
if (!existsSync(out)) {
  mkdirSync(out, { recursive: true });
}
writeFileSync(
  join(out, 'THIRD-PARTY-LICENSES.txt'),
  `The bridge contains these packages.\n\n${pages.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
);
const sizes = results.map(result => Object.values(result.metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0));
console.log(
  `${relative(process.cwd(), join(out, 'bridge.cjs'))}: ${sizes.map(bytes => `${(bytes / 1024).toFixed(0)} kB`).join(' + ')}, ${packages.length} packages`
);
