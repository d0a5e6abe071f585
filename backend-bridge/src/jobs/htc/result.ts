import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ICommittedPart, IJobOutcome, IPlanContext, IResultPage } from '../engine/plan';
import { LinePages, lineBatchesOf } from '../mapreduce/lines';
import { Below, FolderFiles, Several, type IStoreFiles } from '../mapreduce/store-files';
import { checkThere, type ITarget } from '../mapreduce/target';
import { shownValue } from '../mapreduce/values';

interface IResultOptions {
  context: IPlanContext;
  store: IStoreFiles;
  target: ITarget | undefined;
}

interface IResultRecord {
  where: 'output' | 'job';
  /** Values, lines of `values.jsonl`. */
  total: number;
  files: { name: string; size: number }[];
}

const RECORD = 'result.json';
const VALUES = 'values.jsonl';
const MERGED = 'merged';
const pages = new LinePages();

/** The result of an htc job: what the tasks returned, in the order of the work, and the files they wrote. */
export class HtcResult {
  constructor(private readonly _options: IResultOptions) {
    this._own = new FolderFiles(_options.context.folder);
  }

  async finish(committed: readonly ICommittedPart[]): Promise<IJobOutcome> {
    const { context, store, target } = this._options;
    const merged = new Below(this._own, MERGED);
    const total = await this._values(committed, merged);
    const files = outputs(committed);
    const record: IResultRecord = { where: 'job', total, files };
    if (target !== undefined) {
      const values = { name: VALUES, size: (await merged.size(VALUES)) ?? 0 };
      const from = new Several(new Map([[VALUES, merged]]), new Below(store, 'out'));
      await target.publish(from, {
        job: context.job,
        kind: 'htc',
        ...(context.spec.name === undefined ? {} : { name: context.spec.name }),
        finishedAt: new Date().toISOString(),
        results: total,
        files: [values, ...files]
      });
      record.where = 'output';
    }
    await this._own.write(RECORD, Buffer.from(JSON.stringify(record)));
    return { results: total, output: target?.shown ?? join(context.folder, MERGED) };
  }

  async read(offset: number, limit: number): Promise<IResultPage> {
    const { context, store, target } = this._options;
    const record = JSON.parse(await readFile(join(context.folder, RECORD), 'utf8')) as IResultRecord;
    const inOutput = record.where === 'output' && target !== undefined;
    if (inOutput) {
      await checkThere(target);
    }
    const values = inOutput ? target.files : new Below(this._own, MERGED);
    const others = inOutput ? target.files : new Below(store, 'out');
    const lines = await pages.page([{ name: VALUES, lines: record.total }], values, context.job, offset, limit);
    return {
      total: record.total,
      items: lines.map(line => shownValue(JSON.parse(line))),
      files: record.files.map(({ name, size }) => {
        const path = others.path(name);
        return { name, ...(path === undefined ? {} : { path }), size };
      })
    };
  }

  /** All values in one file, in the order of the work. */
  private async _values(committed: readonly ICommittedPart[], into: IStoreFiles): Promise<number> {
    const { store } = this._options;
    let total = 0;
    const told = async function* (): AsyncGenerator<string[]> {
      for (const part of [...committed].sort((a, b) => a.first - b.first)) {
        if (part.values && part.values.length > 0) {
          yield part.values.map(value => JSON.stringify(value));
        }
        for (const file of part.files.filter(one => one.name.startsWith('values/'))) {
          yield* lineBatchesOf(await store.read(file.name));
        }
      }
    };
    const lines = async function* (): AsyncGenerator<Buffer> {
      for await (const batch of withoutSeams(told())) {
        total += batch.length;
        yield Buffer.from(`${batch.join('\n')}\n`);
      }
    };
    await into.write(VALUES, Readable.from(lines()));
    return total;
  }

  private readonly _own: FolderFiles;
}

const NOTHING = /^\{"first":(\d+),"count":(\d+),"value":null\}$/;
const ENDS = ',"value":null}';
/** Lines that are handed on together, at the least. */
const TOGETHER = 1000;

/** Neighbours without a value are one line, wherever ranges were cut: the result does not show who did what. */
async function* withoutSeams(batches: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  let open: { first: number; count: number } | undefined;
  let lines: string[] = [];
  const close = (): void => {
    if (open) {
      lines.push(JSON.stringify({ ...open, value: null }));
      open = undefined;
    }
  };
  for await (const batch of batches) {
    for (const line of batch) {
      const [first, count] = line.endsWith(ENDS) ? (NOTHING.exec(line) ?? []).slice(1).map(Number) : [];
      if (first !== undefined && open && open.first + open.count === first) {
        open.count += count;
        continue;
      }
      close();
      if (first === undefined) {
        lines.push(line);
      } else {
        open = { first, count };
      }
    }
    if (lines.length >= TOGETHER) {
      yield lines;
      lines = [];
    }
  }
  close();
  if (lines.length > 0) {
    yield lines;
  }
}

/** Files that tasks wrote through `ctx.out`, with names relative to it. */
function outputs(committed: readonly ICommittedPart[]): { name: string; size: number }[] {
  return committed
    .flatMap(part => part.files)
    .filter(file => file.name.startsWith('out/'))
    .map(file => ({ name: file.name.slice('out/'.length), size: file.size }));
}
