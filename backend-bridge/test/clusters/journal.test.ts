import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal, type IKeptSubmission } from '../../src/clusters/journal';

const HOUR = 3_600_000;

it('the journal forgets what has been over for a day, while it is open', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-journal-'));
  const journal = new Journal(join(folder, 'state.db'));
  const kept = (id: string, done: boolean, age: number): IKeptSubmission => ({
    id,
    cluster: 'local',
    service: 's',
    done,
    revision: 1,
    createdAt: Date.now() - age,
    before: [],
    items: [
      {
        view: { file: 'x', state: 'succeeded', outputs: [], job: `job-${id}` },
        source: { name: 'x' },
        token: 't',
        uploaded: true
      }
    ]
  });
  for (const one of [kept('old', true, 25 * HOUR), kept('open', false, 25 * HOUR), kept('new', true, HOUR)]) {
    journal.save(one, [0]);
  }
  journal.expire();
  expect(['old', 'open', 'new'].map(id => journal.get(id)?.id)).toEqual([undefined, 'open', 'new']);
  expect(journal.itemOfJob('local', 'job-old')).toBeUndefined();
  expect(journal.itemOfJob('local', 'job-new')).toBeDefined();
  journal.close();
  rmSync(folder, { recursive: true, force: true });
});
