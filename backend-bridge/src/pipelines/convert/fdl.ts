import type { IPipeline } from '../model';
import type { IStep } from './flow';
import { yamlLines, type IYamlMap } from './yaml';

/** An entry of the FDL and the comments above it. */
export interface IEntry {
  step: IStep;
  /** Without the key of the cluster. */
  oscar?: IYamlMap;
  aws?: IYamlMap;
}

/** The text of fdl.yaml. */
export function fdlText(pipeline: IPipeline, entries: IEntry[], providers: IYamlMap): string {
  const lines: string[] = [];
  const comment = (text: string, indent = ''): void => {
    for (const line of text.split(/\r\n?|\n/)) {
      lines.push(`${indent}# ${line.replace(/[^\P{C}\t]|[\u2028\u2029]/gu, ' ')}`.trimEnd());
    }
  };
  comment(
    `Pipeline ${oneLine(pipeline.name)}, one service a node. Written by jupyterlab-oscar; edit the pipeline, not this file.`
  );
  if (pipeline.description) {
    comment(pipeline.description);
  }
  comment('');
  comment(
    'A run begins with a file <run>.json, {"run": "<run>", "parameters": {}}, in the folder "in" of each node without another'
  );
  comment(
    'before it. A node hands all files on as one archive below "next", and keeps what there is to see below "out/run/<run>":'
  );
  comment('its log, its outputs, the executed notebook, and _status.json, which is written last.');
  comment(
    'What one node writes below "next" starts the nodes that have it as input. The own tools connect the two by notifications'
  );
  comment(
    'of the bucket; OSCAR 3.6 and newer refuses a second service with the same bucket when it is created by other means.'
  );
  if (entries.some(({ oscar }) => hasSecrets(oscar))) {
    comment('Values of secrets are left empty here: they are given when it is deployed.');
  }
  if (Object.keys(providers).length > 0) {
    comment('Addresses and keys of storage_providers are not in this file: the deployment puts them in.');
  }
  lines.push('functions:');
  const oscar = entries.filter(entry => entry.oscar);
  if (oscar.length > 0) {
    lines.push('  oscar:');
    for (const { step, oscar: service } of oscar) {
      node(step, comment);
      lines.push(`  - ${yamlKey(step.target)}:`, ...yamlLines(service as IYamlMap, '      '));
    }
  }
  const aws = entries.filter(entry => entry.aws);
  if (aws.length > 0) {
    lines.push('  aws:');
    for (const { step, aws: definition } of aws) {
      node(step, comment);
      const [first, ...rest] = yamlLines(definition as IYamlMap, '    ');
      lines.push(`  - ${first.trimStart()}`, ...rest);
    }
  }
  if (Object.keys(providers).length > 0) {
    lines.push('storage_providers:', ...yamlLines(providers, '  '));
  }
  return `${lines.join('\n')}\n`;
}

function node({ node: { label, comments }, parents }: IStep, comment: (text: string, indent?: string) => void): void {
  const after = parents.length === 0 ? '' : `, after ${parents.map(parent => oneLine(parent.node.label)).join(', ')}`;
  comment(`${oneLine(label)}${after}`, '  ');
  comments.forEach(text => comment(text, '  '));
}

function hasSecrets(service: IYamlMap | undefined): boolean {
  const environment = service?.environment;
  return typeof environment === 'object' && !Array.isArray(environment) && environment.secrets !== undefined;
}

function yamlKey(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) ? key : JSON.stringify(key);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
