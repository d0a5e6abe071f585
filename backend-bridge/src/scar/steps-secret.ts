import { making, type IAction, type IPlanning, type IRun } from './action';
import { calling, isAws } from './errors';
import { PRICES } from './prices';
import { sdk } from './sdk';
import { holds, isSecretOf, readSecret, secretName, type ILiveSecret } from './secret';
import { DEPLOYMENT, tagList } from './tags';
import { until } from './waits';

/** Milliseconds that AWS may take to let go of the name of a secret that has just been deleted. */
const RELEASE = 60_000;

/**
 * The secret with the storage providers of a function: made, changed in place, or kept. Its value stands in no step. Sets the
 * version that the function is to be started with.
 */
export function secretSteps(planning: IPlanning, live: ILiveSecret | undefined): IAction[] {
  const { spec, notes, problem } = planning;
  const name = spec.secret;
  if (name === undefined) {
    return [];
  }
  if (live && !isSecretOf(live.tags, spec.name)) {
    problem(
      'aws-secret-taken',
      'lambda/name',
      `There is a secret ${name} in Secrets Manager that was not made for ${spec.name}. Choose another name, or delete it.`
    );
    return [];
  }
  if (live?.scheduled === true) {
    problem(
      'aws-secret-taken',
      'lambda/name',
      `The secret ${name} in Secrets Manager waits for its deletion. Restore it, or delete it without recovery.`
    );
    return [];
  }
  notes.push(
    `${spec.name} fetches credentials from the secret ${name} as it starts: its role needs secretsmanager:GetSecretValue for it. A secret costs $${PRICES.secretMonth.toFixed(2)} a month.`
  );
  if (live && holds(live, spec.providers)) {
    planning.secretVersion = live.version;
    return [{ step: { action: 'keep', kind: 'secret', name } }];
  }
  const providers = Object.entries(spec.providers).flatMap(([type, entries]) =>
    Object.keys(entries as object).map(id => `${type}.${id}`)
  );
  return [
    {
      step: {
        action: live ? 'change' : 'create',
        kind: 'secret',
        name,
        reason: `Credentials of ${providers.join(', ')}`
      },
      run: run =>
        live ? change(planning, run, name, live) : create(planning, run, name, JSON.stringify(spec.providers))
    }
  ];
}

async function create(planning: IPlanning, run: IRun, name: string, value: string): Promise<void> {
  const { target, spec } = planning;
  await calling(`create the secret "${name}"`, () =>
    making(
      run,
      { kind: 'secret', region: spec.region, name },
      async () => {
        run.secretVersion = await put(planning, run.tags, { name, value, signal: run.signal });
      },
      async () => {
        const found = await readSecret(target, spec.region, name);
        run.secretVersion = found?.version;
        return found?.tags[DEPLOYMENT] === run.journal.head.id;
      }
    )
  );
}

/** @returns its version */
function put(
  { target, spec }: IPlanning,
  tags: Record<string, string>,
  { name, value, signal }: { name: string; value: string; signal?: AbortSignal }
): Promise<string> {
  return until(
    `the name of the secret "${name}" is still taken`,
    RELEASE,
    async () => {
      try {
        const answer = await target.clients.secrets(spec.region).send(
          new (sdk.secrets().CreateSecretCommand)({
            Name: name,
            Description: `Storage providers of the function ${spec.name}`,
            SecretString: value,
            Tags: tagList(tags)
          })
        );
        return answer.VersionId ?? '';
      } catch (error) {
        // Deleted a moment ago: AWS still works on it.
        if (isAws(error, 'InvalidRequestException') && /deletion/.test((error as Error).message)) {
          return undefined;
        }
        throw error;
      }
    },
    { signal }
  );
}

async function change({ target, spec }: IPlanning, run: IRun, name: string, live: ILiveSecret): Promise<void> {
  run.signal?.throwIfAborted();
  const client = target.clients.secrets(spec.region);
  const former = live.version;
  if (former !== undefined) {
    run.revert(`the secret "${name}"`, async () => {
      const found = await readSecret(target, spec.region, name);
      if (found?.version !== undefined && found.version !== former) {
        await client.send(
          new (sdk.secrets().UpdateSecretVersionStageCommand)({
            SecretId: name,
            VersionStage: 'AWSCURRENT',
            RemoveFromVersionId: found.version,
            MoveToVersionId: former
          })
        );
      }
    });
  }
  const answer = await calling(`change the secret "${name}"`, () =>
    client.send(
      new (sdk.secrets().PutSecretValueCommand)({ SecretId: name, SecretString: JSON.stringify(spec.providers) })
    )
  );
  run.secretVersion = answer.VersionId;
}

/** The secret of a function that needs none any more goes last, when nothing reads it. */
export async function droppedSecret(planning: IPlanning, former: string | undefined): Promise<IAction[]> {
  const { target, spec } = planning;
  const name = secretName(spec.name);
  if (spec.secret !== undefined || former !== name) {
    return [];
  }
  const live = await readSecret(target, spec.region, name, { value: true });
  if (!live || live.scheduled || !isSecretOf(live.tags, spec.name)) {
    return [];
  }
  const { value } = live;
  return [
    {
      step: { action: 'delete', kind: 'secret', name, reason: `${spec.name} needs no credentials any more` },
      run: async run => {
        run.signal?.throwIfAborted();
        if (value !== undefined) {
          run.revert(`the secret "${name}"`, async () => {
            if (!(await readSecret(target, spec.region, name))) {
              await put(planning, live.tags, { name, value });
            }
          });
        }
        await calling(`remove the secret "${name}"`, () =>
          target.clients
            .secrets(spec.region)
            .send(new (sdk.secrets().DeleteSecretCommand)({ SecretId: name, ForceDeleteWithoutRecovery: true }))
        );
      }
    }
  ];
}
