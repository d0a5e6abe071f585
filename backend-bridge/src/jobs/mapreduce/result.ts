import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readFile } from 'node:fs/promises';
import type { ICommittedPart, IJobOutcome, IPhasePlan, IPlanContext, IResultPage } from '../engine/plan';
import { LinePages, type ILineFile } from './lines';
import { concatenated, mergeByValue } from './merge';
import { Below, FolderFiles, type IStoreFiles } from './store-files';
import { checkThere, type IManifest, type ITarget } from './target';
import { shownPair } from './values';

interface IResultOptions {
  context: IPlanContext;
  store: IStoreFiles;
  target: ITarget | undefined;
  sort: 'key' | 'value' | 'none';
}

/** Where a finished result is, in the job's own folder. */
interface IResultRecord {
  /** `output`: in the folder the user named; `job`: in the job's own; `store`: below `out/` of the store. */
  where: 'output' | 'job' | 'store';
  files: (ILineFile & { size: number })[];
  total: number;
}

const RECORD = 'result.json';
const MERGED = 'merged';
const pages = new LinePages();

/** The result of a map-reduce job: files of JSON lines `[key, value]`, `0_results` and so on. */
export class MapReduceResult {
  constructor(private readonly _options: IResultOptions) {
    this._own = new FolderFiles(_options.context.folder);
  }

  async finish(phase: IPhasePlan, committed: readonly ICommittedPart[]): Promise<IJobOutcome> {
    const { context, store, target, sort } = this._options;
    const { top } = context.spec.mapreduce ?? {};
    const sections = phase.name === 'reduce' ? await this._sections(committed) : [];
    const asked = sections.reduce((sum, file) => sum + file.lines, 0);
    let from: IStoreFiles = new Below(store, 'out');
    let record: IResultRecord = { where: 'store', files: sections, total: asked };
    if (sections.length === 0 || (sections.length > 1 && (sort === 'value' || top !== undefined))) {
      from = new Below(this._own, MERGED);
      record = { where: 'job', ...(await this._merge(sections, from, top)) };
    }
    if (target !== undefined) {
      const manifest: IManifest = {
        job: context.job,
        kind: 'mapreduce',
        ...(context.spec.name === undefined ? {} : { name: context.spec.name }),
        finishedAt: new Date().toISOString(),
        results: record.total,
        files: record.files.map(({ name, size }) => ({ name, size }))
      };
      await target.publish(from, manifest);
      record.where = 'output';
    }
    await this._own.write(RECORD, Buffer.from(JSON.stringify(record)));
    return { results: record.total, output: target?.shown ?? shownStore(context, record.where) };
  }

  async read(offset: number, limit: number): Promise<IResultPage> {
    const { context, store, target } = this._options;
    const record = JSON.parse(await readFile(join(context.folder, RECORD), 'utf8')) as IResultRecord;
    const inOutput = record.where === 'output' && target !== undefined;
    if (inOutput) {
      await checkThere(target);
    }
    const from = inOutput
      ? target.files
      : new Below(record.where === 'job' ? this._own : store, record.where === 'job' ? MERGED : 'out');
    const lines = await pages.page(record.files, from, context.job, offset, limit);
    return {
      total: record.total,
      items: lines.map(line => shownPair(line)),
      files: record.files.map(({ name, size }) => {
        const path = from.path(name);
        return { name, ...(path === undefined ? {} : { path }), size };
      })
    };
  }

  /** The results of the sections in their order. */
  private async _sections(committed: readonly ICommittedPart[]): Promise<IResultRecord['files']> {
    const found: (IResultRecord['files'][number] & { section: number })[] = [];
    for (const part of committed) {
      for (const file of part.files) {
        const match = /^out\/((\d+)_results)$/.exec(file.name);
        if (match) {
          found.push({ name: match[1], lines: part.counters.recordsOut, size: file.size, section: Number(match[2]) });
        }
      }
    }
    return found.sort((a, b) => a.section - b.section).map(({ name, lines, size }) => ({ name, lines, size }));
  }

  /** One file of all sections; also for a job without any input, whose result is empty but there. */
  private async _merge(
    sections: readonly ILineFile[],
    into: IStoreFiles,
    top: number | undefined
  ): Promise<{ files: IResultRecord['files']; total: number }> {
    const { store, sort } = this._options;
    const names = sections.map(file => `out/${file.name}`);
    let total = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      const lines = sort === 'value' ? mergeByValue(store, names, top) : concatenated(store, names, top);
      for await (const line of lines) {
        total += 1;
        yield Buffer.from(line);
      }
    };
    await into.write('0_results', Readable.from(counted()));
    const size = (await into.size('0_results')) ?? 0;
    return { files: [{ name: '0_results', lines: total, size }], total };
  }

  private readonly _own: FolderFiles;
}

function shownStore(context: IPlanContext, where: IResultRecord['where']): string {
  const { store } = context;
  if (where === 'job') {
    return join(context.folder, MERGED);
  }
  return store.type === 'folder' ? join(store.path, 'out') : `${store.bucket}/${store.prefix}/out`;
}
