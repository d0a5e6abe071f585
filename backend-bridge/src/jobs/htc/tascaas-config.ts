import { isAbsolute, join } from 'node:path';
import type { IConfigured } from '../mapreduce/marla-config';
import { invalid } from '../mapreduce/places';

/**
 * TaScaaS's job file `input/<name>.config`: JSON with `iterations`, `time` (s; 0 or less: counts never change), `inputFile` and
 * perhaps `initWorkers`.
 *
 * @param folder Where `inputFile` is looked for; absent: an absolute path is needed, or input given with the request.
 * @throws BridgeError for files that TaScaaS would not take either.
 */
export function readTascaasConfig(text: string, folder: string | undefined): IConfigured {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw invalid(`The TaScaaS configuration is not JSON: ${(error as Error).message}.`);
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw invalid('The TaScaaS configuration is not a JSON object.');
  }
  const { iterations, time, inputFile, initWorkers, ...others } = read as Record<string, unknown>;
  const whole = (name: string, value: unknown, least: number): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      throw invalid(
        `\`${name}\` of the TaScaaS configuration is ${shown(value)}.`,
        `It must be a whole number, at least ${least}.`
      );
    }
    return value;
  };
  if (typeof time !== 'number' || !Number.isFinite(time)) {
    throw invalid(`\`time\` of the TaScaaS configuration is ${shown(time)}.`, 'Give seconds; 0 or less: not balanced.');
  }
  if (inputFile !== undefined && typeof inputFile !== 'string') {
    throw invalid(`\`inputFile\` of the TaScaaS configuration is ${shown(inputFile)}.`, 'Give the name of a file.');
  }
  const path =
    inputFile === undefined || isAbsolute(inputFile) || folder === undefined ? inputFile : join(folder, inputFile);
  const reachable = path !== undefined && isAbsolute(path);
  const unknown = Object.keys(others);
  return {
    fields: {
      htc: {
        iterations: whole('iterations', iterations, 0),
        time,
        ...(initWorkers === undefined ? {} : { initWorkers: whole('initWorkers', initWorkers, 1) })
      },
      ...(reachable ? { input: [{ file: { path } }] } : {})
    },
    notes: [
      ...(unknown.length > 0 ? [`The TaScaaS configuration has fields that mean nothing: ${unknown.join(', ')}.`] : []),
      ...(inputFile !== undefined && !reachable
        ? [`\`inputFile\` “${inputFile}” was not looked for: the job has no folder to look in.`]
        : [])
    ]
  };
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 50);
}
