import type { PipelineParameter } from '../../contract';
import { looksSecret } from '../../fdl/redact';
import type { IPipeline, IPipelineNode } from '../model';
import type { Reporter } from './report';

/** Variables of a service and what the runner has to know of them. */
export interface IEnvironment {
  variables: { [name: string]: string };
  /** Values are asked for; the file has empty ones. */
  secrets: string[];
  parameters: { name: string; value?: unknown; required?: boolean }[];
  /** Set by the node itself. */
  own: string[];
}

/** What OSCAR and the scripts set. */
const RESERVED = new Set([
  'INPUT_FILE_PATH',
  'TMP_INPUT_DIR',
  'TMP_OUTPUT_DIR',
  'EVENT',
  'EVENT_TIME',
  'STORAGE_OBJECT_KEY',
  'JOB_UUID',
  'RESOURCE_ID',
  'FUNCTION_CONFIG',
  'OSCAR_SERVICE_NAME',
  'OSCAR_SERVICE_TOKEN',
  'OSCAR_SERVICE_BASE_PATH',
  'OSCAR_EPILOGUE',
  'OSCAR_LINKS',
  'ELYRA_RUN_NAME',
  'ELYRA_RUNTIME_ENV'
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function environmentOf(node: IPipelineNode, pipeline: IPipeline, reporter: Reporter): IEnvironment {
  const result: IEnvironment = { variables: {}, secrets: [], parameters: [], own: [] };
  const secrets = new Set<string>();
  addSecrets(node, secrets, reporter);
  addVariables(node, result, secrets, reporter);
  addParameters(node, pipeline, result, secrets, reporter);
  result.secrets = [...secrets];
  result.own = [...Object.keys(result.variables).filter(name => Object.hasOwn(node.variables, name)), ...secrets];
  return result;
}

function addSecrets(node: IPipelineNode, secrets: Set<string>, reporter: Reporter): void {
  for (const { variable, name, key } of node.secrets) {
    if (!usable(node, variable, 'kubernetes_secrets', reporter)) {
      continue;
    }
    secrets.add(variable);
    const source = name === undefined ? '' : ` (${[name, key].filter(Boolean).join('/')} in Kubernetes)`;
    reporter.approximated(
      node,
      'kubernetes_secrets',
      `The value of ${variable}${source} is asked for when the pipeline is deployed: OSCAR cannot look into secrets of Kubernetes.`
    );
  }
}

function addVariables(node: IPipelineNode, result: IEnvironment, secrets: Set<string>, reporter: Reporter): void {
  let mapped = 0;
  for (const [name, value] of Object.entries(node.variables)) {
    if (!usable(node, name, 'env_vars', reporter)) {
      continue;
    }
    if (secrets.has(name)) {
      reporter.ignored(node, 'env_vars', `${name} is a secret of the node, too; the secret counts.`);
    } else if (looksSecret(name)) {
      secrets.add(name);
      reporter.approximated(
        node,
        'env_vars',
        `${name} looks like a secret: its value goes into no file and is given when the pipeline is deployed.`
      );
    } else {
      result.variables[name] = value;
      mapped++;
    }
  }
  if (mapped > 0) {
    reporter.mapped(node, 'env_vars');
  }
}

function addParameters(
  node: IPipelineNode,
  pipeline: IPipeline,
  result: IEnvironment,
  secrets: Set<string>,
  reporter: Reporter
): void {
  for (const name of node.parameters) {
    const parameter = pipeline.parameters.find(item => item.name === name);
    if (!parameter) {
      reporter.ignored(node, 'pipeline_parameters', `The pipeline has no parameter ${name}.`);
      continue;
    }
    if (!usable(node, name, 'pipeline_parameters', reporter)) {
      continue;
    }
    const taken = secrets.has(name) || Object.hasOwn(result.variables, name);
    const secret = looksSecret(name);
    result.parameters.push({
      name,
      ...(parameter.value === undefined || secret ? {} : { value: parameter.value }),
      ...(parameter.required ? { required: true } : {})
    });
    if (taken) {
      const reason = `${name} is a variable of the node, too; as a variable it keeps the node's value.`;
      reporter.approximated(node, 'pipeline_parameters', reason);
      continue;
    }
    if (secret && parameter.value !== undefined) {
      const reason = `${name} looks like a secret: its default goes into no file, each run has to give it.`;
      reporter.approximated(node, 'pipeline_parameters', reason);
      continue;
    }
    if (parameter.value !== undefined) {
      result.variables[name] = parameterText(parameter);
    }
    reporter.mapped(node, 'pipeline_parameters');
  }
}

/** A default as a variable, in the words of Python, as Elyra has it. */
export function parameterText({ value }: PipelineParameter): string {
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function usable(node: IPipelineNode, name: string, property: string, reporter: Reporter): boolean {
  if (!NAME.test(name)) {
    const reason = `${name === '' ? 'An empty name' : name} cannot be the name of a variable: letters, digits and _, no digit first.`;
    reporter.ignored(node, property, reason);
    return false;
  }
  if (RESERVED.has(name)) {
    reporter.ignored(node, property, `${name} is set by the cluster or by the script of the node.`);
    return false;
  }
  return true;
}
