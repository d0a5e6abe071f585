import { randomUUID } from 'node:crypto';
import type { ILocalCluster } from '../../src/local-cluster/interfaces';
import { parseFdl, toService } from '../../src/fdl';
import type { IConversion, IStatus } from '../../src/pipelines';
import { eventually, SERVICE, start, temporaryFolder, testOptions, type TestClient } from '../local-cluster/cluster';
import { convert, node, pipeline, serviceOf, textOf } from './convert-support';

jest.setTimeout(300_000);

const NOTEBOOK = (cells: { source: string; tags?: string[] }[], kernel = 'python3'): string =>
  JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: kernel, display_name: kernel, language: 'python' } },
    cells: cells.map(({ source, tags = [] }) => ({
      cell_type: 'code',
      id: randomUUID().slice(0, 8),
      metadata: { tags },
      execution_count: null,
      outputs: [],
      source: source.split(/(?<=\n)/)
    }))
  });

let cluster: ILocalCluster;
let client: TestClient;

beforeAll(async () => {
  ({ cluster, client } = await start(
    testOptions(temporaryFolder(), { path: [`${__dirname}/../../../.venv/bin`], memory: 4 * 2 ** 30, cpus: 4 })
  ));
});
afterAll(() => cluster?.close());

/** Applies the FDL as somebody who knows nothing of links: one POST a service, in the order of the file. */
async function apply(conversion: IConversion, secrets: Record<string, string> = {}): Promise<void> {
  const { document } = parseFdl(conversion.fdl);
  for (const entry of document.oscar) {
    const service = toService(entry, { document, script: textOf(conversion, String(entry.service.script)) });
    const names = Object.keys(service.environment?.secrets ?? {});
    const environment = {
      variables: service.environment?.variables ?? {},
      secrets: Object.fromEntries(names.map(name => [name, secrets[name] ?? '']))
    };
    const answer = await client.call('POST', '/system/services', { ...service, environment });
    expect([answer.status, answer.text]).toEqual([201, '']);
  }
}

async function presign(bucket: string, key: string, operation: 'upload' | 'download'): Promise<string> {
  const link = await client.call('POST', `/system/buckets/${bucket}/presign`, { object_key: key, operation });
  return link.json<{ url: string }>().url;
}

async function begin(conversion: IConversion, run: string, more: object = {}): Promise<void> {
  for (const { service } of conversion.services.filter(one => one.after.length === 0)) {
    const url = await presign(service, `in/${run}.json`, 'upload');
    expect((await fetch(url, { method: 'PUT', body: JSON.stringify({ run, ...more }) })).status).toBe(200);
  }
}

async function read(bucket: string, key: string): Promise<string | undefined> {
  const answer = await fetch(await presign(bucket, key, 'download'));
  return answer.ok ? answer.text() : undefined;
}

async function done(conversion: IConversion, id: string, run: string): Promise<IStatus> {
  const service = serviceOf(conversion, id);
  const text = await eventually(() => read(service, `out/run/${run}/_status.json`), `${id} of ${run}`, 90_000);
  return JSON.parse(text) as IStatus;
}

it('notebooks with parameters run to their end, joined, started by a stranger, several runs at once', async () => {
  const result = convert(
    pipeline(
      [
        node('prepare', { filename: 'prepare data.ipynb', outputs: ['numbers.csv'], parameters: ['count'] }),
        node('sum', { filename: 'sum.py', outputs: ['sum.txt'] }),
        node('top', { filename: 'top.ipynb', outputs: ['top.txt'] }),
        node('report', { filename: 'report.ipynb', outputs: ['report.md'] })
      ],
      ['prepare>sum', 'prepare>top', 'sum>report', 'top>report'],
      { parameters: [{ name: 'count', type: 'Integer', value: 3, required: false }], options: { runtime: 'process' } }
    ),
    {
      'prepare data.ipynb': NOTEBOOK([
        { source: 'count = 1', tags: ['parameters'] },
        { source: 'print("rows", count)\nopen("numbers.csv", "w").write("\\n".join(map(str, range(1, count + 1))))' }
      ]),
      'sum.py': 'print(sum(map(int, open("numbers.csv"))), file=open("sum.txt", "w"))\n',
      'top.ipynb': NOTEBOOK(
        [{ source: 'open("top.txt", "w").write(max(open("numbers.csv"), key=int))' }],
        'a-kernel-that-is-not-here'
      ),
      'report.ipynb': NOTEBOOK([
        {
          source:
            'import os\ntext = open("sum.txt").read().strip() + " " + open("top.txt").read() + " " + os.environ["ELYRA_RUN_NAME"]'
        },
        { source: 'open("report.md", "w").write(text)' }
      ])
    }
  );
  await apply(result);
  await begin(result, 'one');
  await begin(result, 'two', { parameters: { count: 10 } });
  expect(await done(result, 'report', 'one')).toMatchObject({ code: 0, notebook: 'report.ipynb', missing: [] });
  expect(await done(result, 'report', 'two')).toMatchObject({ code: 0 });
  const report = serviceOf(result, 'report');
  expect(await read(report, 'out/run/one/report.md')).toBe('6 3 one');
  expect(await read(report, 'out/run/two/report.md')).toBe('55 10 two');
  const first = await done(result, 'prepare', 'two');
  expect(first.artifacts).toEqual(['numbers.csv', 'prepare data.ipynb', 'prepare data.log']);
  const executed = JSON.parse((await read(serviceOf(result, 'prepare'), 'out/run/two/prepare data.ipynb')) ?? '') as {
    cells: { source: string | string[]; outputs: { text?: string | string[] }[] }[];
  };
  expect([executed.cells[1].source].flat().join('')).toContain('count = 10');
  expect([executed.cells[2].outputs[0].text].flat().join('')).toBe('rows 10\n');
  expect(await read(serviceOf(result, 'prepare'), 'out/run/two/prepare data.log')).toContain('rows 10\n');
  // Two archives for each run came to the join; one job of each did its work. A job ends a moment after its last object is there.
  const jobs = await eventually(async () => {
    const answer = await client.call('GET', `/system/logs/${report}`);
    const all = Object.entries(answer.json<{ jobs: Record<string, { status: string }> }>().jobs);
    return all.every(([, job]) => job.status === 'Succeeded' || job.status === 'Failed') && all;
  }, 'the jobs of the join end');
  expect(jobs.map(([, job]) => job.status)).toEqual(Array(4).fill('Succeeded'));
  const logs = await Promise.all(
    jobs.map(async ([name]) => (await client.call('GET', `/system/logs/${report}/${name}`)).text)
  );
  expect(logs.flatMap(log => /run (\w+): report/.exec(log)?.[1] ?? []).sort()).toEqual(['one', 'two']);
});

it('a notebook that fails half way is kept as far as it went, and says which cell', async () => {
  const result = convert(
    pipeline([node('a', { filename: 'half.ipynb' }), node('b', { command: 'true' })], ['a>b'], {
      name: 'half',
      options: { runtime: 'process' }
    }),
    { 'half.ipynb': NOTEBOOK([{ source: 'print("first")' }, { source: '1 / 0' }, { source: 'print("never")' }]) }
  );
  await apply(result);
  await begin(result, 'r1');
  const status = await done(result, 'a', 'r1');
  expect(status).toMatchObject({ code: 1, notebook: 'half.ipynb', reason: expect.stringContaining('Cell 2') });
  expect(status.reason).toContain('ZeroDivisionError: division by zero');
  const executed = (await read(serviceOf(result, 'a'), 'out/run/r1/half.ipynb')) ?? '';
  expect(executed).toContain('ZeroDivisionError');
  expect(executed).toContain('first\\n');
  const jobs = (await client.call('GET', `/system/logs/${serviceOf(result, 'b')}`)).json<{ jobs: object | null }>();
  expect(Object.keys(jobs.jobs ?? {})).toEqual([]);
});

it('a service that is there is called with each file, and its answers are handed on', async () => {
  const made = await client.call('POST', '/system/services', {
    ...SERVICE,
    name: 'shout',
    log_level: 'CRITICAL',
    script: '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").up"\n',
    input: [{ storage_provider: 'minio', path: 'shout/in' }],
    output: [{ storage_provider: 'minio', path: 'shout/out' }],
    annotations: { 'jupyterlab-oscar/runtime': 'process' }
  });
  expect(made.status).toBe(201);
  const nodes = [
    node('a', { command: 'echo one > one.txt; mkdir d; echo two > "d/two 2.txt"', outputs: ['*.txt', 'd'] }),
    node('call', { kind: 'service', call: { service: 'shout', inputs: [] } }),
    node('z', { command: 'cat shout/* > all', outputs: ['all'] })
  ];
  const result = convert(pipeline(nodes, ['a>call', 'call>z'], { name: 'calls', options: { runtime: 'process' } }));
  expect(result.services[1]).toMatchObject({ calls: 'shout', secrets: [] });
  const token = await client.token('shout');
  await apply(result, { OSCAR_CALL_TOKEN: token, OSCAR_CALL_ENDPOINT: cluster.endpoint });
  await begin(result, 'r1');
  expect((await done(result, 'call', 'r1')).artifacts).toEqual(['service.log', 'shout/one.txt', 'shout/two 2.txt']);
  await done(result, 'z', 'r1');
  expect(await read(serviceOf(result, 'z'), 'out/run/r1/all')).toBe('ONE\nTWO\n');

  // Without a token the files go through the buckets of the service.
  const through = convert(pipeline(nodes, ['a>call', 'call>z'], { name: 'through', options: { runtime: 'process' } }));
  await apply(through);
  await begin(through, 'r2');
  expect(await done(through, 'call', 'r2')).toMatchObject({ code: 0 });
  await done(through, 'z', 'r2');
  expect(await read(serviceOf(through, 'z'), 'out/run/r2/all')).toBe('ONE\nTWO\n');
});
