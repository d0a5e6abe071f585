import type { LambdaFunctionConfiguration, NotificationConfiguration } from '@aws-sdk/client-s3';
import { BridgeError } from '../http/errors';
import { calling } from './errors';
import { sdk } from './sdk';
import type { ITarget } from './session';
import type { ITrigger } from './spec';
import { collide } from './validate';

const CREATED = 's3:ObjectCreated:*';

/** Id of the entries of a function. */
export function notificationId(name: string): string {
  return `scar-${name}`;
}

/** All kinds of notifications of a bucket. */
export async function readNotifications(
  target: ITarget,
  region: string,
  bucket: string
): Promise<NotificationConfiguration> {
  const answer = await calling(`read the notifications of the bucket "${bucket}"`, () =>
    target.clients.s3(region).send(new (sdk.s3().GetBucketNotificationConfigurationCommand)({ Bucket: bucket }))
  );
  const { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } = answer;
  return { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration };
}

/** What a function listens to in a bucket. */
export function triggersOf(configuration: NotificationConfiguration, bucket: string, arn: string): ITrigger[] {
  return (configuration.LambdaFunctionConfigurations ?? [])
    .filter(entry => sameFunction(entry.LambdaFunctionArn, arn))
    .map(entry => triggerOf(entry, bucket));
}

/** Who else listens to what `trigger` would listen to: the name of a function, or the ARN of something else. */
export function overlapping(
  configuration: NotificationConfiguration,
  trigger: ITrigger,
  arn: string
): string | undefined {
  const others = [
    ...(configuration.LambdaFunctionConfigurations ?? [])
      .filter(entry => !sameFunction(entry.LambdaFunctionArn, arn))
      .map(entry => ({ entry, who: nameOf(entry.LambdaFunctionArn ?? '') })),
    ...(configuration.QueueConfigurations ?? []).map(entry => ({ entry, who: entry.QueueArn ?? '' })),
    ...(configuration.TopicConfigurations ?? []).map(entry => ({ entry, who: entry.TopicArn ?? '' }))
  ];
  return others.find(
    ({ entry }) =>
      (entry.Events ?? []).some(event => event.startsWith('s3:ObjectCreated')) &&
      collide(triggerOf(entry, trigger.bucket), trigger)
  )?.who;
}

/**
 * Makes the entries of a function those that are wanted, and keeps everybody else's. S3 can only replace the whole list, and
 * others write it too: read, change, write, read again, and once more when somebody was faster.
 */
export async function setTriggers(
  target: ITarget,
  options: { region: string; bucket: string; name: string; arn: string; triggers: ITrigger[] }
): Promise<void> {
  const { region, bucket, name, arn, triggers } = options;
  const id = notificationId(name);
  const wanted = triggers.map((trigger, index): LambdaFunctionConfiguration => ({
    Id: index === 0 ? id : `${id}-${index + 1}`,
    LambdaFunctionArn: arn,
    Events: [CREATED],
    ...(trigger.prefix === '' && trigger.suffix === ''
      ? {}
      : {
          Filter: {
            Key: {
              FilterRules: [
                ...(trigger.prefix === '' ? [] : [{ Name: 'prefix' as const, Value: trigger.prefix }]),
                ...(trigger.suffix === '' ? [] : [{ Name: 'suffix' as const, Value: trigger.suffix }])
              ]
            }
          }
        })
  }));
  for (let attempt = 1; attempt <= 4; attempt++) {
    const before = await readNotifications(target, region, bucket);
    const entries = before.LambdaFunctionConfigurations ?? [];
    if (sameTriggers(triggersOf(before, bucket, arn), triggers)) {
      return;
    }
    await calling(`set the notifications of the bucket "${bucket}"`, () =>
      target.clients.s3(region).send(
        new (sdk.s3().PutBucketNotificationConfigurationCommand)({
          Bucket: bucket,
          NotificationConfiguration: {
            ...before,
            LambdaFunctionConfigurations: [
              ...entries.filter(entry => !sameFunction(entry.LambdaFunctionArn, arn)),
              ...wanted
            ]
          }
        })
      )
    );
    if (sameTriggers(triggersOf(await readNotifications(target, region, bucket), bucket, arn), triggers)) {
      return;
    }
  }
  throw new BridgeError({
    type: 'conflict',
    title: 'Changed by somebody else',
    status: 409,
    detail: `The notifications of the bucket "${bucket}" were changed by somebody else each time.`,
    action: 'Try again.'
  });
}

export function sameTriggers(a: readonly ITrigger[], b: readonly ITrigger[]): boolean {
  const keys = (list: readonly ITrigger[]): string =>
    list
      .map(({ prefix, suffix }) => `${prefix}\n${suffix}`)
      .sort()
      .join('\n\n');
  return keys(a) === keys(b);
}

/** The ARN of a function and of one of its versions mean the same function. */
export function sameFunction(a: string | undefined, b: string): boolean {
  const unversioned = (arn: string): string => arn.split(':').slice(0, 7).join(':');
  return a !== undefined && unversioned(a) === unversioned(b);
}

/** Name in an ARN of a function. */
export function nameOf(arn: string): string {
  return arn.split(':')[6] ?? arn;
}

function triggerOf(entry: Pick<LambdaFunctionConfiguration, 'Filter'>, bucket: string): ITrigger {
  const rule = (name: string): string =>
    entry.Filter?.Key?.FilterRules?.find(item => item.Name?.toLowerCase() === name)?.Value ?? '';
  return { bucket, prefix: rule('prefix'), suffix: rule('suffix') };
}
