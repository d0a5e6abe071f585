import { isPattern } from '../patterns';
import type { INodeConfig } from '../script';
import type { IPipelineNode } from '../model';
import { normalise } from '../values';
import type { IStep } from './flow';
import type { Reporter } from './report';

/** What the deployment gives to nodes that call a service: never in a file, never asked for. */
export const CALL_SECRETS = ['OSCAR_CALL_TOKEN', 'OSCAR_CALL_ENDPOINT', 'OSCAR_CALL_PATHS'] as const;

/** What OSCAR_CALL_PATHS holds, as JSON: how a called service takes files. */
export interface ICallPaths {
  /** `<bucket>[/<folder>]` that it listens to in the cluster's own object store. */
  input?: string;
  /** Those that it writes to there. */
  output: string[];
  /** It is exposed: it has no /run, and its door opens to this. */
  exposed?: 'basic' | 'bearer' | 'none';
}

/** What a node needs that calls a function of AWS from a cluster. */
export const AWS_SECRETS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** How a node calls what is there; undefined for the other kinds, and when it is refused. */
export function callOf(step: IStep, reporter: Reporter): INodeConfig['call'] {
  const { node } = step;
  if (node.kind === 'service') {
    const service = node.call?.service ?? '';
    if (service === '') {
      reporter.refused(node, 'missing-service', 'No service is chosen that it calls. Choose one.', 'service');
      return undefined;
    }
    if (node.call?.recipe) {
      const nodes = node.call.recipe.length;
      const reason = `${nodes} node${nodes === 1 ? '' : 's'} of AI4Compose became one that calls ${service} with the token that the deployment gives it.`;
      reporter.approximated(node, undefined, reason);
    } else {
      const what = node.call?.text === undefined ? 'each file' : 'the text of the node';
      reporter.mapped(node, 'service', `A small service of the pipeline calls ${service} with ${what}.`);
    }
    const { text, path } = node.call ?? {};
    return {
      name: service,
      inputs: text === undefined ? inputsOf(step, node.call?.inputs ?? []) : [],
      folder: namedFolder(node, reporter) ?? resultFolder(step, service),
      ...(text === undefined ? {} : { text }),
      ...(path === undefined ? {} : { path })
    };
  }
  if (node.kind === 'function') {
    const name = node.function?.name ?? '';
    if (name === '') {
      reporter.refused(node, 'missing-function', 'No function is named that it calls. Name one.', 'function');
      return undefined;
    }
    const { region, input, output } = node.function ?? {};
    const through = input && output;
    reporter.mapped(
      node,
      'function',
      through
        ? `Each file goes to ${input} in S3, and what comes to ${output} is the result.`
        : `The function is called with each file as its body, which may have 6 MB.`
    );
    return {
      name,
      inputs: inputsOf(step, []),
      folder: resultFolder(step, name),
      ...(region ? { region } : {}),
      ...(through ? { input, output } : {})
    };
  }
  return undefined;
}

/** The files that are sent: as the node says, else all that the nodes before it declare, else all that it brings itself. */
function inputsOf(step: IStep, named: string[]): string[] {
  if (named.length > 0) {
    return named;
  }
  const declared = [...new Set(step.parents.flatMap(parent => parent.node.outputs))];
  if (declared.length > 0) {
    return declared;
  }
  return step.parents.length === 0 && step.node.dependencies.length > 0 ? step.node.dependencies : ['**'];
}

/** The folder that the node itself names for results. */
function namedFolder(node: IPipelineNode, reporter: Reporter): string | undefined {
  const { call } = node;
  const folder = call?.folder === undefined ? undefined : normalise(call.folder);
  if (folder === undefined || folder === '') {
    return undefined;
  }
  if (!isInside(folder)) {
    const reason = `${call?.folder} lies outside the working folder; the results go to a folder of the service's name.`;
    reporter.ignored(node, 'folder', reason);
    return undefined;
  }
  return folder;
}

/** A folder that the node declares as output, else one of the service's name. */
function resultFolder({ node }: IStep, name: string): string {
  const folder = node.outputs.find(
    output => !isPattern(output) && (output.endsWith('/') || !/\.[A-Za-z0-9]+$/.test(output)) && isInside(output)
  );
  return folder === undefined ? name.replace(/[^A-Za-z0-9._-]+/g, '-') : folder.replace(/\/+$/, '');
}

/** A path that stays in the working folder. */
export function isInside(path: string): boolean {
  return path !== '' && !/^(?:[/\\~]|[A-Za-z]:)/.test(path) && !path.split('/').includes('..') && !path.includes('\0');
}
