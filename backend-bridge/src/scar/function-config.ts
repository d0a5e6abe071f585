import type { FdlMap, FdlValue } from '../fdl';
import { addSecret } from '../http/redact';
import { asMap } from './scar-cfg';
import { buildsImage, type IFunctionSpec } from './spec';

/** All variables of a function together, bytes: a limit of Lambda. */
export const ENVIRONMENT_LIMIT = 4096;
const SECRET = /secret|token|password|passwd|access_key|private_key/i;
/** They belong to the same entries, and are no secrets by themselves. */
const HIDDEN = '';

/** The configuration of a function as faas-supervisor reads it. */
export function functionConfig(spec: IFunctionSpec): FdlMap {
  return {
    name: spec.name,
    region: spec.region,
    execution_mode: spec.mode,
    runtime: spec.packaging === 'zip' ? (spec.runtime ?? '') : 'image',
    memory: spec.memory,
    timeout: spec.timeout,
    log_level: spec.logLevel,
    ...(spec.script === undefined ? {} : { init_script: spec.script.name }),
    container: {
      image: spec.image,
      // What SCAR looks at before it deletes a repository: one that was not made for the function stays.
      create_image: buildsImage(spec),
      timeout_threshold: spec.threshold,
      environment: { Variables: spec.containerVariables }
    },
    ...(spec.inputs.length === 0 ? {} : { input: spec.inputs }),
    ...(spec.outputs.length === 0
      ? {}
      : {
          output: spec.outputs.map(({ provider, path, prefix, suffix }) => ({
            storage_provider: provider,
            path,
            ...(prefix === undefined ? {} : { prefix }),
            ...(suffix === undefined ? {} : { suffix })
          }))
        }),
    supervisor: { version: spec.supervisor },
    // Always there: the supervisor breaks off without it when it hands a call over.
    ...(spec.batch === undefined
      ? {}
      : {
          batch: {
            multi_node_parallel: {
              enabled: spec.batch.multiNode !== undefined,
              ...(spec.batch.multiNode === undefined
                ? {}
                : { number_nodes: spec.batch.multiNode.nodes, main_node_index: spec.batch.multiNode.main })
            }
          }
        }),
    ...(spec.api === undefined
      ? {}
      : {
          api_gateway: {
            name: spec.api.name,
            ...(spec.api.kind === 'url' ? { type: 'url' } : {}),
            ...(spec.api.stage === 'scar' ? {} : { stage_name: spec.api.stage }),
            ...(spec.api.authorization === 'NONE' ? {} : { method: { authorizationType: spec.api.authorization } })
          }
        }),
    cloudwatch: { log_retention_policy_in_days: spec.retention },
    ...(buildsImage(spec) ? { ecr: { delete_image: spec.deleteImage } } : {}),
    storage_providers: spec.secret === undefined ? spec.providers : withoutSecrets(spec.providers)
  };
}

/** Names of the secrets that the configuration holds, as `storage_providers.minio.my.secret_key`. */
export function secretsIn(value: FdlValue | undefined, at = 'storage_providers'): string[] {
  return Object.entries(asMap(value)).flatMap(([key, item]) =>
    typeof item === 'string'
      ? SECRET.test(key) && item !== ''
        ? [`${at}.${key}`]
        : []
      : secretsIn(item, `${at}.${key}`)
  );
}

/** The same without the values of secrets; they are never shown from now on. */
export function withoutSecrets(config: FdlMap): FdlMap {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value === 'string' && SECRET.test(key)) {
        addSecret(value);
        return [key, HIDDEN];
      }
      return [
        key,
        typeof value === 'object' && value !== null && !Array.isArray(value) ? withoutSecrets(value) : value
      ];
    })
  );
}

/** Bytes that Lambda counts. */
export function environmentSize(variables: Record<string, string>): number {
  return Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0
  );
}

export function encodeConfig(config: FdlMap): string {
  return Buffer.from(JSON.stringify(config)).toString('base64');
}

/** What the variable `FDL` of a function says; undefined when there is none, or it cannot be read. */
export function decodeConfig(variable: string | undefined): FdlMap | undefined {
  if (!variable) {
    return undefined;
  }
  try {
    const value = JSON.parse(Buffer.from(variable, 'base64').toString('utf8')) as FdlValue;
    return asMap(value);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
