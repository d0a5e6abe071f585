import type { IPipelineNode } from '../model';
import { isAbsolute } from '../values';
import type { Findings } from './findings';

const ENDINGS: { [kind: string]: RegExp } = { notebook: /\.ipynb$/, python: /\.py$/, r: /\.[rR]$/ };

const WHAT: { [kind: string]: string } = { notebook: 'a notebook', python: 'a Python script', r: 'an R script' };

/** Names of variables whose values are passwords and the like; not those that name the file of one. */
const SECRET =
  /(?:^|_)(?:TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASS|PWD|API_?KEY|ACCESS_?KEY(?!_?ID$)|SECRET_?KEY|PRIVATE_?KEY|AUTH_?KEY|CREDENTIALS?|CREDENCIALS)(?:_VALUE)?$/i;

/** Everything about one node that needs nothing but the node. */
export function checkNode(node: IPipelineNode, findings: Findings): void {
  checkWhatRuns(node, findings);
  checkImage(node, findings);
  checkNumbers(node, findings);
  checkVariables(node, findings);
  checkOutputs(node, findings);
}

function checkWhatRuns(node: IPipelineNode, findings: Findings): void {
  const { kind, label } = node;
  if (kind === 'component') {
    const name = node.component === undefined || node.component === label ? '' : ` (${node.component})`;
    findings.node(
      node,
      'unsupported-component',
      `“${label}”${name} is a component made for Kubeflow or Airflow and cannot run on OSCAR. Put a notebook, a script or a shell command in its place.`
    );
  } else if (kind in ENDINGS) {
    if (node.filename === undefined) {
      findings.node(node, 'missing-filename', `“${label}” has no file. Choose ${WHAT[kind]} for it.`, 'filename');
    } else if (!ENDINGS[kind].test(node.filename)) {
      findings.node(
        node,
        'wrong-ending',
        `“${label}” is meant to run ${WHAT[kind]}, but its file is ${node.filename}. Choose another file or another kind of node.`,
        'filename',
        'warning'
      );
    }
  } else if (kind === 'command' && !node.command?.trim()) {
    findings.node(node, 'missing-command', `“${label}” has no command. Write the shell lines that it runs.`, 'command');
  } else if (kind === 'service' && !node.call?.service) {
    const where = node.call?.recipe ? 'env_vars' : 'service';
    const how = node.call?.recipe ? 'Set SERVICE_NAME.' : 'Name the service that it calls.';
    findings.node(node, 'missing-service', `“${label}” calls no service. ${how}`, where);
  } else if (kind === 'function' && !node.function?.name) {
    findings.node(node, 'missing-function', `“${label}” calls no function. Name the Lambda function.`, 'function');
  }
}

/** `[host[:port]/]path[:tag][@digest]`, as container registries take it. */
const IMAGE =
  /^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*(?::\d+)?)\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

function checkImage(node: IPipelineNode, findings: Findings): void {
  const { image, label, kind } = node;
  if (kind === 'component' || kind === 'function') {
    return;
  }
  if (image === undefined) {
    if (kind !== 'service') {
      findings.node(
        node,
        'missing-image',
        `“${label}” has no runtime image. Choose one for it, or one for all nodes in the properties of the pipeline.`,
        'runtime_image'
      );
    }
  } else if (image.length > 1000 || !IMAGE.test(image)) {
    const capitals = IMAGE.test(image.toLowerCase()) ? ' Names of images are written in lower case.' : '';
    findings.node(
      node,
      'bad-image',
      `${shorten(image)} is not the name of an image.${capitals || ' Write it as registry/name:tag, without https:// and spaces.'}`,
      'runtime_image'
    );
  }
}

/** Other keys (of a partition, of a sort) are short words. */
const isSecret = (name: string, value: string): boolean =>
  value !== '' && !isAbsolute(value) && (SECRET.test(name) || (/(?:^|_)KEY$/i.test(name) && /^\S{16,}$/.test(value)));

const NUMBERS = [
  ['cpu', 'cpu'],
  ['cpuLimit', 'cpu_limit'],
  ['memory', 'memory'],
  ['memoryLimit', 'memory_limit'],
  ['gpu', 'gpu']
] as const;

function checkNumbers(node: IPipelineNode, findings: Findings): void {
  for (const [field, property] of NUMBERS) {
    const value = node[field];
    if (value === undefined) {
      continue;
    }
    if (value < 0 || (value === 0 && field !== 'gpu')) {
      findings.node(
        node,
        'not-positive',
        `${property} of “${node.label}” is ${value}; write a number above 0, or leave it empty.`,
        property
      );
    } else if (field === 'gpu' && !Number.isInteger(value)) {
      findings.node(node, 'bad-number', `gpu of “${node.label}” is ${value}; only whole GPUs can be had.`, property);
    }
  }
  const limits = [
    ['cpu', node.cpu, node.cpuLimit],
    ['memory', node.memory, node.memoryLimit]
  ] as const;
  for (const [property, request, limit] of limits) {
    if (request !== undefined && limit !== undefined && limit > 0 && limit < request) {
      findings.node(
        node,
        'limit-below-request',
        `${property}_limit of “${node.label}” (${limit}) is below ${property} (${request}). Raise the limit or lower the request.`,
        `${property}_limit`
      );
    }
  }
  const vendor = node.gpuVendor;
  if (
    vendor !== undefined &&
    !/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(vendor)
  ) {
    findings.node(
      node,
      'bad-gpu-vendor',
      `gpu_vendor of “${node.label}” is ${shorten(vendor)}; write it as nvidia.com/gpu.`,
      'gpu_vendor'
    );
  }
}

function checkVariables(node: IPipelineNode, findings: Findings): void {
  const isName = (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  for (const [name, value] of Object.entries(node.variables)) {
    if (!isName(name)) {
      findings.node(
        node,
        'bad-variable-name',
        `${shorten(name)} of “${node.label}” cannot be the name of a variable: letters, digits and _ only, and no digit first.`,
        'env_vars'
      );
    } else if (isSecret(name, value)) {
      findings.node(
        node,
        'secret-in-plain-text',
        `${name} of “${node.label}” looks like a secret and stands in the file in plain text. Move it to the secrets of the node: its value is asked for when the pipeline is deployed.`,
        'env_vars',
        'warning'
      );
    }
    if (value.includes('\0')) {
      findings.node(
        node,
        'bad-variable-value',
        `The value of ${shorten(name)} of “${node.label}” has a character 0, which no variable can hold.`,
        'env_vars'
      );
    }
  }
  for (const { variable } of node.secrets) {
    if (!isName(variable)) {
      findings.node(
        node,
        'bad-variable-name',
        `${shorten(variable)} of “${node.label}” cannot be the name of a variable: letters, digits and _ only, and no digit first.`,
        'kubernetes_secrets'
      );
    }
  }
}

function checkOutputs(node: IPipelineNode, findings: Findings): void {
  for (const output of node.outputs) {
    if (isAbsolute(output) || /(?:^|\/)\.\.(?:\/|$)/.test(output)) {
      findings.node(
        node,
        'output-outside',
        `The output ${shorten(output)} of “${node.label}” lies outside its working folder, which is all that is handed on. Write it into the working folder.`,
        'outputs'
      );
    }
  }
}

export const shorten = (text: string, limit = 120): string =>
  text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
