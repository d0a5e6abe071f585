import { asMap, asText, join } from '../../pointer';
import { RETENTION_DAYS } from '../../tables';
import type { IAwsCheck, IAwsEntry } from './index';

/** Seconds that API Gateway waits for an answer. */
const GATEWAY_TIMEOUT = 29;

export function checkGateway({ item, lambda, pointer }: IAwsEntry, { reporter }: IAwsCheck): void {
  const gateway = asMap(item.api_gateway);
  const name = asText(gateway.name);
  if (name === '') {
    return;
  }
  const timeout = typeof lambda.timeout === 'number' ? lambda.timeout : 300;
  if (timeout > GATEWAY_TIMEOUT && lambda.asynchronous !== true && asText(lambda.execution_mode) !== 'batch') {
    reporter.add({
      code: 'aws-api-timeout',
      at: join(pointer, 'api_gateway', 'name'),
      severity: 'information',
      message: `API Gateway waits ${GATEWAY_TIMEOUT} seconds; a call that takes longer is answered with an error although the function goes on. Write asynchronous: true for longer work.`
    });
  }
}

export function checkLogs({ item, pointer }: IAwsEntry, { reporter }: IAwsCheck): void {
  const days = asMap(item.cloudwatch).log_retention_policy_in_days;
  if (typeof days === 'number' && days >= 1 && !RETENTION_DAYS.includes(days)) {
    const next = RETENTION_DAYS.find(value => value >= days) ?? RETENTION_DAYS[RETENTION_DAYS.length - 1];
    const at = join(pointer, 'cloudwatch', 'log_retention_policy_in_days');
    reporter.error(
      'aws-retention',
      at,
      `CloudWatch does not keep logs for ${days} days. Write ${next}.`,
      reporter.replace(at, String(next))
    );
  }
}
