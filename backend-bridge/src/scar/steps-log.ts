import { logGroupOf, making, type IAction, type IPlanning } from './action';
import { calling } from './errors';
import { sdk } from './sdk';

/** The log group and how long it keeps. */
export function logSteps(planning: IPlanning, live: { retention?: number } | undefined): IAction[] {
  const { target, spec } = planning;
  const name = logGroupOf(spec.name);
  if (live && live.retention === spec.retention) {
    return [{ step: { action: 'keep', kind: 'log group', name } }];
  }
  const setRetention = async (days: number | undefined): Promise<void> => {
    const client = target.clients.logs(spec.region);
    await calling(`set how long "${name}" is kept`, () =>
      days === undefined
        ? client.send(new (sdk.logs().DeleteRetentionPolicyCommand)({ logGroupName: name }))
        : client.send(new (sdk.logs().PutRetentionPolicyCommand)({ logGroupName: name, retentionInDays: days }))
    );
  };
  return [
    {
      step: { action: live ? 'change' : 'create', kind: 'log group', name, reason: `Kept for ${spec.retention} days` },
      run: async run => {
        if (live) {
          run.revert(`how long "${name}" is kept`, () => setRetention(live.retention));
        } else {
          await calling(`create the log group "${name}"`, () =>
            making(
              run,
              { kind: 'log-group', region: spec.region, name },
              () =>
                target.clients
                  .logs(spec.region)
                  .send(new (sdk.logs().CreateLogGroupCommand)({ logGroupName: name, tags: run.tags })),
              async () => true
            )
          );
        }
        await setRetention(spec.retention);
      }
    }
  ];
}
