import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';

const PYTHON = join(__dirname, '../../../.venv/bin/python');

/** Runs a script of this folder with the cluster's address and keys on its stdin, and reads what it saw. */
export function runPython(script: string, cluster: ILocalCluster, more: object = {}): Promise<Record<string, unknown>> {
  if (!existsSync(PYTHON)) {
    throw new Error(`${PYTHON} is missing: run the set-up first.`);
  }
  const { endpoint, user, password } = cluster;
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, [join(__dirname, script)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_PROXY: '*', no_proxy: '*' }
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    child.once('error', reject);
    child.once('close', code => {
      // The clients print what they do; the result is the last line.
      const last = out.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0 && last.startsWith('{')) {
        resolve(JSON.parse(last) as Record<string, unknown>);
      } else {
        reject(new Error(`${script} ended with ${code}\n${out}\n${err}`));
      }
    });
    child.stdin.end(JSON.stringify({ endpoint, user, password, ...more }));
  });
}
