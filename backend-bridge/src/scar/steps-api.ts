import { arnOf, making, partitionOf, type IAction, type IPlanning, type IRun } from './action';
import { calling } from './errors';
import { readApi, readFunctionUrl, type IPolicyStatement } from './live';
import { apisOfDeployment } from './remove';
import { allows, permit } from './permission';
import { sdk } from './sdk';
import type { IApiSpec } from './spec';

const ASYNC = 'header.X-Amz-Invocation-Type';

export interface ILiveApi {
  /** Of the REST API that the function names, when it is there. */
  id?: string;
  url?: { url: string; authorization: string };
}

export async function readLiveApi(planning: IPlanning, id: string | undefined): Promise<ILiveApi> {
  const { target, spec } = planning;
  const [api, url] = await Promise.all([
    id === undefined ? undefined : readApi(target, spec.region, id),
    readFunctionUrl(target, spec.region, spec.name)
  ]);
  return { ...(api?.id === undefined ? {} : { id: api.id }), ...(url ? { url } : {}) };
}

/** The REST API: before the function, which carries its id. */
export function apiSteps(planning: IPlanning, live: ILiveApi): IAction[] {
  const { target, spec } = planning;
  const { api } = spec;
  if (api?.kind !== 'rest') {
    return [];
  }
  if (live.id !== undefined) {
    return [
      {
        step: { action: 'keep', kind: 'api', name: api.name },
        run: async run => {
          run.apiId = live.id;
        }
      }
    ];
  }
  return [
    {
      step: { action: 'create', kind: 'api', name: api.name, reason: `Stage ${api.stage}` },
      run: async run => {
        const client = target.clients.apiGateway(spec.region);
        const made = {
          kind: 'api' as const,
          region: spec.region,
          name: api.name,
          deployment: run.journal.head.id
        };
        run.signal?.throwIfAborted();
        run.journal.begin(made);
        // An answer that was lost: the client has tried again, and there would be two.
        const id = await calling(`create the API "${api.name}"`, async () => {
          const { apiGateway } = sdk;
          const answer = await client.send(
            new (apiGateway().CreateRestApiCommand)({
              name: api.name,
              description: 'API created automatically with SCAR',
              endpointConfiguration: { types: ['REGIONAL'] },
              tags: run.tags
            })
          );
          return answer.id ?? '';
        });
        for (const twin of await apisOfDeployment(target, spec.region, run.journal.head.id)) {
          if (twin !== id && twin !== run.apiId) {
            await client.send(new (sdk.apiGateway().DeleteRestApiCommand)({ restApiId: twin }));
          }
        }
        run.apiId = id;
        await calling(`set up the API "${api.name}"`, () => setUp(planning, api, id));
      }
    }
  ];
}

async function setUp({ target, spec, identity }: IPlanning, api: IApiSpec, restApiId: string): Promise<void> {
  const { apiGateway } = sdk;
  const client = target.clients.apiGateway(spec.region);
  const resources = await client.send(new (apiGateway().GetResourcesCommand)({ restApiId }));
  const parentId = resources.items?.find(item => item.path === '/')?.id;
  const { id: resourceId } = await client.send(
    new (apiGateway().CreateResourceCommand)({ restApiId, parentId, pathPart: '{proxy+}' })
  );
  await client.send(
    new (apiGateway().PutMethodCommand)({
      restApiId,
      resourceId,
      httpMethod: 'ANY',
      authorizationType: api.authorization,
      requestParameters: { [`method.request.${ASYNC}`]: false }
    })
  );
  await client.send(
    new (apiGateway().PutIntegrationCommand)({
      restApiId,
      resourceId,
      httpMethod: 'ANY',
      type: 'AWS_PROXY',
      integrationHttpMethod: 'POST',
      uri: `arn:${partitionOf(identity)}:apigateway:${spec.region}:lambda:path/2015-03-31/functions/${arnOf(identity, spec.region, spec.name)}/invocations`,
      requestParameters: { [`integration.request.${ASYNC}`]: `method.request.${ASYNC}` }
    })
  );
  await client.send(new (apiGateway().CreateDeploymentCommand)({ restApiId, stageName: api.stage }));
}

/** What makes the HTTP address call the function; and the address itself, where it is a function URL. */
export function addressSteps(planning: IPlanning, live: ILiveApi, policy: IPolicyStatement[]): IAction[] {
  const { spec } = planning;
  const actions: IAction[] = [];
  if (spec.api?.kind === 'rest') {
    actions.push(restPermission(planning, spec.api, live, policy));
  }
  if (spec.api?.kind === 'url') {
    actions.push(...urlSteps(planning, spec.api, live, policy));
  } else if (live.url) {
    actions.push(removal(planning, 'function URL', live.url.url, run => dropUrl(planning, live, run)));
  }
  if (spec.api?.kind !== 'rest' && live.id !== undefined) {
    const restApiId = live.id;
    actions.push(
      removal(planning, 'api', restApiId, () =>
        calling(`remove the API ${restApiId}`, () =>
          planning.target.clients
            .apiGateway(spec.region)
            .send(new (sdk.apiGateway().DeleteRestApiCommand)({ restApiId }))
        )
      )
    );
  }
  return actions;
}

function removal(planning: IPlanning, kind: string, name: string, run: (run: IRun) => Promise<unknown>): IAction {
  return {
    step: { action: 'delete', kind, name, reason: `${planning.spec.name} has none any more` },
    run: async running => {
      await run(running);
    }
  };
}

function restPermission(planning: IPlanning, api: IApiSpec, live: ILiveApi, policy: IPolicyStatement[]): IAction {
  const { spec, identity } = planning;
  const partition = partitionOf(identity);
  // Both are what SCAR allows: calls of the stage, and tests in the console.
  const sources = (id: string): [string, string][] => [
    [`scar-api-${id}-test`, `arn:${partition}:execute-api:${spec.region}:${identity.account}:${id}/*`],
    [`scar-api-${id}`, `arn:${partition}:execute-api:${spec.region}:${identity.account}:${id}/${api.stage}/ANY`]
  ];
  const there =
    live.id !== undefined &&
    sources(live.id).every(([, source]) => policy.some(item => allows(item, 'apigateway.amazonaws.com', source)));
  return {
    step: { action: there ? 'keep' : 'create', kind: 'permission', name: `${api.name} → ${spec.name}` },
    ...(there
      ? {}
      : {
          run: async run => {
            for (const [name, source] of sources(run.apiId ?? live.id ?? '')) {
              if (policy.some(item => allows(item, 'apigateway.amazonaws.com', source))) {
                continue;
              }
              await permit(planning, run, name, `let the API "${api.name}" call "${spec.name}"`, {
                Action: 'lambda:InvokeFunction',
                Principal: 'apigateway.amazonaws.com',
                SourceArn: source
              });
            }
          }
        })
  };
}

const URL_STATEMENT = 'scar-function-url';

function urlSteps(planning: IPlanning, api: IApiSpec, live: ILiveApi, policy: IPolicyStatement[]): IAction[] {
  const { target, spec } = planning;
  const { lambda } = sdk;
  if (live.url?.authorization === api.authorization) {
    return [{ step: { action: 'keep', kind: 'function URL', name: live.url.url } }];
  }
  return [
    {
      step: {
        action: live.url ? 'change' : 'create',
        kind: 'function URL',
        name: spec.name,
        reason: api.authorization === 'NONE' ? 'Open to everybody' : 'Signed calls only'
      },
      run: async run => {
        const client = target.clients.lambda(spec.region);
        const before = live.url;
        const set = (authorization: string): Promise<unknown> =>
          client.send(
            new (lambda().UpdateFunctionUrlConfigCommand)({
              FunctionName: spec.name,
              AuthType: authorization as 'NONE' | 'AWS_IAM'
            })
          );
        if (before) {
          run.revert(`the address of "${spec.name}"`, async () => void (await set(before.authorization)));
          await calling(`change the address of "${spec.name}"`, () => set(api.authorization));
        } else {
          await calling(`make an address for "${spec.name}"`, () =>
            making(
              run,
              { kind: 'function-url', region: spec.region, name: spec.name },
              () =>
                client.send(
                  new (lambda().CreateFunctionUrlConfigCommand)({
                    FunctionName: spec.name,
                    AuthType: api.authorization
                  })
                ),
              async () => true
            )
          );
        }
        if (api.authorization === 'NONE' && !policy.some(item => item.Sid === URL_STATEMENT)) {
          await permit(planning, run, URL_STATEMENT, `open the address of "${spec.name}"`, {
            Action: 'lambda:InvokeFunctionUrl',
            Principal: '*',
            FunctionUrlAuthType: 'NONE'
          });
        }
      }
    }
  ];
}

async function dropUrl({ target, spec }: IPlanning, live: ILiveApi, run: IRun): Promise<void> {
  const client = target.clients.lambda(spec.region);
  const { lambda } = sdk;
  run.revert(`the address of "${spec.name}"`, async () => {
    await client.send(
      new (lambda().CreateFunctionUrlConfigCommand)({
        FunctionName: spec.name,
        AuthType: (live.url?.authorization ?? 'AWS_IAM') as 'NONE' | 'AWS_IAM'
      })
    );
  });
  await calling(`remove the address of "${spec.name}"`, () =>
    client.send(new (lambda().DeleteFunctionUrlConfigCommand)({ FunctionName: spec.name }))
  );
}
