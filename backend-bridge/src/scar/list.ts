import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { AwsFunction } from '../contract';
import { logGroupOf } from './action';
import { calling, missing } from './errors';
import { readApi, readBucket, readFunction, readFunctionUrl, readLogGroup } from './live';
import { sameTriggers, triggersOf } from './notifications';
import { allPages } from './pages';
import { asMap } from './scar-cfg';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { CREATED_BY, SCAR } from './tags';
import { deployedOf, fdlOf, isScar, shownTrigger, viewOf } from './view';

/** Most that Lambda and the tagging API give in one answer. */
const FUNCTIONS_PAGE = 50;
const RESOURCES_PAGE = 100;

/**
 * All functions with the tags of SCAR. Two lists side by side and no call for a single function: 30 calls for a thousand.
 */
export async function listFunctions(target: ITarget): Promise<AwsFunction[]> {
  const [tagged, functions] = await Promise.all([taggedFunctions(target), allFunctions(target)]);
  return functions
    .flatMap(configuration => {
      const tags = tagged.get(configuration.FunctionArn ?? '');
      return tags ? [viewOf(target, target.region, configuration, tags)] : [];
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** All functions of the region, whoever made them. */
export async function allFunctions(target: ITarget): Promise<FunctionConfiguration[]> {
  return calling('list the functions', () =>
    allPages(async Marker => {
      const answer = await target.clients
        .lambda()
        .send(new (sdk.lambda().ListFunctionsCommand)({ MaxItems: FUNCTIONS_PAGE, Marker }));
      return { items: answer.Functions, next: answer.NextMarker };
    })
  );
}

/** Tags by ARN of what SCAR made, for types of resources as the tagging API names them. */
export async function taggedResources(target: ITarget, types: string[]): Promise<Map<string, Record<string, string>>> {
  const found = await calling('list what has the tags of SCAR', () =>
    allPages(async PaginationToken => {
      const answer = await target.clients.tags().send(
        new (sdk.tags().GetResourcesCommand)({
          TagFilters: [{ Key: CREATED_BY, Values: [SCAR] }],
          ResourceTypeFilters: types,
          ResourcesPerPage: RESOURCES_PAGE,
          PaginationToken
        })
      );
      return { items: answer.ResourceTagMappingList, next: answer.PaginationToken };
    })
  );
  return new Map(
    found.map(({ ResourceARN, Tags }) => [
      ResourceARN ?? '',
      Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']))
    ])
  );
}

function taggedFunctions(target: ITarget): Promise<Map<string, Record<string, string>>> {
  return taggedResources(target, ['lambda:function']);
}

/** One function with its FDL and what has changed since it was deployed. @throws BridgeError not-found */
export async function describeFunction(target: ITarget, name: string): Promise<AwsFunction> {
  const { region } = target;
  const live = await readFunction(target, region, name);
  if (!live) {
    throw missing('function', name);
  }
  const view = viewOf(target, region, live.configuration, live.tags);
  const { config, triggers, apiId } = deployedOf(live.configuration);
  const drift: string[] = [];
  const buckets = [...new Set(triggers.map(trigger => trigger.bucket))];
  const [api, url, logGroup, states] = await Promise.all([
    apiId === undefined ? undefined : readApi(target, region, apiId),
    readFunctionUrl(target, region, name),
    readLogGroup(target, region, logGroupOf(name)),
    Promise.all(buckets.map(bucket => readBucket(target, region, bucket, true)))
  ]);
  view.triggers = [];
  buckets.forEach((bucket, index) => {
    const { state, notifications } = states[index];
    const wanted = triggers.filter(trigger => trigger.bucket === bucket);
    const there = notifications ? triggersOf(notifications, bucket, view.arn) : [];
    view.triggers.push(
      ...wanted.map(trigger =>
        shownTrigger(
          trigger,
          there.some(item => item.prefix === trigger.prefix && item.suffix === trigger.suffix)
        )
      )
    );
    if (state !== 'own') {
      drift.push(`The bucket ${bucket} is not there.`);
    } else if (!sameTriggers(there, wanted)) {
      const list = (items: typeof there): string =>
        items.map(item => `${item.prefix}${item.suffix === '' ? '' : `*${item.suffix}`}` || 'everything').join(', ');
      drift.push(
        there.length === 0
          ? `The bucket ${bucket} does not start it any more.`
          : `The bucket ${bucket} starts it for ${list(there)} instead of ${list(wanted)}.`
      );
    }
  });
  if (url) {
    view.api = { kind: 'url', endpoint: url.url, open: url.authorization === 'NONE' };
  } else if (apiId !== undefined && !api) {
    delete view.api;
    drift.push('Its API is not there any more.');
  }
  drift.push(...changed('memory', config['memory'], view.memory, 'MB'));
  drift.push(...changed('timeout', config['timeout'], view.timeout, 's'));
  if (!logGroup) {
    drift.push(`The log group ${logGroupOf(name)} is not there.`);
  } else {
    const wanted = asMap(config['cloudwatch'])['log_retention_policy_in_days'];
    if (typeof wanted === 'number' && logGroup.retention !== wanted) {
      drift.push(
        `Logs are kept ${logGroup.retention === undefined ? 'for ever' : `for ${logGroup.retention} days`} instead of ${wanted} days.`
      );
    }
  }
  if (!isScar(live.tags)) {
    drift.push('It has not the tags of SCAR: the list does not show it.');
  }
  const fdl = fdlOf(config);
  return { ...view, ...(fdl === undefined ? {} : { fdl }), drift };
}

function changed(what: string, wanted: unknown, now: number, unit: string): string[] {
  return typeof wanted === 'number' && wanted !== now
    ? [`${what} is ${now} ${unit} instead of ${wanted} ${unit}.`.replace(/^./, letter => letter.toUpperCase())]
    : [];
}
