import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobJournal } from './engine/journal';

const DAY = 24 * 3600 * 1000;
/** What a job has left behind beside its result, and then all of it, is kept for so long. */
const KEEP_SHUFFLE = 7 * DAY;
const KEEP = 30 * DAY;

/** Removes what is too old of jobs that are over. */
export async function expire(
  journal: JobJournal,
  jobs: { remove: (id: string) => Promise<void>; folderOf: (id: string) => string }
): Promise<void> {
  const now = Date.now();
  for (const id of journal.endedBefore(now - KEEP)) {
    await jobs.remove(id);
  }
  for (const id of journal.endedBefore(now - KEEP_SHUFFLE)) {
    await rm(join(jobs.folderOf(id), 'shuffle'), { recursive: true, force: true });
  }
}
