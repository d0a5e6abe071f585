import { isDeepStrictEqual } from 'node:util';
import type { FdlMap } from '../fdl';
import { awsError, isDenied, isGone } from './errors';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { CREATED_BY, FUNCTION, SCAR } from './tags';

const PREFIX = 'scar/';

/** Name in Secrets Manager of what a function may know alone. */
export function secretName(name: string): string {
  return `${PREFIX}${name}`;
}

/** What there is in Secrets Manager. */
export interface ILiveSecret {
  tags: Record<string, string>;
  /** Of the value that holds. */
  version?: string;
  /** Undefined when it may not be read, or there is none. */
  value?: string;
  /** It is to be deleted on a day that AWS knows: until then its name is taken. */
  scheduled: boolean;
}

/**
 * Looks at a secret.
 *
 * @param options - with `value`, it is read, too; who may not read it gets the rest
 * @returns undefined when there is none
 */
export async function readSecret(
  target: ITarget,
  region: string,
  name: string,
  { value = false }: { value?: boolean } = {}
): Promise<ILiveSecret | undefined> {
  const client = target.clients.secrets(region);
  try {
    const answer = await client.send(new (sdk.secrets().DescribeSecretCommand)({ SecretId: name }));
    const version = Object.entries(answer.VersionIdsToStages ?? {}).find(([, stages]) =>
      stages.includes('AWSCURRENT')
    )?.[0];
    const scheduled = answer.DeletedDate !== undefined;
    const text = value && !scheduled ? await readValue(target, region, name) : undefined;
    return {
      tags: Object.fromEntries((answer.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      ...(version === undefined ? {} : { version }),
      ...(text === undefined ? {} : { value: text }),
      scheduled
    };
  } catch (error) {
    if (isGone(error)) {
      return undefined;
    }
    throw awsError(error, `look at the secret "${name}"`);
  }
}

async function readValue(target: ITarget, region: string, name: string): Promise<string | undefined> {
  try {
    const answer = await target.clients
      .secrets(region)
      .send(new (sdk.secrets().GetSecretValueCommand)({ SecretId: name, VersionStage: 'AWSCURRENT' }));
    return answer.SecretString;
  } catch (error) {
    if (isDenied(error) || isGone(error)) {
      return undefined;
    }
    throw error;
  }
}

/** True for the secret of this function, made here. */
export function isSecretOf(tags: Record<string, string>, name: string): boolean {
  return tags[CREATED_BY] === SCAR && tags[FUNCTION] === name;
}

/** True when the secret holds these providers, in whatever order. */
export function holds(live: ILiveSecret, providers: FdlMap): boolean {
  if (live.value === undefined) {
    return false;
  }
  try {
    return isDeepStrictEqual(JSON.parse(live.value), JSON.parse(JSON.stringify(providers)));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return false;
    }
    throw error;
  }
}

/** Name of a secret in its ARN, where AWS has put a hyphen and six letters behind it. */
export function secretOfArn(arn: string): string {
  return (/:secret:(.+)$/.exec(arn)?.[1] ?? '').replace(/-[A-Za-z0-9]{6}$/, '');
}
