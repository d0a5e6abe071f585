import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { node, pipeline, serviceOf } from './convert-support';
import { benches } from './script-support';

jest.setTimeout(120_000);

const bench = benches();
const servers: Server[] = [];
afterAll(() => servers.forEach(server => server.close()));

it('nodes that are all functions of AWS hand on through S3, and one job of a join goes on', async () => {
  const place = await bench(
    pipeline(
      [
        node('a', { command: 'echo a > a', outputs: ['a'], variables: { X: 'y' } }),
        node('b', { command: 'echo "$X"; cat a > b', outputs: ['b'] }),
        node('c', { filename: 'c.py', outputs: ['c'] }),
        node('d', { command: 'cat a b c > d', outputs: ['d'] })
      ],
      ['a>b', 'a>c', 'b>d', 'c>d']
    ),
    { 'c.py': 'open("c", "w").write(open("a").read())\n' },
    { target: 'scar' }
  );
  const ran = await place.drain(await place.begin('r1'));
  const last = serviceOf(place.conversion, 'd');
  expect(ran.map(job => job.code)).toEqual([0, 0, 0, 0, 0]);
  expect(ran.filter(job => job.service === last && job.stored.length > 0)).toHaveLength(1);
  expect(await place.text(last, 'out/run/r1/d')).toBe('a\na\na\n');
});

it('archives go from a cluster to AWS and back', async () => {
  const place = await bench(
    pipeline(
      [
        node('a', { command: 'echo a > a', outputs: ['a'] }),
        node('b', { command: 'tr a b < a > b', outputs: ['b'], target: 'aws' }),
        node('c', { command: 'cat a b > c', outputs: ['c'] })
      ],
      ['a>b', 'b>c', 'a>c']
    )
  );
  const ran = await place.drain(await place.begin('r1'));
  expect(ran.map(job => job.code)).toEqual([0, 0, 0, 0]);
  expect(await place.text(serviceOf(place.conversion, 'c'), 'out/run/r1/c')).toBe('a\nb\n');
});

describe('a function that is there', () => {
  it('is called with each file', async () => {
    const seen: { url?: string; authorization?: string; body: string }[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (data: Buffer) => (text += data.toString()));
      request.on('end', () => {
        const event = JSON.parse(text) as { httpMethod: string; body: string };
        const body = Buffer.from(event.body, 'base64').toString();
        seen.push({ url: request.url, authorization: request.headers.authorization, body });
        if (body === 'bad\n') {
          response.setHeader('X-Amz-Function-Error', 'Unhandled').end('{"errorMessage":"no"}');
        } else {
          response.end(
            JSON.stringify({
              statusCode: 200,
              isBase64Encoded: true,
              body: Buffer.from(body.toUpperCase()).toString('base64')
            })
          );
        }
      });
    });
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const place = await bench(
      pipeline(
        [
          node('a', { command: 'echo ${WORD:-one} > 1.txt; echo two > 2.txt', outputs: ['*.txt'] }),
          node('f', { kind: 'function', function: { name: 'shout', region: 'eu-west-1' } })
        ],
        ['a>f']
      )
    );
    expect(place.conversion.services[1].secrets).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
    place.secrets = {
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'very-secret-key',
      AWS_ENDPOINT_URL_LAMBDA: url
    };
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => job.code)).toEqual([0, 0]);
    const f = serviceOf(place.conversion, 'f');
    expect(await place.text(f, 'out/run/r1/shout/1.txt')).toBe('ONE\n');
    expect(await place.text(f, 'out/run/r1/shout/2.txt')).toBe('TWO\n');
    expect(seen[0].url).toBe('/2015-03-31/functions/shout/invocations');
    expect(seen[0].authorization).toMatch(/Credential=AKID\/\d{8}\/eu-west-1\/lambda\/aws4_request/);
    place.env = { WORD: 'bad' };
    const bad = await place.drain(await place.begin('r2'));
    expect(bad.map(job => job.code)).toEqual([0, 1]);
    expect((await place.status('f', 'r2')).reason).toContain('shout did not take 1.txt');
    expect(bad.map(job => job.log).join()).not.toContain('very-secret-key');
  });

  it('is reached through S3 when it listens there', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { command: 'echo one > 1.txt', outputs: ['1.txt'] }),
          node('f', { kind: 'function', function: { name: 'shout', input: 'shout/in', output: 'shout/out' } })
        ],
        ['a>f']
      )
    );
    const { store, url } = place.endpoint;
    await store.createBucket('shout');
    // The function: what comes to its input goes to its output.
    const working = store.onEvent(async event => {
      if (event.bucket === 'shout' && event.object.key.startsWith('in/')) {
        const name = event.object.key.slice(3).replace('.txt', '.md');
        await store.put('shout', `out/${name}`, Buffer.from('done'));
      }
    });
    await store.setNotifications('shout', [
      { id: '1', arn: 'arn:minio:sqs::shout:webhook', events: ['s3:ObjectCreated:*'], prefix: 'in/', suffix: '' }
    ]);
    place.secrets = { AWS_ACCESS_KEY_ID: 'minio', AWS_SECRET_ACCESS_KEY: 'minio-secret-123', AWS_ENDPOINT_URL_S3: url };
    const ran = await place.drain(await place.begin('r1'));
    working.dispose();
    expect(ran.map(job => [job.code, job.code ? job.log : ''])).toEqual([
      [0, ''],
      [0, '']
    ]);
    expect(await place.text(serviceOf(place.conversion, 'f'), 'out/run/r1/shout/1.md')).toBe('done');
  });
});
