/** The defects of SCAR that are not repeated here, one test each (numbers as in the list of the reference). */
import { join } from 'node:path';
import { decodeConfig } from '../../src/scar/function-config';
import { sdk } from '../../src/scar/sdk';
import { SCRIPT, useAccount } from './account';
import { describeAws, fdl, IMAGE } from './support';

describeAws('what SCAR does wrong with Batch', () => {
  const aws = useAccount();

  it('9 and 18: Batch is described in every mode, by a job that keeps odd names', async () => {
    await aws.room.apply(fdl('grey', '      execution_mode: batch'));
    const clients = aws.moto.clients();
    const { Configuration } = await clients
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Configuration).toMatchObject({ PackageType: 'Zip', Handler: 'delegate.lambda_handler' });
    expect(decodeConfig(Configuration?.Environment?.Variables?.['FDL'])).toMatchObject({
      batch: { multi_node_parallel: { enabled: false } }
    });
    const { jobDefinitions } = await clients
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    const container = jobDefinitions?.[0].containerProperties;
    expect(container?.command?.[2]).toBe(`printf '%s' "$EVENT" | /opt/faas-supervisor/bin/supervisor`);
    expect(container?.mountPoints?.[0].readOnly).toBe(false);
    const script = container?.environment?.find(item => item.name === 'SCRIPT')?.value;
    expect(Buffer.from(script ?? '', 'base64').toString()).toBe(SCRIPT);
    expect((await aws.room.scar.function('grey')).mode).toBe('batch');
    // Deploying a changed script makes a new definition; deleting takes all that are active.
    aws.room.file('script.sh', `${SCRIPT}echo more\n`);
    await aws.room.scar.apply({
      text: fdl('grey', '      execution_mode: batch'),
      name: 'fdl.yaml',
      base: join(aws.room.folder, 'work')
    });
    await aws.room.scar.remove('grey', { onSteps: () => undefined });
    const left = await clients.batch().send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    expect(left.jobDefinitions?.filter(item => item.status === 'ACTIVE')).toEqual([]);
    expect((await clients.batch().send(new (sdk.batch().DescribeJobQueuesCommand)({}))).jobQueues).toEqual([]);
  });

  it('10: an environment that Batch calls invalid is told with its reason, and taken away', async () => {
    aws.proxy.fate = (call, _index) =>
      call.path === '/v1/describecomputeenvironments' && created
        ? {
            status: 200,
            body: JSON.stringify({
              computeEnvironments: removed()
                ? []
                : [
                    {
                      computeEnvironmentName: 'grey',
                      status: 'INVALID',
                      state: 'DISABLED',
                      statusReason: 'CLIENT_ERROR - no such role'
                    }
                  ]
            })
          }
        : ((created ||= call.path === '/v1/createcomputeenvironment'), 'pass');
    let created = false;
    const removed = (): boolean => aws.proxy.calls.some(call => call.path === '/v1/deletecomputeenvironment');
    await expect(aws.room.apply(fdl('grey', '      execution_mode: lambda-batch'))).rejects.toMatchObject({
      problem: { title: 'Batch refused it', cause: 'CLIENT_ERROR - no such role' }
    });
    aws.proxy.fate = () => 'pass';
    expect((await aws.moto.clients().lambda().send(new (sdk.lambda().ListFunctionsCommand)({}))).Functions).toEqual([]);
  });

  it.each([
    ['SPOT', 'type: SPOT\n        instance_types: [m5.large]', IMAGE, { type: 'container' }],
    ['several nodes', 'type: EC2', IMAGE, { type: 'multinode' }],
    ['FARGATE', 'type: FARGATE', IMAGE, { type: 'container', platformCapabilities: ['FARGATE'] }]
  ])('18: Batch with %s', async (what, resources, _image, expected) => {
    const nodes = what === 'several nodes' ? '      multi_node_parallel: {enabled: true, number_nodes: 3}\n' : '';
    await aws.room.apply(
      fdl('grey', '      execution_mode: batch').concat(
        `    batch:\n      memory: 2048\n${nodes}      compute_resources:\n        ${resources}\n`
      )
    );
    const { jobDefinitions } = await aws.moto
      .clients()
      .batch()
      .send(new (sdk.batch().DescribeJobDefinitionsCommand)({ status: 'ACTIVE' }));
    expect(jobDefinitions).toHaveLength(1);
    expect(jobDefinitions?.[0]).toMatchObject(expected);
    // moto does not tell the nodes of a definition.
    if (what !== 'several nodes') {
      expect(
        (
          await aws.room.plan(
            fdl('grey', '      execution_mode: batch').concat(
              `    batch:\n      memory: 2048\n${nodes}      compute_resources:\n        ${resources}\n`
            )
          )
        ).steps.filter(step => step.action !== 'keep')
      ).toEqual([]);
    }
    await aws.room.scar.remove('grey', { onSteps: () => undefined });
    expect(await aws.room.scar.orphans()).toEqual([]);
  });
});
