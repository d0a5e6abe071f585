/** Each call that has to do with a secret fails once: nothing is left behind, and what was there holds. */
import { sdk } from '../../src/scar/sdk';
import { sample } from '../sample';
import { providers, text, useStage, WITHOUT } from './secrets-stage';
import { denied, describeAws, type ICallSeen } from './support';

describeAws('credentials of storage providers, when a call fails', () => {
  const stage = useStage();

  async function left(): Promise<string[]> {
    const clients = stage.moto.clients();
    const [functions, groups, buckets, repositories] = await Promise.all([
      clients.lambda().send(new (sdk.lambda().ListFunctionsCommand)({})),
      clients.logs().send(new (sdk.logs().DescribeLogGroupsCommand)({})),
      clients.s3().send(new (sdk.s3().ListBucketsCommand)({})),
      clients.ecr().send(new (sdk.ecr().DescribeRepositoriesCommand)({}))
    ]);
    return [
      ...(functions.Functions ?? []).map(item => `function ${item.FunctionName}`),
      ...(groups.logGroups ?? []).map(item => `log group ${item.logGroupName}`),
      ...(buckets.Buckets ?? []).map(item => `bucket ${item.Name}`),
      ...(repositories.repositories ?? []).map(item => `repository ${item.repositoryName}`),
      ...((await stage.secret()) ? ['secret'] : [])
    ];
  }
  const ALL = ['function grey', 'log group /aws/lambda/grey', 'bucket grey-bucket', 'repository grey', 'secret'];

  it.each(['denied', 'lost'] as const)(
    'nothing is left, or all is there: each call is %s once',
    async how => {
      await stage.room.apply(text());
      const total = stage.proxy.calls.length;
      expect(stage.proxy.calls.map(call => call.operation)).toEqual(
        expect.arrayContaining(['DescribeSecret', 'CreateSecret'])
      );
      const wrong: string[] = [];
      for (const index of sample(total)) {
        await stage.room.close();
        await stage.begin();
        let failed: ICallSeen | undefined;
        stage.proxy.fate = (call, at) => {
          if (at !== index) {
            return 'pass';
          }
          failed = call;
          return how === 'lost' ? 'lose' : denied(call);
        };
        const problem = await stage.room.apply(text()).then(
          () => undefined,
          (error: unknown) => (error as { problem?: { detail: string } }).problem ?? { detail: String(error) }
        );
        stage.proxy.fate = () => 'pass';
        const there = await left();
        const version = problem === undefined ? (await stage.variables())['SCAR_SECRET_VERSION'] : undefined;
        if (
          there.join() !== (problem === undefined ? ALL : []).join() ||
          stage.room.journals().length > 0 ||
          version !== (await stage.secret())?.version
        ) {
          wrong.push(
            `${index} ${failed?.service} ${failed?.operation}: ${problem?.detail ?? 'done'} → ${there.join(', ')}`
          );
        }
      }
      expect(wrong).toEqual([]);
    },
    600_000
  );

  it('a change is done or taken back: each call is denied once', async () => {
    const key = 'another-key-of-the-test';
    await stage.room.apply(text());
    stage.proxy.calls.length = 0;
    await stage.room.apply(text(key));
    const total = stage.proxy.calls.length;
    const wrong: string[] = [];
    for (const index of sample(total)) {
      await stage.room.close();
      await stage.begin();
      await stage.room.apply(text());
      const before = [await stage.secret(), await stage.variables()] as const;
      stage.proxy.calls.length = 0;
      let failed: ICallSeen | undefined;
      stage.proxy.fate = (call, at) => {
        if (at !== index) {
          return 'pass';
        }
        failed = call;
        return denied(call);
      };
      const problem = await stage.room.apply(text(key)).then(
        () => undefined,
        (error: unknown) => error
      );
      stage.proxy.fate = () => 'pass';
      const after = [await stage.secret(), await stage.variables()] as const;
      const right =
        problem === undefined
          ? after[1]['SCAR_SECRET_VERSION'] === after[0]?.version && JSON.stringify(after[0]).includes(key)
          : JSON.stringify(after) === JSON.stringify(before);
      if (!right || stage.room.journals().length > 0) {
        wrong.push(`${index} ${failed?.service} ${failed?.operation}: ${String(problem ?? 'done')}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 300_000);

  it('a change is taken back', async () => {
    await stage.room.apply(text());
    const before = await stage.secret();
    const env = await stage.variables();
    stage.proxy.fate = call =>
      call.service === 'lambda' &&
      call.operation.startsWith('PUT') &&
      call.body.includes('SCAR_SECRET_VERSION') &&
      !call.body.includes(String(before?.version))
        ? denied(call)
        : 'pass';
    await expect(stage.room.apply(text('another-key-of-the-test'))).rejects.toMatchObject({
      problem: { type: expect.stringContaining('forbidden') }
    });
    expect(await stage.secret()).toEqual(before);
    expect(await stage.variables()).toEqual(env);
    expect(stage.room.journals()).toEqual([]);
    expect(stage.readable()).not.toContain('another-key-of-the-test');
  });

  it('one that goes comes back when a later function fails', async () => {
    await stage.room.apply(text());
    const later = WITHOUT.replace(/^[\s\S]*aws:\n/, '').replaceAll('grey', 'later');
    stage.proxy.fate = call =>
      call.operation === 'POST /2015-03-31/functions' && call.body.includes('later') ? denied(call) : 'pass';
    await expect(stage.room.apply(`${WITHOUT}${later}`)).rejects.toBeDefined();
    expect((await stage.secret())?.value).toEqual(providers());
    expect((await stage.variables())['SCAR_SECRET_ID']).toBe('scar/grey');
  });
});
