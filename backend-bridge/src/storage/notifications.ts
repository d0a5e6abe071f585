import type { FilterRule, NotificationConfiguration } from '@aws-sdk/client-s3';
import { BridgeError } from '../http/errors';

/** The event of S3 for each way in which an object comes. */
export const CREATED = 's3:ObjectCreated:*';

/** How often what somebody else has written over is written again. */
const TRIES = 4;

/** The notifications of one bucket, by whichever client. */
export interface INotificationCalls {
  read(): Promise<NotificationConfiguration>;
  write(configuration: NotificationConfiguration): Promise<unknown>;
}

/** All kinds of notifications in an answer, without what belongs to the answer only. */
export function kindsOf(answer: NotificationConfiguration): NotificationConfiguration {
  const { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } = answer;
  return { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration };
}

/** The rules of a filter; no text, no rule. */
export function filterRules(prefix: string, suffix = ''): FilterRule[] {
  return [
    ...(prefix ? [{ Name: 'prefix' as const, Value: prefix }] : []),
    ...(suffix ? [{ Name: 'suffix' as const, Value: suffix }] : [])
  ];
}

/** What a filter asks of keys; stores differ in how they write the names. */
export function ruleOf(
  entry: { Filter?: { Key?: { FilterRules?: FilterRule[] } } },
  name: 'prefix' | 'suffix'
): string {
  return entry.Filter?.Key?.FilterRules?.find(item => item.Name?.toLowerCase() === name)?.Value ?? '';
}

/**
 * Changes some entries and keeps everybody else's. S3 can only replace the whole list, and others write it too (the manager on
 * each create): read, change, write, read again, and once more when somebody was faster.
 *
 * @param change - the new list; undefined: it is as it should be
 * @throws BridgeError conflict
 */
export async function changeNotifications(
  bucket: string,
  calls: INotificationCalls,
  change: (configuration: NotificationConfiguration) => NotificationConfiguration | undefined
): Promise<void> {
  let changed = change(await calls.read());
  for (let attempt = 1; changed !== undefined; attempt++) {
    if (attempt > TRIES) {
      throw new BridgeError({
        type: 'conflict',
        title: 'Changed by somebody else',
        status: 409,
        detail: `The notifications of the bucket "${bucket}" were changed by somebody else each time.`,
        action: 'Try again.'
      });
    }
    await calls.write(changed);
    changed = change(await calls.read());
  }
}
