import { nearest } from '../../fdl/checks/suggest';
import type { PipelineTarget } from '../../contract';
import type { IPipelineNode } from '../model';
import type { Findings } from './findings';
import { shorten } from './node';

/** Lambda's own limit, in units of 10^9 bytes. */
const LAMBDA_MEMORY = 10.24 * 1.048576;
const LAMBDA_ENVIRONMENT = 4096;

export interface ITargets {
  target?: PipelineTarget;
  clusterIds?: readonly string[];
  services?: readonly (string | { name: string; cluster: string })[];
}

/** What the place where a node is to run cannot do. */
export function checkTarget(node: IPipelineNode, { target, clusterIds, services }: ITargets, findings: Findings): void {
  const { label } = node;
  if (node.target !== undefined && node.target !== 'aws' && clusterIds && !clusterIds.includes(node.target)) {
    const meant = nearest(node.target, [...clusterIds, 'aws']);
    findings.node(
      node,
      'unknown-cluster',
      `“${label}” is to run on ${shorten(node.target)}, and there is no such cluster. ${meant ? `Is ${meant} meant?` : 'Add the cluster, or choose another.'}`,
      'oscar_target'
    );
  }
  if (node.kind === 'service' && node.call?.service && services) {
    const known = services
      .filter(entry => typeof entry === 'string' || node.target === undefined || entry.cluster === node.target)
      .map(entry => (typeof entry === 'string' ? entry : entry.name));
    if (!known.includes(node.call.service)) {
      const meant = nearest(node.call.service, known);
      findings.node(
        node,
        'unknown-service',
        `“${label}” calls ${shorten(node.call.service)}, which is not on the cluster. ${meant ? `Is ${meant} meant?` : 'Deploy it before the pipeline runs.'}`,
        node.call.recipe ? 'env_vars' : 'service',
        'warning'
      );
    }
  }
  if ((node.target ?? (target === 'scar' ? 'aws' : '')) === 'aws') {
    checkAws(node, findings);
  } else {
    checkOscar(node, findings);
  }
}

function checkOscar(node: IPipelineNode, findings: Findings): void {
  if (node.gpu !== undefined && node.gpu > 1) {
    findings.node(
      node,
      'one-gpu',
      `“${node.label}” asks for ${node.gpu} GPUs; a service of OSCAR gets one.`,
      'gpu',
      'warning'
    );
  }
  if (node.gpu && node.gpuVendor !== undefined && node.gpuVendor !== 'nvidia.com/gpu') {
    findings.node(
      node,
      'other-gpu',
      `“${node.label}” asks for GPUs of ${shorten(node.gpuVendor)}; OSCAR gives those of nvidia.com/gpu.`,
      'gpu_vendor',
      'warning'
    );
  }
}

function checkAws(node: IPipelineNode, findings: Findings): void {
  const memory = node.memoryLimit ?? node.memory;
  const warn = (code: string, message: string, property: string) =>
    findings.node(node, code, message, property, 'warning');
  if (memory !== undefined && memory > LAMBDA_MEMORY) {
    warn(
      'aws-memory',
      `“${node.label}” asks for ${memory} GB; a Lambda function has at most 10,240 MB. It runs as a job of AWS Batch.`,
      'memory'
    );
  }
  if (node.gpu) {
    warn(
      'aws-gpu',
      `“${node.label}” asks for a GPU, which Lambda does not have. It runs as a job of AWS Batch.`,
      'gpu'
    );
  }
  if (node.volumes.length > 0) {
    warn(
      'aws-volume',
      `The volumes of “${node.label}” are not there on AWS. Put their files into the dependencies, or into a bucket.`,
      'mounted_volumes'
    );
  }
  const size = Object.entries(node.variables).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > LAMBDA_ENVIRONMENT) {
    warn(
      'aws-environment',
      `The variables of “${node.label}” have ${size} characters; a Lambda function takes 4 kB. Put them into a file.`,
      'env_vars'
    );
  }
}
