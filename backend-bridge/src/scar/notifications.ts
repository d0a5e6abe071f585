import type { LambdaFunctionConfiguration, NotificationConfiguration } from '@aws-sdk/client-s3';
import { changeNotifications, CREATED, filterRules, kindsOf, ruleOf } from '../storage/notifications';
import { calling } from './errors';
import { sdk } from './sdk';
import type { ITarget } from './session';
import type { ITrigger } from './spec';
import { collide } from './validate';

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
  return kindsOf(
    await calling(`read the notifications of the bucket "${bucket}"`, () =>
      target.clients.s3(region).send(new (sdk.s3().GetBucketNotificationConfigurationCommand)({ Bucket: bucket }))
    )
  );
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

/** Makes the entries of a function those that are wanted, and keeps everybody else's. @throws BridgeError conflict */
export async function setTriggers(
  target: ITarget,
  options: { region: string; bucket: string; name: string; arn: string; triggers: ITrigger[] }
): Promise<void> {
  const { region, bucket, name, arn, triggers } = options;
  const id = notificationId(name);
  const wanted = triggers.map(({ prefix, suffix }, index): LambdaFunctionConfiguration => {
    const FilterRules = filterRules(prefix, suffix);
    return {
      Id: index === 0 ? id : `${id}-${index + 1}`,
      LambdaFunctionArn: arn,
      Events: [CREATED],
      ...(FilterRules.length === 0 ? {} : { Filter: { Key: { FilterRules } } })
    };
  });
  await changeNotifications(
    bucket,
    {
      read: () => readNotifications(target, region, bucket),
      write: configuration =>
        calling(`set the notifications of the bucket "${bucket}"`, () =>
          target.clients.s3(region).send(
            new (sdk.s3().PutBucketNotificationConfigurationCommand)({
              Bucket: bucket,
              NotificationConfiguration: configuration
            })
          )
        )
    },
    now =>
      sameTriggers(triggersOf(now, bucket, arn), triggers)
        ? undefined
        : {
            ...now,
            LambdaFunctionConfigurations: [
              ...(now.LambdaFunctionConfigurations ?? []).filter(entry => !sameFunction(entry.LambdaFunctionArn, arn)),
              ...wanted
            ]
          }
  );
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
  return { bucket, prefix: ruleOf(entry, 'prefix'), suffix: ruleOf(entry, 'suffix') };
}
