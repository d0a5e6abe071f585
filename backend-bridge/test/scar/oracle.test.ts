/**
 * The real SCAR command line on the same account: each finds, shows and removes what the other has deployed. It is in the
 * environment of the real Infrastructure Manager, which brings it along.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sdk } from '../../src/scar/sdk';
import { haveIm, IM_PYTHON } from '../infrastructure/real-im';
import { useAccount } from './account';
import { describeAws, fdl, IMAGE, REGION, ROLE, WITH_API } from './support';

const run = promisify(execFile);
const SCAR = haveIm();
/** It asks GitHub for releases of the supervisor. */
const RUN = `
import sys
import scar.utils as utils
utils.GitHubUtils.exists_release_in_repo = staticmethod(lambda *args: True)
utils.GitHubUtils.get_latest_release = staticmethod(lambda *args: "1.5.8")
from scar.scarcli import main
sys.argv[0] = "scar"
main()
`;

(SCAR ? describeAws : describe.skip)('beside the real SCAR', () => {
  let home: string;
  let keys: { id: string; secret: string };

  const scar = async (...args: string[]): Promise<string> => {
    const script = join(home, 'run.py');
    writeFileSync(script, RUN);
    const { stdout, stderr } = await run(IM_PYTHON, [script, ...args], {
      cwd: home,
      timeout: 60_000,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        AWS_ENDPOINT_URL: aws.proxy.endpoint,
        AWS_DEFAULT_REGION: REGION,
        AWS_ACCESS_KEY_ID: keys.id,
        AWS_SECRET_ACCESS_KEY: keys.secret
      }
    }).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`scar ${args.join(' ')}: ${error.stdout}${error.stderr}`);
    });
    return `${stdout}${stderr}`;
  };

  const aws = useAccount(async ({ moto }) => {
    const { iam } = sdk;
    const client = moto.clients().iam();
    await client.send(new (iam().CreateUserCommand)({ UserName: 'me' }));
    const { AccessKey } = await client.send(new (iam().CreateAccessKeyCommand)({ UserName: 'me' }));
    keys = { id: AccessKey?.AccessKeyId ?? '', secret: AccessKey?.SecretAccessKey ?? '' };
    process.env['AWS_ACCESS_KEY_ID'] = keys.id;
    process.env['AWS_SECRET_ACCESS_KEY'] = keys.secret;
    home = mkdtempSync(join(tmpdir(), 'oscar-scar-home-'));
    mkdirSync(join(home, '.aws'));
    writeFileSync(
      join(home, '.aws', 'credentials'),
      `[default]\naws_access_key_id = ${keys.id}\naws_secret_access_key = ${keys.secret}\n`
    );
    // Its first run writes the configuration and asks for a role.
    await scar('ls').catch(() => '');
    const path = join(home, '.scar', 'scar.cfg');
    const config = JSON.parse(readFileSync(path, 'utf8').replaceAll('us-east-1', REGION)) as {
      aws: { iam: { role: string } };
      oscar?: unknown;
    };
    config.aws.iam.role = ROLE;
    config.oscar = {};
    writeFileSync(path, JSON.stringify(config));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('shows and removes what we have deployed', async () => {
    await aws.room.apply(fdl('grey', '', WITH_API));
    expect(await scar('ls')).toMatch(/^grey\s+512\s+60/m);
    const clients = aws.moto.clients();
    const { logs } = sdk;
    await clients
      .logs()
      .send(new (logs().CreateLogStreamCommand)({ logGroupName: '/aws/lambda/grey', logStreamName: 's' }));
    await clients.logs().send(
      new (logs().PutLogEventsCommand)({
        logGroupName: '/aws/lambda/grey',
        logStreamName: 's',
        logEvents: [{ timestamp: Date.now(), message: 'a line of the log\n' }]
      })
    );
    expect(await scar('log', '-n', 'grey')).toContain('a line of the log');
    const said = await scar('rm', '-n', 'grey');
    expect(said).toContain("Function 'grey' successfully deleted.");
    expect(said).toContain('Bucket notifications successfully deleted.');
    expect(said).toMatch(/API Endpoint '\w+' successfully deleted/);
    expect(await aws.room.scar.functions()).toEqual([]);
    expect(await aws.room.scar.orphans()).toEqual([]);
    // The image was not made for the function.
    const { repositories } = await clients.ecr().send(new (sdk.ecr().DescribeRepositoriesCommand)({}));
    expect(repositories?.map(item => item.repositoryName)).toEqual(['prepared']);
  }, 120_000);

  it('is read, changed and removed by us', async () => {
    writeFileSync(
      join(home, 'fdl.yaml'),
      fdl('theirs', '', '    api_gateway:\n      name: theirs-api\n').replace('      init_script: script.sh\n', '')
    );
    // It makes buckets in us-east-1 only.
    await aws.makeBucket('theirs-bucket');
    const said = await scar('init', '-f', 'fdl.yaml');
    expect(said).toContain("Function 'theirs' successfully created.");
    const [found] = await aws.room.scar.functions();
    expect(found).toMatchObject({ name: 'theirs', ours: false, memory: 512, image: IMAGE, api: { kind: 'rest' } });
    const described = await aws.room.scar.function('theirs');
    expect(described.drift).toEqual([]);
    expect(described.triggers).toEqual([{ bucket: 'theirs-bucket', prefix: 'in/', active: true }]);

    const text = fdl('theirs', '', '    api_gateway:\n      name: theirs-api\n').replace('memory: 512', 'memory: 640');
    const plan = await aws.room.plan(text);
    expect(plan.steps.filter(step => step.action !== 'keep').map(step => `${step.action} ${step.kind}`)).toEqual([
      'change function'
    ]);
    await aws.room.apply(text);
    const changed = await aws.room.scar.function('theirs');
    expect(changed).toMatchObject({ memory: 640, drift: [], triggers: [{ active: true }], api: { kind: 'rest' } });
    await aws.room.scar.remove('theirs', { onSteps: () => undefined });
    expect(await scar('ls')).not.toContain('theirs');
    expect(await aws.room.scar.orphans()).toEqual([]);
  }, 120_000);

  it('makes the same changes in AWS for the same file', async () => {
    const text = fdl('calls').replace('      init_script: script.sh\n', '');
    writeFileSync(join(home, 'fdl.yaml'), text);
    await aws.makeBucket('calls-bucket');
    aws.proxy.calls.length = 0;
    await scar('init', '-f', 'fdl.yaml');
    const theirs = aws.proxy.calls.map(call => `${call.service} ${call.operation}`);
    await scar('rm', '-n', 'calls');
    aws.proxy.calls.length = 0;
    await aws.room.apply(fdl('calls'));
    const ours = aws.proxy.calls.map(call => `${call.service} ${call.operation}`);
    console.info(`calls of a deployment: SCAR ${theirs.length}, here ${ours.length}`);
    // What changes something is the same on both sides, but for the order, the tags and the marks of folders.
    const changes = (list: string[]): string[] =>
      [
        ...new Set(
          list
            .filter(call => /(POST|PUT) .*(functions|policy|notification)/.test(call))
            .map(call => call.replace(/\/?\?.*/, ''))
        )
      ].sort();
    expect(changes(ours)).toEqual(expect.arrayContaining(changes(theirs)));
  }, 120_000);
});
