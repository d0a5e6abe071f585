import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Example } from '../contract';
import { BridgeError } from '../http/errors';
import { notFound } from './problem';

/** `examples.json`: the contract's examples, each with the FDL file to deploy (relative to the folder). */
const ExampleEntry = Type.Composite([Example, Type.Object({ fdl: Type.Optional(Type.String()) })]);
const ExampleList = Type.Union([Type.Array(ExampleEntry), Type.Object({ examples: Type.Array(ExampleEntry) })]);

/** The examples that come with the package. */
export class Examples {
  constructor(private readonly _folder: string | null | undefined) {}

  async list(): Promise<Example[]> {
    const entries = await this._entries();
    return entries.map(({ fdl: _fdl, ...example }) => example);
  }

  /** The FDL of an example. @throws BridgeError not-found */
  async source(name: string): Promise<{ path: string; base: string }> {
    const entry = (await this._entries()).find(item => item.name === name);
    if (!entry) {
      throw notFound('Example', name, 'The list of examples is in the launcher.');
    }
    const path = join(this._root(), entry.fdl ?? join('services', name, 'fdl.yaml'));
    return { path, base: join(path, '..') };
  }

  /** Bytes of the environments of the examples, by the text of their requirements.txt; copies of them have the same text. */
  async environments(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    if (this._folder === null || this._folder === undefined) {
      return sizes;
    }
    let entries: Static<typeof ExampleEntry>[];
    try {
      entries = await this._entries();
    } catch (error) {
      // Nobody's deployment fails because the examples are broken; opening those says so.
      if (error instanceof BridgeError) {
        return sizes;
      }
      throw error;
    }
    for (const { name, fdl, size } of entries) {
      const path = join(this._root(), fdl ?? join('services', name, 'fdl.yaml'), '..', 'requirements.txt');
      try {
        if (size !== undefined) {
          sizes.set(await readFile(path, 'utf8'), size);
        }
      } catch (error) {
        // An example without packages of its own.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          throw error;
        }
      }
    }
    return sizes;
  }

  /**
   * Copies the examples into a folder; what is there already stays as it is.
   *
   * @returns The folder that was made.
   */
  async copy(into: string): Promise<string> {
    const target = join(into, 'oscar-examples');
    await mkdir(target, { recursive: true });
    await cp(this._root(), target, { recursive: true, force: false, errorOnExist: false });
    return target;
  }

  private _root(): string {
    if (this._folder === null || this._folder === undefined) {
      throw noExamples('They do not come with this bridge.');
    }
    return this._folder;
  }

  private async _entries(): Promise<Static<typeof ExampleEntry>[]> {
    let text: string;
    try {
      text = await readFile(join(this._root(), 'examples.json'), 'utf8');
    } catch (error) {
      throw error instanceof BridgeError
        ? error
        : noExamples('Their list could not be read.', (error as Error).message);
    }
    const value: unknown = JSON.parse(text);
    if (!Value.Check(ExampleList, value)) {
      const first = Value.Errors(ExampleList, value).First();
      throw noExamples(
        'Their list is not in the form that is needed.',
        `${first?.path ?? ''} ${first?.message ?? ''}`.trim()
      );
    }
    return Array.isArray(value) ? value : value.examples;
  }
}

function noExamples(detail: string, cause?: string): BridgeError {
  return new BridgeError({
    type: 'no-examples',
    title: 'There are no examples',
    status: 404,
    detail,
    cause,
    action: 'Install the package again.'
  });
}
