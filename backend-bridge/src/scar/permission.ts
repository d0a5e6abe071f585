import type { AddPermissionCommandInput } from '@aws-sdk/client-lambda';
import { making, type IPlanning, type IRun } from './action';
import { calling } from './errors';
import type { IPolicyStatement } from './live';
import { sdk } from './sdk';

/** Who may call the function, besides its account. */
type Caller = Pick<
  AddPermissionCommandInput,
  'Action' | 'Principal' | 'SourceArn' | 'SourceAccount' | 'FunctionUrlAuthType'
>;

/**
 * Adds a statement to the policy of the function. One of that name that is there already is ours: names of statements are.
 *
 * @param what - the end of "could not …"
 */
export async function permit(
  { target, spec }: IPlanning,
  run: IRun,
  name: string,
  what: string,
  caller: Caller
): Promise<void> {
  await calling(what, () =>
    making(
      run,
      { kind: 'permission', region: spec.region, function: spec.name, name },
      () =>
        target.clients
          .lambda(spec.region)
          .send(new (sdk.lambda().AddPermissionCommand)({ FunctionName: spec.name, StatementId: name, ...caller })),
      async () => true
    )
  );
}

/** True when a statement of the function's policy lets `service` call it for `source`. */
export function allows(statement: IPolicyStatement, service: string, source: string): boolean {
  const principal = typeof statement.Principal === 'string' ? statement.Principal : statement.Principal?.Service;
  const sources = Object.values(statement.Condition ?? {}).flatMap(condition =>
    Object.entries(condition).flatMap(([key, value]) => (key.toLowerCase() === 'aws:sourcearn' ? [value] : []))
  );
  return principal === service && sources.includes(source);
}
