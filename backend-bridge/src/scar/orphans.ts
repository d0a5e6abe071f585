import type { AwsOrphan } from '../contract';
import { isDenied, refused } from './errors';
import { Journal, type Made } from './journal';
import { allFunctions, taggedResources } from './list';
import { allPages } from './pages';
import { allApis, describeMade, kindName } from './remove';
import { sdk } from './sdk';
import { secretOfArn } from './secret';
import type { ITarget } from './session';
import { CREATED_BY, FUNCTION, SCAR } from './tags';

/** What SCAR writes into each API that it makes. */
const SCAR_API = 'API created automatically with SCAR';

/** Resources with the tags or names of SCAR whose function is not there. */
export async function listOrphans(target: ITarget, journals: string): Promise<{ orphan: AwsOrphan; made: Made }[]> {
  const { region } = target;
  const { account } = await target.identity();
  const functions = await allFunctions(target);
  const names = new Set(functions.map(item => item.FunctionName));
  const apis = new Set(functions.map(item => item.Environment?.Variables?.['API_GATEWAY_ID']));
  const found: { made: Made; reason: string }[] = [];
  for (const journal of Journal.left(journals)) {
    const { head } = journal;
    if (head.account === account && head.region === region && head.endpoint === target.endpoint) {
      found.push(
        ...[...journal.made]
          .reverse()
          .map(made => ({ made, reason: `A deployment of ${head.function} was not finished` }))
      );
    }
  }
  for (const [arn, tags] of await taggedResources(target, ['logs', 'secretsmanager'])) {
    if (arn.includes(':secretsmanager:')) {
      const name = secretOfArn(arn);
      const owner = tags[FUNCTION] ?? '';
      if (arn.includes(`:${region}:`) && owner !== '' && !names.has(owner)) {
        found.push({ made: { kind: 'secret', region, name }, reason: gone(owner) });
      }
      continue;
    }
    const name = /:log-group:([^:]+)/.exec(arn)?.[1] ?? '';
    const owner = tags[FUNCTION] ?? name.split('/').pop() ?? '';
    if (arn.includes(`:${region}:`) && !names.has(owner)) {
      found.push({ made: { kind: 'log-group', region, name }, reason: gone(owner) });
    }
  }
  for (const api of await lenient(() => allApis(target, region))) {
    const ours = api.tags?.[CREATED_BY] === SCAR || api.description === SCAR_API;
    if (ours && !apis.has(api.id)) {
      found.push({
        made: { kind: 'api', region, name: api.name ?? '', deployment: '', id: api.id },
        reason: 'No function has this API'
      });
    }
  }
  found.push(...(await batchOrphans(target, names)));
  const seen = new Set<string>();
  return found.flatMap(({ made, reason }) => {
    const key = describeMade(made) + ('id' in made ? made.id : '');
    if (seen.has(key)) {
      return [];
    }
    seen.add(key);
    return [{ made, orphan: { kind: kindName(made), name: made.name, id: idOf(made), reason } }];
  });
}

async function batchOrphans(
  target: ITarget,
  functions: Set<string | undefined>
): Promise<{ made: Made; reason: string }[]> {
  const { batch } = sdk;
  const client = target.clients.batch();
  const { region } = target;
  const found: { made: Made; reason: string }[] = [];
  const [queues, environments] = await Promise.all([
    lenient(() =>
      allPages(async token => {
        const answer = await client.send(new (batch().DescribeJobQueuesCommand)({ nextToken: token }));
        return { items: answer.jobQueues, next: answer.nextToken };
      })
    ),
    lenient(() =>
      allPages(async token => {
        const answer = await client.send(new (batch().DescribeComputeEnvironmentsCommand)({ nextToken: token }));
        return { items: answer.computeEnvironments, next: answer.nextToken };
      })
    )
  ]);
  for (const queue of queues) {
    if (queue.tags?.[CREATED_BY] === SCAR && queue.status !== 'DELETED' && !functions.has(queue.jobQueueName)) {
      found.push({
        made: { kind: 'job-queue', region, name: queue.jobQueueName ?? '' },
        reason: gone(queue.jobQueueName)
      });
    }
  }
  for (const item of environments) {
    const name = item.computeEnvironmentName ?? '';
    if (item.tags?.[CREATED_BY] === SCAR && item.status !== 'DELETED' && !functions.has(name)) {
      found.push({ made: { kind: 'compute-environment', region, name }, reason: gone(name) });
    }
  }
  return found;
}

function gone(name: string | undefined): string {
  return `The function ${name ?? ''} is gone`;
}

/** Who may not look somewhere sees the rest. */
async function lenient<T>(list: () => Promise<T[]>): Promise<T[]> {
  try {
    return await list();
  } catch (error) {
    if (isDenied(error)) {
      return [];
    }
    throw error;
  }
}

function idOf(made: Made): string {
  return Buffer.from(JSON.stringify(made)).toString('base64url');
}

/** Those of the list that are asked for; an id that is not in it is refused, whatever it says. */
export function chosen(orphans: { orphan: AwsOrphan; made: Made }[], ids: string[]): Made[] {
  return ids.map(id => {
    const found = orphans.find(item => item.orphan.id === id);
    if (!found) {
      throw refused('One of these is no orphan, or is gone already.', 'Load the list again.');
    }
    return found.made;
  });
}

/** Takes what is gone out of the journals; one that is empty goes, too. */
export function forget(journals: string, made: Made[]): void {
  for (const journal of Journal.left(journals)) {
    made.forEach(item => journal.forget(item));
    if (journal.made.length === 0) {
      journal.end();
    }
  }
}
