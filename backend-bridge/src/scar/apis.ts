import type { AwsApi } from '../contract';
import { calling } from './errors';
import { readFunctionUrl } from './live';
import { allFunctions } from './list';
import { allApis } from './remove';
import type { ITarget } from './session';
import { CREATED_BY, FUNCTION, SCAR } from './tags';
import { apiEndpoint, deployedOf } from './view';

/** HTTP addresses of functions: REST APIs and function URLs. */
export async function listApis(target: ITarget): Promise<AwsApi[]> {
  const { region } = target;
  const [apis, functions] = await Promise.all([
    calling('list the APIs', () => allApis(target, region)),
    allFunctions(target)
  ]);
  const byApi = new Map(
    functions.flatMap(item => {
      const { apiId, stage, open } = deployedOf(item);
      return apiId === undefined ? [] : [[apiId, { name: item.FunctionName ?? '', stage, open }] as const];
    })
  );
  const rest = apis.flatMap((api): AwsApi[] => {
    const known = byApi.get(api.id ?? '');
    const name = known?.name ?? api.tags?.[FUNCTION];
    if (api.id === undefined || (name === undefined && api.tags?.[CREATED_BY] !== SCAR)) {
      return [];
    }
    return [
      {
        id: api.id,
        name: api.name ?? '',
        kind: 'rest',
        ...(name === undefined ? {} : { function: name }),
        endpoint: apiEndpoint(target, region, api.id, known?.stage),
        open: known?.open ?? true
      }
    ];
  });
  const urls = await Promise.all(
    functions
      .filter(item => deployedOf(item).urlWanted)
      .map(async (item): Promise<AwsApi[]> => {
        const name = item.FunctionName ?? '';
        const url = await readFunctionUrl(target, region, name);
        return url
          ? [{ id: name, name, kind: 'url', function: name, endpoint: url.url, open: url.authorization === 'NONE' }]
          : [];
      })
  );
  return [...rest, ...urls.flat()].sort((a, b) => a.name.localeCompare(b.name));
}
