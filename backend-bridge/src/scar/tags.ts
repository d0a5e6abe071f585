import type { IFunctionSpec } from './spec';

/** SCAR finds its functions by these two. */
export const CREATED_BY = 'createdby';
export const SCAR = 'scar';
export const OWNER = 'owner';
/** Which of them were made here, and for which function: SCAR tags neither APIs nor Batch. */
export const MANAGED_BY = 'managedby';
export const OURS = 'jupyterlab-oscar';
export const FUNCTION = 'scar-function';
/** Which deployment made it: an answer that was lost is told from somebody else's resource by it. */
export const DEPLOYMENT = 'scar-deployment';

export function tagsOf(spec: Pick<IFunctionSpec, 'name'>, owner: string, deployment: string): Record<string, string> {
  return {
    [CREATED_BY]: SCAR,
    [OWNER]: owner,
    [MANAGED_BY]: OURS,
    [FUNCTION]: spec.name,
    [DEPLOYMENT]: deployment
  };
}

/** The same as a list, as half of the services want it. */
export function tagList(tags: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
