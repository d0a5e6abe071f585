import { writeFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../../src/contract';
import { Operations } from '../../src/server/operations';
import { cleanUp, temporaryFolder, until } from './harness';

const silent = { info: () => undefined, warning: () => undefined, error: () => undefined };

function journal(folder: string, boot: string, changes: Operation[] = []): Operations {
  return new Operations({
    folder,
    boot,
    log: silent,
    onChange: operation => changes.push(operation),
    toProblem: error => ({
      type: 'urn:jupyterlab-oscar:problem:test',
      title: 'Failed',
      status: 500,
      detail: String(error)
    })
  });
}

afterEach(cleanUp);

const step = (name: string, state: 'running' | 'done'): Operation['steps'][number] => ({
  action: 'create',
  kind: 'service',
  name,
  state
});

test('tells its steps with growing revisions, and is remembered', async () => {
  const folder = temporaryFolder();
  const changes: Operation[] = [];
  const operations = journal(folder, 'a1', changes);
  let finish = (): void => undefined;
  const gate = new Promise<void>(resolve => (finish = resolve));
  const begun = operations.start({ kind: 'apply', title: 'Apply', cluster: 'edge' }, async handle => {
    handle.steps([step('ocr', 'running')]);
    await gate;
    handle.services(['ocr']);
    handle.steps([step('ocr', 'done')]);
  });
  expect(begun).toMatchObject({ state: 'running', revision: 1, steps: [] });
  expect(operations.running).toBe(1);
  const first = await operations.wait(begun.id, { since: 1, wait: 5 });
  expect(first.steps).toEqual([step('ocr', 'running')]);
  const waiting = operations.wait(begun.id, { since: first.revision, wait: 5 });
  finish();
  expect((await waiting).revision).toBeGreaterThan(first.revision);
  await until('the end', () => operations.running === 0);
  expect(operations.get(begun.id)).toMatchObject({ state: 'done', services: ['ocr'], steps: [step('ocr', 'done')] });
  expect(changes.map(change => change.revision)).toEqual([1, 2, 3, 4, 5]);
  await operations.close(100);
  const again = journal(folder, 'a2');
  expect(again.list()).toEqual([expect.objectContaining({ id: begun.id, state: 'done', revision: 5 })]);
  await again.close(100);
});

test('what it throws becomes its problem', async () => {
  const operations = journal(temporaryFolder(), 'a1');
  const { id } = operations.start({ kind: 'apply', title: 'Apply' }, () => Promise.reject(new Error('no room')));
  expect(await operations.wait(id, { since: 1, wait: 5 })).toMatchObject({
    state: 'failed',
    problem: { detail: 'Error: no room' }
  });
  await operations.close(100);
});

test('waiting ends with its time, and with the caller', async () => {
  const operations = journal(temporaryFolder(), 'a1');
  const { id } = operations.start(
    { kind: 'apply', title: 'Apply' },
    handle =>
      new Promise((_resolve, reject) => handle.signal.addEventListener('abort', () => reject(new Error('aborted'))))
  );
  expect(await operations.wait(id, { since: 1, wait: 0.05 })).toMatchObject({ revision: 1 });
  const controller = new AbortController();
  const waiting = operations.wait(id, { since: 1, wait: 30, signal: controller.signal });
  controller.abort();
  expect(await waiting).toMatchObject({ revision: 1 });
  await operations.close(1000);
  expect(operations.running).toBe(0);
});

test('one whose bridge is gone is interrupted; one of another living bridge is left alone', async () => {
  const folder = temporaryFolder();
  const living = journal(folder, 'b1');
  // Work that does not heed the signal is given up at the end.
  const { id } = living.start({ kind: 'apply', title: 'Lives' }, () => new Promise(() => undefined));
  const other = journal(folder, 'b2');
  expect(other.get(id)).toMatchObject({ state: 'running' });
  await other.close(10);
  await living.close(10);
  const third = journal(folder, 'b3');
  expect(third.get(id)).toMatchObject({
    state: 'interrupted',
    problem: { type: 'urn:jupyterlab-oscar:problem:interrupted' }
  });
  await third.close(10);
  expect(readdirSync(join(folder, 'instances'))).toEqual([]);
});

test('a damaged journal is put aside', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'operations.db'),
    'this is no database at all, but long enough to be read as one'.repeat(100)
  );
  const operations = journal(folder, 'a1');
  expect(operations.list()).toEqual([]);
  await operations.close(10);
  expect(readdirSync(folder).some(name => name.startsWith('operations.db.damaged-'))).toBe(true);
});
