import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { stringify } from 'yaml';
import type { AwsFunction } from '../contract';
import type { FdlMap, FdlValue } from '../fdl';
import { redact } from '../http/redact';
import { decodeConfig, withoutSecrets } from './function-config';
import { asMap, text } from './scar-cfg';
import type { ITarget } from './session';
import type { ExecutionMode, ITrigger } from './spec';
import { CREATED_BY, MANAGED_BY, OURS, OWNER, SCAR } from './tags';
import { parsePath } from '../fdl';

/** Variables that SCAR sets; they are told in other fields. */
const OWN_VARIABLES = new Set(['FDL', 'IMAGE_ID', 'API_GATEWAY_ID', 'SCRIPT', 'SCAR_SECRET_ID', 'SCAR_SECRET_VERSION']);

export interface IDeployed {
  /** From the variable `FDL`; empty when it is not there. */
  config: FdlMap;
  triggers: ITrigger[];
  apiId?: string;
  /** Of the REST API. */
  stage?: string;
  /** False: calls of the REST API have to be signed. */
  open: boolean;
  urlWanted: boolean;
}

/** What a function was deployed with, as far as it carries it. */
export function deployedOf(configuration: FunctionConfiguration): IDeployed {
  const variables = configuration.Environment?.Variables ?? {};
  const config = decodeConfig(variables['FDL']) ?? {};
  const triggers = maps(config['input']).flatMap((input): ITrigger[] => {
    const provider = text(input['storage_provider']) ?? 's3';
    const path = text(input['path']);
    if (path === undefined || !/^s3(\.|$)/i.test(provider)) {
      return [];
    }
    const { bucket, prefix } = parsePath(provider, path, text(config['name']));
    const suffixes = Array.isArray(input['suffix']) ? input['suffix'].filter(item => typeof item === 'string') : [];
    return (suffixes.length > 0 ? suffixes : ['']).map(suffix => ({
      bucket,
      prefix: prefix === '' ? '' : `${prefix}/`,
      suffix
    }));
  });
  const apiId = variables['API_GATEWAY_ID'] || undefined;
  const gateway = asMap(config['api_gateway']);
  const stage = text(gateway['stage_name']);
  return {
    config,
    triggers,
    ...(apiId === undefined ? {} : { apiId }),
    ...(stage === undefined ? {} : { stage }),
    open: text(asMap(gateway['method'])['authorizationType']) !== 'AWS_IAM',
    urlWanted: text(gateway['type']) === 'url'
  };
}

/** A function as the list shows it: from the answer of one call for fifty of them. */
export function viewOf(
  target: ITarget,
  region: string,
  configuration: FunctionConfiguration,
  tags: Record<string, string>
): AwsFunction {
  const { config, triggers, apiId, stage, open } = deployedOf(configuration);
  const variables = configuration.Environment?.Variables ?? {};
  const mode = text(config['execution_mode']);
  const image = variables['IMAGE_ID'] || text(asMap(config['container'])['image']);
  const supervisor = text(asMap(config['supervisor'])['version']);
  return {
    name: configuration.FunctionName ?? '',
    arn: configuration.FunctionArn ?? '',
    region,
    state: (configuration.State?.toLowerCase() as AwsFunction['state'] | undefined) ?? 'active',
    ...(configuration.StateReason ? { stateReason: configuration.StateReason } : {}),
    package: configuration.PackageType === 'Image' ? 'image' : 'zip',
    ...(image ? { image } : {}),
    ...(configuration.Runtime ? { runtime: configuration.Runtime } : {}),
    architecture: configuration.Architectures?.[0] ?? 'x86_64',
    memory: configuration.MemorySize ?? 0,
    timeout: configuration.Timeout ?? 0,
    mode: (mode === 'batch' || mode === 'lambda-batch' ? mode : 'lambda') satisfies ExecutionMode,
    triggers: triggers.map(trigger => shownTrigger(trigger, true)),
    outputs: maps(config['output']).map(output => ({
      provider: text(output['storage_provider']) ?? 's3',
      path: text(output['path']) ?? ''
    })),
    ...(apiId === undefined
      ? {}
      : {
          api: {
            kind: 'rest' as const,
            id: apiId,
            endpoint: apiEndpoint(target, region, apiId, stage),
            open
          }
        }),
    ...(supervisor === undefined || supervisor === 'latest' ? {} : { supervisor }),
    ...(tags[OWNER] ? { owner: tags[OWNER] } : {}),
    ours: tags[MANAGED_BY] === OURS,
    ...(configuration.LastModified ? { modified: isoOf(configuration.LastModified) } : {}),
    environment: redact(
      Object.fromEntries(Object.entries(variables).filter(([name]) => !OWN_VARIABLES.has(name)))
    ) as Record<string, string>
  };
}

export function shownTrigger({ bucket, prefix, suffix }: ITrigger, active: boolean): AwsFunction['triggers'][number] {
  return { bucket, ...(prefix === '' ? {} : { prefix }), ...(suffix === '' ? {} : { suffix }), active };
}

/** True for what SCAR or this bridge made. */
export function isScar(tags: Record<string, string>): boolean {
  return tags[CREATED_BY] === SCAR;
}

/** The FDL of a function, from what it carries; secrets are left out. */
export function fdlOf(config: FdlMap): string | undefined {
  if (Object.keys(config).length === 0) {
    return undefined;
  }
  const { storage_providers: providers, batch, ecr, api_gateway: api, cloudwatch, ...lambda } = config;
  const rest: [string, FdlValue | undefined][] = [
    ['api_gateway', api],
    ['cloudwatch', cloudwatch],
    ['batch', batch],
    ['ecr', ecr]
  ];
  return stringify({
    functions: {
      aws: [{ lambda: withoutSecrets(lambda), ...Object.fromEntries(rest.filter(([, value]) => value !== undefined)) }]
    },
    ...(Object.keys(asMap(providers)).length === 0 ? {} : { storage_providers: withoutSecrets(asMap(providers)) })
  });
}

/** Where a REST API answers. */
export function apiEndpoint(target: ITarget, region: string, id: string, stage = 'scar'): string {
  return target.endpoint === undefined
    ? `https://${id}.execute-api.${region}.amazonaws.com/${stage}/launch`
    : `${target.endpoint.replace(/\/+$/, '')}/restapis/${id}/${stage}/_user_request_/launch`;
}

/** Lambda writes `+0000` for UTC. */
function isoOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString();
}

function maps(value: FdlValue | undefined): FdlMap[] {
  return Array.isArray(value) ? value.map(item => asMap(item)) : [];
}
