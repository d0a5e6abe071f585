import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sdk } from '../../src/scar/sdk';
import { useAccount } from './account';
import { ACCOUNT, describeAws, failing, fdl, REGION, Room, setEnvironment } from './support';

const FUNCTIONS = 1000;

/** Lambda and the tagging API with a thousand functions, in pages as AWS has them. */
async function manyFunctions(): Promise<{ endpoint: string; calls: string[]; close: () => Promise<void> }> {
  const calls: string[] = [];
  const arn = (index: number): string =>
    `arn:aws:lambda:${REGION}:${ACCOUNT}:function:f${String(index).padStart(4, '0')}`;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://aws');
      const target = String(request.headers['x-amz-target'] ?? '');
      calls.push(target || `${request.method} ${url.pathname}`);
      const send = (body: unknown): void => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (url.pathname.startsWith('/2015-03-31/functions')) {
        const from = Number(url.searchParams.get('Marker') ?? 0);
        const to = Math.min(FUNCTIONS, from + Math.min(50, Number(url.searchParams.get('MaxItems') ?? 50)));
        send({
          Functions: Array.from({ length: to - from }, (_, offset) => ({
            FunctionName: arn(from + offset)
              .split(':')
              .pop(),
            FunctionArn: arn(from + offset),
            MemorySize: 512,
            Timeout: 60
          })),
          ...(to < FUNCTIONS ? { NextMarker: String(to) } : {})
        });
      } else if (target.endsWith('GetResources')) {
        const asked = JSON.parse(Buffer.concat(chunks).toString()) as {
          PaginationToken?: string;
          ResourcesPerPage: number;
        };
        const from = Number(asked.PaginationToken || 0);
        const to = Math.min(FUNCTIONS, from + Math.min(100, asked.ResourcesPerPage));
        send({
          PaginationToken: to < FUNCTIONS ? String(to) : '',
          ResourceTagMappingList: Array.from({ length: to - from }, (_, offset) => ({
            ResourceARN: arn(from + offset),
            Tags: [{ Key: 'createdby', Value: 'scar' }]
          }))
        });
      } else {
        response.writeHead(200, { 'content-type': 'text/xml' });
        response.end(
          `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${ACCOUNT}:user/x</Arn><UserId>U</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
        );
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  };
}

describe('many functions', () => {
  it('lists a thousand with thirty calls', async () => {
    const restore = setEnvironment();
    const aws = await manyFunctions();
    const room = await Room.at(aws.endpoint);
    aws.calls.length = 0;
    const list = await room.scar.functions();
    expect(list).toHaveLength(FUNCTIONS);
    expect(new Set(list.map(item => item.name)).size).toBe(FUNCTIONS);
    expect(aws.calls.length).toBeLessThanOrEqual(30);
    await room.close();
    await aws.close();
    restore();
  });
});

describeAws('logs and credentials', () => {
  const aws = useAccount();

  it('follows a log that grows by ten thousand lines a second without loss or repetition', async () => {
    const { logs } = sdk;
    const client = aws.moto.clients().logs();
    const logGroupName = '/aws/lambda/busy';
    await client.send(new (logs().CreateLogGroupCommand)({ logGroupName }));
    await client.send(new (logs().CreateLogStreamCommand)({ logGroupName, logStreamName: 's' }));
    const stop = new AbortController();
    const seen: number[] = [];
    const total = 30_000;
    const reading = (async () => {
      for await (const piece of aws.room.scar.log('busy', { follow: true, signal: stop.signal })) {
        seen.push(...piece.split('\n').filter(Boolean).map(Number));
        if (seen.length >= total) {
          stop.abort();
        }
      }
    })();
    const begun = performance.now();
    for (let from = 0; from < total; from += 1000) {
      await client.send(
        new (logs().PutLogEventsCommand)({
          logGroupName,
          logStreamName: 's',
          logEvents: Array.from({ length: 1000 }, (_, index) => ({
            timestamp: Date.now(),
            message: String(from + index)
          }))
        })
      );
    }
    const seconds = (performance.now() - begun) / 1000;
    await reading;
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);
    expect(total / seconds).toBeGreaterThan(1000);
    console.info(`log: ${Math.round(total / seconds)} lines a second written and read`);
  }, 90_000);

  it('has nothing to say of a function that was never called', async () => {
    let all = '';
    for await (const piece of aws.room.scar.log('never', {})) {
      all += piece;
    }
    expect(all).toBe('');
  });

  it('says what is wrong with credentials', async () => {
    await aws.room.apply(fdl());
    for (const [code, type, state] of [
      ['ExpiredTokenException', 'expired', 'expired'],
      ['UnrecognizedClientException', 'unauthorized', 'failed'],
      ['AccessDeniedException', 'forbidden', 'failed'],
      ['RequestTimeTooSkewed', 'unauthorized', 'failed']
    ]) {
      aws.proxy.fate = call => failing(call, 403, code, 'not good');
      await expect(aws.room.scar.functions()).rejects.toMatchObject({
        problem: { type: expect.stringMatching(`${type}$`), action: expect.any(String) }
      });
      const again = await Room.at(aws.proxy.endpoint);
      expect((await again.scar.context()).state).toBe(state);
      await again.close();
    }
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    const without = await Room.at(aws.proxy.endpoint);
    expect(await without.scar.context()).toMatchObject({
      state: 'no-credentials',
      problem: { action: expect.stringContaining('aws configure') }
    });
    await without.close();
  });
});
