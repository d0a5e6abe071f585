import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPipeline, type ICallPaths, type IPipelineNode } from '../../src/pipelines';
import { convert, node, pipeline, serviceOf } from './convert-support';
import { Bench } from './script-support';

jest.setTimeout(120_000);

const benches: Bench[] = [];
const servers: Server[] = [];
afterAll(async () => {
  servers.forEach(server => server.close());
  await Promise.all(benches.map(one => one.close()));
});

interface ICallSeen {
  url?: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What stands at the address of a cluster: notes what comes and answers as it is told. */
async function clusterThat(
  answer: (call: ICallSeen) => { status?: number; body?: string }
): Promise<{ url: string; calls: ICallSeen[] }> {
  const calls: ICallSeen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const call = { url: request.url, headers: request.headers, body };
      calls.push(call);
      const { status = 200, body: text = '' } = answer(call);
      response.writeHead(status).end(text);
    });
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

async function calling(call: IPipelineNode['call'], more: Partial<IPipelineNode> = {}): Promise<Bench> {
  const nodes = [
    node('a', { command: 'echo one > 1.txt', outputs: ['1.txt'] }),
    node('call', { kind: 'service', call, ...more }),
    node('z', { command: 'find . -name "[a-z1]*.*" -type f | sort > all', outputs: ['all'] })
  ];
  const place = await Bench.start(convert(pipeline(nodes, ['a>call', 'call>z'])));
  benches.push(place);
  return place;
}

const secrets = (url: string, paths: ICallPaths): Record<string, string> => ({
  OSCAR_CALL_TOKEN: 't'.repeat(64),
  OSCAR_CALL_ENDPOINT: url,
  OSCAR_CALL_PATHS: JSON.stringify(paths)
});

const PIPELINES = join(__dirname, '../../../../shared/data/pipelines');

it('AI4Compose’s cowsay: the text of the node is what is sent, and the answer is its result', async () => {
  let text: string;
  try {
    text = readFileSync(join(PIPELINES, 'ai4-compose__v8__cowsay.pipeline'), 'utf8');
  } catch {
    console.warn('SKIPPED: the pipelines of others are not beside this repository.');
    return;
  }
  const read = readPipeline(text, { file: 'cowsay.pipeline' }).pipeline;
  if (!read) {
    throw new Error('it was not read');
  }
  const place = await Bench.start(convert(read));
  benches.push(place);
  const cow = await clusterThat(({ body }) => {
    // As the service does: the body is base64 of the file, whose message is said.
    const { message } = JSON.parse(Buffer.from(body, 'base64').toString()) as { message: string };
    return { body: `< ${message} >\n  ^__^\n` };
  });
  place.secrets = secrets(cow.url, { input: 'cowsay/input', output: ['cowsay/output'] });
  const ran = await place.drain(await place.begin('r1'));
  expect(ran.map(job => [job.code, job.code ? job.log : ''])).toEqual([[0, '']]);
  expect(cow.calls.map(({ url, body }) => [url, Buffer.from(body, 'base64').toString()])).toEqual([
    ['/run/cowsay', '{"message":"Hello world!"}']
  ]);
  expect(cow.calls[0].headers.authorization).toBe(`Bearer ${'t'.repeat(64)}`);
  const [{ service }] = place.conversion.services;
  expect(await place.text(service, 'out/run/r1/cowsay/text.txt')).toBe('< Hello world! >\n  ^__^\n');
});

it('results go to the folder that the node names, and are handed on beside what it declares', async () => {
  const place = await calling({ service: 'shout', inputs: [], folder: './found.v1/' }, { outputs: ['other.txt'] });
  const cluster = await clusterThat(() => ({ body: 'ONE!' }));
  place.secrets = secrets(cluster.url, { output: [] });
  await place.drain(await place.begin('r1'));
  expect(await place.text(serviceOf(place.conversion, 'z'), 'out/run/r1/all')).toBe('./1.txt\n./found.v1/1.txt\n');
});

it('a folder outside is not used, and the report says so', () => {
  const { report, services } = convert(
    pipeline([node('call', { kind: 'service', call: { service: 'shout', inputs: [], text: 'x', folder: '../up' } })])
  );
  expect(services).toHaveLength(1);
  const lines = report.nodes[0].items.filter(line => line.property === 'folder');
  expect(lines).toEqual([expect.objectContaining({ outcome: 'ignored', reason: expect.stringContaining('../up') })]);
});

describe('a service that is called through its folders', () => {
  /** Upper case, from one bucket to another. */
  async function listening(place: Bench): Promise<() => void> {
    const { store } = place.endpoint;
    await store.createBucket('scans');
    await store.createBucket('texts');
    const working = store.onEvent(async event => {
      if (event.bucket === 'scans') {
        const name = event.object.key.split('/').pop() ?? '';
        const text = await place.text('scans', event.object.key);
        await store.put('texts', `found/${name}.up`, Buffer.from(text.toUpperCase()));
      }
    });
    await store.setNotifications('scans', [
      { id: '1', arn: 'arn:minio:sqs::x:webhook', events: ['s3:ObjectCreated:*'], prefix: 'incoming/', suffix: '' }
    ]);
    return () => working.dispose();
  }

  it('because nothing answers at /run', async () => {
    const place = await calling({ service: 'shout', inputs: [] });
    const cluster = await clusterThat(() => ({ status: 404 }));
    place.secrets = secrets(cluster.url, { input: 'scans/incoming', output: ['texts/found'] });
    const stop = await listening(place);
    const ran = await place.drain(await place.begin('r1'));
    stop();
    expect(ran.map(job => [job.code, job.code ? job.log : ''])).toEqual(ran.map(() => [0, '']));
    expect(cluster.calls.map(call => call.url)).toEqual(['/run/shout']);
    expect(await place.text(serviceOf(place.conversion, 'call'), 'out/run/r1/shout/1.up')).toBe('ONE\n');
  });

  it('because it is exposed and listens, too', async () => {
    const place = await calling({ service: 'shout', inputs: [] });
    const cluster = await clusterThat(() => ({ status: 502 }));
    place.secrets = secrets(cluster.url, { input: 'scans/incoming', output: ['texts/found'], exposed: 'basic' });
    const stop = await listening(place);
    await place.drain(await place.begin('r1'));
    stop();
    expect(cluster.calls).toEqual([]);
    expect(await place.text(serviceOf(place.conversion, 'call'), 'out/run/r1/shout/1.up')).toBe('ONE\n');
  });

  it('is refused where it has none', async () => {
    const place = await calling({ service: 'shout', inputs: [] });
    const cluster = await clusterThat(() => ({ status: 404 }));
    place.secrets = secrets(cluster.url, { output: ['texts/found'] });
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => job.code)).toEqual([0, 1]);
    expect((await place.status('call', 'r1')).reason).toContain('no input folder');
  });
});

describe('an exposed service', () => {
  it.each([
    ['basic', `Basic ${Buffer.from(`shout:${'t'.repeat(64)}`).toString('base64')}`],
    ['bearer', `Bearer ${'t'.repeat(64)}`],
    ['none', undefined]
  ] as const)('is called at the path of the node; its door: %s', async (door, authorization) => {
    const place = await calling({ service: 'shout', inputs: [], path: '/v1/say?loud=yes' });
    const cluster = await clusterThat(({ body }) => ({ body: JSON.stringify({ said: body.trim() }) }));
    place.secrets = secrets(cluster.url, { output: [], exposed: door });
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => [job.code, job.code ? job.log : ''])).toEqual(ran.map(() => [0, '']));
    expect(cluster.calls.map(({ url, headers, body }) => [url, headers.authorization, body])).toEqual([
      ['/system/services/shout/exposed/v1/say?loud=yes', authorization, 'one\n']
    ]);
    expect(await place.text(serviceOf(place.conversion, 'call'), 'out/run/r1/shout/1.json')).toBe(
      '{"said": "one"}'.replace(' ', '')
    );
  });
});
