import type { LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import type { IAction, IPlanning } from './action';
import { awsError, calling, isGone } from './errors';
import { allPages } from './pages';
import { sdk } from './sdk';
import { SUPERVISOR_FOLDER, type IBatchSpec } from './spec';
import { tagList } from './tags';

/** The supervisor is put on each machine as it starts. */
function userData(version: string): string {
  const script = [
    '#!/bin/bash',
    `mkdir -p ${SUPERVISOR_FOLDER}`,
    `curl https://github.com/grycap/faas-supervisor/releases/download/${version}/supervisor -L -o ${SUPERVISOR_FOLDER}/supervisor`,
    `chmod +x ${SUPERVISOR_FOLDER}/supervisor`,
    ''
  ].join('\n');
  const boundary = '==OSCAR==';
  return Buffer.from(
    [
      `Content-Type: multipart/mixed; boundary="${boundary}"`,
      'MIME-Version: 1.0',
      '',
      `--${boundary}`,
      'Content-Type: text/x-shellscript; charset="us-ascii"',
      'MIME-Version: 1.0',
      'Content-Transfer-Encoding: 7bit',
      '',
      script,
      `--${boundary}--`,
      ''
    ].join('\n')
  ).toString('base64');
}

/** The template that the machines of Batch start with; functions share it. */
export async function templateSteps({ target, spec }: IPlanning, batch: IBatchSpec): Promise<IAction[]> {
  const { ec2 } = sdk;
  const client = target.clients.ec2(batch.region);
  const name = batch.launchTemplate;
  let versions: LaunchTemplateVersion[] = [];
  let exists = true;
  try {
    versions = await allPages(async NextToken => {
      const answer = await client.send(
        new (ec2().DescribeLaunchTemplateVersionsCommand)({ LaunchTemplateName: name, NextToken })
      );
      return { items: answer.LaunchTemplateVersions, next: answer.NextToken };
    });
  } catch (error) {
    if (!isGone(error)) {
      throw awsError(error, `look at the launch template "${name}"`);
    }
    exists = false;
  }
  const found = versions.find(item => item.VersionDescription === spec.supervisor);
  if (found) {
    return [
      {
        step: { action: 'keep', kind: 'launch template', name: `${name} ${spec.supervisor}` },
        run: async run => {
          run.templateVersion = String(found.VersionNumber ?? 1);
        }
      }
    ];
  }
  return [
    {
      step: { action: exists ? 'change' : 'create', kind: 'launch template', name: `${name} ${spec.supervisor}` },
      run: async run => {
        run.signal?.throwIfAborted();
        const version = 1 + Math.max(0, ...versions.map(item => item.VersionNumber ?? 0));
        const made = { kind: 'launch-template' as const, region: batch.region, name, version };
        run.journal.begin(made);
        const input = {
          LaunchTemplateName: name,
          VersionDescription: spec.supervisor,
          LaunchTemplateData: { UserData: userData(spec.supervisor) }
        };
        await calling(`make the launch template "${name}"`, async () => {
          const answer = exists
            ? (await client.send(new (ec2().CreateLaunchTemplateVersionCommand)(input))).LaunchTemplateVersion
                ?.VersionNumber
            : (
                await client.send(
                  new (ec2().CreateLaunchTemplateCommand)({
                    ...input,
                    TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(run.tags) }]
                  })
                )
              ).LaunchTemplate?.LatestVersionNumber;
          run.templateVersion = String(answer ?? version);
        });
      }
    }
  ];
}
