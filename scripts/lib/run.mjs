/** Running commands: quietly with the time they took, or with their output passed on. */
import { spawn } from 'node:child_process';
import { root } from './project.mjs';

/**
 * Runs a command; answers `{code, output, seconds}`. `inherit` passes its output on as it comes. Never throws for an exit status.
 */
export function run(command, args, { cwd = root, env = {}, inherit = false, input } = {}) {
  const began = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe']
    });
    const chunks = [];
    child.stdout?.on('data', chunk => chunks.push(chunk));
    child.stderr?.on('data', chunk => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? 128,
        signal,
        output: Buffer.concat(chunks).toString('utf8'),
        seconds: (Date.now() - began) / 1000
      })
    );
    if (input !== undefined) {
      child.stdin.end(input);
    }
  });
}

/** Runs a step of set-up or build: one line when it begins, its time when it ends, all its output when it fails. */
export async function step(title, command, args, options) {
  process.stdout.write(`  ${title} … `);
  const result = await run(command, args, options);
  if (result.code !== 0) {
    process.stdout.write('failed\n\n');
    process.stdout.write(result.output);
    throw new StepError(`${title}: "${[command, ...args].join(' ')}" ended with status ${result.code}.`);
  }
  process.stdout.write(`${result.seconds.toFixed(1)} s\n`);
  return result;
}

/** A failure that its message explains; printed without a stack. */
export class StepError extends Error {}

/** Top of each script: a StepError is one sentence, anything else is a defect with its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    console.error(error instanceof StepError ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
