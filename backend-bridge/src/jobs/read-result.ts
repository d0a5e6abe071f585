import type { ComputeResultPage } from '../contract';
import type { IStore } from './engine/engine';
import type { JobJournal } from './engine/journal';
import { committedParts } from './engine/parts-of-before';
import type { CreatePlanner } from './engine/plan';
import type { IJobRecord } from './engine/records';

/** A page of the result of a job that has succeeded. */
export async function readResult(
  job: { record: IJobRecord; journal: JobJournal; folder: string; store: IStore },
  createPlanner: CreatePlanner,
  page: { offset: number; limit: number }
): Promise<ComputeResultPage> {
  const { record, journal, folder, store } = job;
  if (record.spec.sampleOnly === true) {
    const pairs = record.sample?.pairs ?? [];
    return { total: pairs.length, items: pairs.slice(page.offset, page.offset + page.limit), files: [] };
  }
  const planner = await createPlanner({
    job: record.id,
    spec: record.spec,
    store: store.place,
    folder,
    workers: 1,
    startCost: 0,
    minPart: 0,
    note: () => undefined,
    signal: new AbortController().signal
  });
  const phases = journal.phases(record.id);
  const last = phases[phases.length - 1];
  const committed = committedParts(journal, record.id, last.number);
  return planner.read(planner.restore(last.name, last.data), committed, page.offset, page.limit);
}
