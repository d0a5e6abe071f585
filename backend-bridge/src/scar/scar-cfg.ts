import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FdlMap, FdlValue } from '../fdl';
import { refused } from './errors';

/** `~/.scar/scar.cfg` as SCAR 4 writes it: defaults of the functions, below those of an FDL. */
export class ScarConfig {
  constructor(
    readonly path: string,
    private readonly _value: FdlMap
  ) {}

  /** Defaults of an item of `functions.aws`, as the file has them. */
  get aws(): FdlMap {
    return asMap(this._value['aws']);
  }

  get storageProviders(): FdlMap {
    return asMap(this._value['storage_providers']);
  }

  get role(): string | undefined {
    return text(asMap(this.aws['iam'])['role']);
  }

  get region(): string | undefined {
    return text(asMap(this.aws['lambda'])['region']);
  }

  /** Reads it anew each time: it is small, and people edit it. @throws BridgeError when it is no JSON. */
  static read(env: NodeJS.ProcessEnv = process.env): ScarConfig {
    const path = join(env['SCAR_CONFIG_FOLDER'] ?? join(env['HOME'] ?? homedir(), '.scar'), 'scar.cfg');
    let content: string;
    try {
      content = readFileSync(path, 'utf8');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
        return new ScarConfig(path, {});
      }
      throw refused(`The configuration of SCAR (${path}) cannot be read.`, 'Check its permissions.');
    }
    try {
      return new ScarConfig(path, asMap(JSON.parse(content) as FdlValue));
    } catch (error) {
      if (error instanceof SyntaxError) {
        throw refused(
          `The configuration of SCAR (${path}) is not JSON: ${error.message}.`,
          'Correct it, or remove it: "scar" makes a new one.'
        );
      }
      throw error;
    }
  }
}

/** The value, where it is a mapping. */
export function asMap(value: FdlValue | undefined): FdlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** A text that says something. */
export function text(value: FdlValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** Mappings are merged, everything else of `over` stands: lists replace, they are not put together. */
export function merged(under: FdlMap, over: FdlMap): FdlMap {
  const result: FdlMap = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    if (value === null) {
      continue;
    }
    result[key] =
      typeof value === 'object' &&
      !Array.isArray(value) &&
      typeof before === 'object' &&
      before !== null &&
      !Array.isArray(before)
        ? merged(before, value)
        : value;
  }
  return result;
}
