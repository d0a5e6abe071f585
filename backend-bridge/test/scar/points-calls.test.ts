/** The defects of SCAR that are not repeated here, one test each (numbers as in the list of the reference). */
import { sdk } from '../../src/scar/sdk';
import { useAccount } from './account';
import { describeAws, fdl, WITH_API } from './support';

describeAws('what SCAR does wrong when it calls', () => {
  const aws = useAccount();

  it('4: each object gets an event of its own, with its time; the first call waits', async () => {
    await aws.room.apply(fdl());
    const s3 = aws.moto.clients().s3();
    const keys = ['in/one.txt', 'in/two words.txt', 'in/100%+é.txt'];
    for (const Key of keys) {
      await s3.send(new (sdk.s3().PutObjectCommand)({ Bucket: 'grey-bucket', Key, Body: 'x' }));
    }
    aws.proxy.calls.length = 0;
    aws.proxy.fate = call =>
      call.path.endsWith('/invocations') ? { status: 200, body: '{"statusCode": 200, "body": ""}' } : 'pass';
    await aws.room.scar.process('grey', {}, { onSteps: () => undefined });
    const events = aws.proxy.calls
      .filter(call => call.path.endsWith('/invocations'))
      .map(
        call =>
          (JSON.parse(call.body) as { Records: { eventTime: string; s3: { object: { key: string } } }[] }).Records[0]
      );
    expect(events.map(event => decodeURIComponent(event.s3.object.key.replaceAll('+', ' '))).sort()).toEqual(
      [...keys].sort()
    );
    expect(events.every(event => !Number.isNaN(Date.parse(event.eventTime)))).toBe(true);
  });

  it('4: a function whose first call fails is not called for the rest', async () => {
    await aws.room.apply(fdl());
    for (const Key of ['in/1', 'in/2', 'in/3']) {
      await aws.moto
        .clients()
        .s3()
        .send(new (sdk.s3().PutObjectCommand)({ Bucket: 'grey-bucket', Key, Body: 'x' }));
    }
    aws.proxy.calls.length = 0;
    aws.proxy.fate = call =>
      call.path.endsWith('/invocations')
        ? { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: '{"errorMessage": "no script"}' }
        : 'pass';
    await expect(aws.room.scar.process('grey', {}, { onSteps: () => undefined })).rejects.toMatchObject({
      problem: { cause: expect.stringContaining('no script') }
    });
    expect(aws.proxy.calls.filter(call => call.path.endsWith('/invocations'))).toHaveLength(1);
  });

  it('8: JSON is sent as JSON', async () => {
    await aws.room.apply(fdl('grey', '', WITH_API));
    let sent = '';
    let type: string | undefined;
    aws.proxy.fate = call => {
      if (call.path.includes('_user_request_')) {
        sent = call.body;
        type = call.method;
        return { status: 200, body: Buffer.from('fine').toString('base64') };
      }
      return 'pass';
    };
    const answer = await aws.room.scar.invoke('grey', { request: { via: 'api', json: { a: [1, 'é'] } } });
    expect(JSON.parse(sent)).toEqual({ a: [1, 'é'] });
    expect(type).toBe('POST');
    expect(answer).toMatchObject({ state: 'succeeded', text: 'fine' });
  });
});
