import { Type, type Static } from '@sinclair/typebox';
import { addSecret } from '../http/redact';
import { readFirstLine } from './handshake';
import type { ILog } from './log';
import { toProblem } from './problem';
import { validate } from './validate';

/* Both load the embedded cluster only when they are asked for. */
/* eslint-disable @typescript-eslint/no-require-imports */

/** Runs what a subcommand does; a failure goes to stdout as `{"problem": …}`. Resolves with the exit status. */
async function run(log: ILog, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    const problem = toProblem(error, log);
    process.stdout.write(`${JSON.stringify({ problem })}\n`);
    process.stderr.write(
      `${[problem.title, problem.detail, problem.cause, problem.action].filter(Boolean).join('\n')}\n`
    );
    return 1;
  }
}

/** The embedded cluster alone; see contract/README.md. */
export function serveCommand(log: ILog): Promise<number> {
  return run(log, async () => {
    const options = await readFirstLine(process.stdin);
    // Only its first line counts: an open pipe would keep the process from ending.
    process.stdin.destroy();
    const { password } = (options ?? {}) as { password?: unknown };
    addSecret(typeof password === 'string' ? password : undefined);
    const { serve } = require('../local-cluster/serve') as typeof import('../local-cluster/serve');
    await serve(options, { print: line => process.stdout.write(`${line}\n`), log: line => log.info(line) });
  });
}

const EnvironmentOptions = Type.Object(
  {
    requirements: Type.String({ description: 'Text of requirements.txt.' }),
    python: Type.Optional(Type.String({ minLength: 1 })),
    environments: Type.Optional(Type.String({ minLength: 1 }))
  },
  { additionalProperties: false }
);

/**
 * Makes the Python environment of a service ahead of its first deploy: stdin is `{requirements, python?, environments?}`, stdout
 * `{key, folder, size, packages}`; progress goes to stderr.
 */
export function prepareEnvironmentCommand(log: ILog): Promise<number> {
  return run(log, async () => {
    const value = await readFirstLine(process.stdin);
    process.stdin.destroy();
    const { requirements, ...options } = validate<Static<typeof EnvironmentOptions>>(
      EnvironmentOptions,
      value,
      'options'
    );
    const { prepareEnvironment } = require('../local-cluster/runtime') as typeof import('../local-cluster/runtime');
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const { key, folder, size, packages } = await prepareEnvironment(requirements, {
      ...options,
      signal: controller.signal,
      onProgress: ({ progress, message }) => process.stderr.write(`${Math.round(progress * 100)} % ${message}\n`)
    });
    process.stdout.write(`${JSON.stringify({ key, folder, size, packages })}\n`);
  });
}
