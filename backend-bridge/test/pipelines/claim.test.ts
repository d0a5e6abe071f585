import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { parseFdl, toService } from '../../src/fdl';
import { objectEvent } from '../../src/pipeline-runs/event';
import type { IConversion } from '../../src/pipelines';
import { eventually, start, temporaryFolder, testOptions, type TestClient } from '../local-cluster/cluster';
import { convert, node, pipeline, serviceOf, textOf } from './convert-support';

jest.setTimeout(180_000);

const folder = temporaryFolder();
let cluster: ILocalCluster;
let client: TestClient;

beforeAll(async () => {
  ({ cluster, client } = await start(testOptions(temporaryFolder(), { memory: 4 * 2 ** 30, cpus: 4 })));
});
afterAll(() => cluster?.close());

interface IDeployed {
  conversion: IConversion;
  /** A service and its child; each notes in a file of its own that it works. */
  service: string;
  child: string;
  worked(name: 'a' | 'b'): string[];
}

async function deploy(name: string, command: string): Promise<IDeployed> {
  const file = (id: string): string => join(folder, `${name}-${id}`);
  const conversion = convert(
    pipeline(
      [
        node('a', {
          command: `echo $$ >> ${file('a')}; ${command}; echo a > a.txt`,
          outputs: ['a.txt'],
          variables: { OSCAR_CLAIM_LEASE: '6' }
        }),
        node('b', { command: `echo $$ >> ${file('b')}; cat a.txt`, variables: { OSCAR_CLAIM_LEASE: '6' } })
      ],
      ['a>b'],
      { name, options: { runtime: 'process' } }
    )
  );
  const { document } = parseFdl(conversion.fdl);
  for (const entry of document.oscar) {
    const service = toService(entry, { document, script: textOf(conversion, String(entry.service.script)) });
    expect((await client.call('POST', '/system/services', { ...service })).status).toBe(201);
  }
  return {
    conversion,
    service: serviceOf(conversion, 'a'),
    child: serviceOf(conversion, 'b'),
    worked: id => {
      try {
        return readFileSync(file(id), 'utf8').trim().split('\n');
      } catch {
        return [];
      }
    }
  };
}

async function put(bucket: string, key: string, body: string): Promise<void> {
  const link = await client.call('POST', `/system/buckets/${bucket}/presign`, { object_key: key, operation: 'upload' });
  expect((await fetch(link.json<{ url: string }>().url, { method: 'PUT', body })).status).toBe(200);
}

/** The event of the start object, delivered by hand: the object store does so again when the answer to the first was lost. */
async function deliver(service: string, event: string): Promise<void> {
  const token = await client.token(service);
  const answer = await client.call('POST', `/job/${service}`, JSON.parse(event), { Authorization: `Bearer ${token}` });
  expect(answer.status).toBe(201);
}

async function jobs(service: string): Promise<Record<string, { status: string }>> {
  return (await client.call('GET', `/system/logs/${service}`)).json<{ jobs: Record<string, { status: string }> }>()
    .jobs;
}

async function allEnded(service: string, count: number): Promise<string[]> {
  const found = await eventually(
    async () => {
      const entries = Object.entries((await jobs(service)) ?? {});
      const over = entries.filter(([, job]) => job.status === 'Succeeded' || job.status === 'Failed');
      return over.length === count && over.length === entries.length && over;
    },
    `${count} jobs of ${service} end`,
    60_000
  );
  return Promise.all(found.map(async ([name]) => (await client.call('GET', `/system/logs/${service}/${name}`)).text));
}

const eventOf = (bucket: string, run: string): string =>
  objectEvent({ bucket, key: `in/${run}.json`, size: 10, etag: 'x' });

it('an event that comes three times while its node runs: the node works once, and so does what comes after it', async () => {
  const { service, child, worked } = await deploy('thrice', 'sleep 8');
  await put(service, 'in/r1.json', JSON.stringify({ run: 'r1' }));
  await eventually(async () => worked('a').length > 0, 'the node works');
  const event = eventOf(service, 'r1');
  await deliver(service, event);
  await deliver(service, event);
  const logs = await allEnded(service, 3);
  expect(logs.filter(log => log.includes('another job'))).toHaveLength(2);
  await allEnded(child, 1);
  expect([worked('a').length, worked('b').length]).toEqual([1, 1]);
  // Late, too.
  await deliver(service, event);
  expect((await allEnded(service, 4)).filter(log => log.includes('done already'))).toHaveLength(1);
  expect(worked('a')).toHaveLength(1);
});

it('three deliveries at the same moment: one works', async () => {
  const { service, child, worked } = await deploy('moment', 'sleep 3');
  const body = JSON.stringify({ run: 'r1' });
  const event = eventOf(service, 'r1');
  await Promise.all([put(service, 'in/r1.json', body), deliver(service, event), deliver(service, event)]);
  await allEnded(service, 3);
  await allEnded(child, 1);
  expect([worked('a').length, worked('b').length]).toEqual([1, 1]);
});

it('a job that died without a word does not stand in the way of the next', async () => {
  const { service, child, worked } = await deploy('dead', `[ -f ${join(folder, 'again')} ] || sleep 1000`);
  await put(service, 'in/r1.json', JSON.stringify({ run: 'r1' }));
  const [pid] = await eventually(async () => worked('a').length > 0 && worked('a'), 'the node works');
  // The whole job at once, as when its machine is switched off: nobody takes its claim back.
  const group = execFileSync('ps', ['-o', 'pgid=', '-p', pid], { encoding: 'utf8' }).trim();
  execFileSync('touch', [join(folder, 'again')]);
  process.kill(-Number(group), 'SIGKILL');
  await deliver(service, eventOf(service, 'r1'));
  const logs = await allEnded(service, 2);
  expect(logs.filter(log => log.includes('no sign of life'))).toHaveLength(1);
  await allEnded(child, 1);
  expect([worked('a').length, worked('b').length]).toEqual([2, 1]);
});

it('a node that failed works again when it is asked for anew, and not when the same event comes once more', async () => {
  const { service, worked } = await deploy('failing', 'exit 3');
  await put(service, 'in/r1.json', JSON.stringify({ run: 'r1' }));
  await allEnded(service, 1);
  await put(service, 'in/r1.json', JSON.stringify({ run: 'r1' }));
  await allEnded(service, 2);
  expect(worked('a')).toHaveLength(2);
  const event = eventOf(service, 'r1');
  await deliver(service, event);
  await allEnded(service, 3);
  expect(worked('a')).toHaveLength(3);
  await deliver(service, event);
  await allEnded(service, 4);
  expect(worked('a')).toHaveLength(3);
});
