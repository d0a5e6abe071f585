import type { IPipeline } from '../model';
import type { IEnvironment } from './environment';
import type { IStep } from './flow';
import { inputsOf, outputsOf } from './places';
import type { Reporter } from './report';
import { resourcesOf } from './settings';
import type { IYamlMap } from './yaml';

/** Limits of AWS Lambda. */
const LARGEST_MEMORY = 10_240;
const LONGEST = 900;
const VARIABLES_LIMIT = 4096;
const DEFAULT_MEMORY = 1024;
/** Seconds that a node needs, as an annotation: longer than Lambda allows means Batch. */
export const TIMEOUT_ANNOTATION = 'jupyterlab-oscar/timeout';

/** A function of AWS: Lambda, or Batch behind it where Lambda is too small. */
export function awsFunction(
  step: IStep,
  pipeline: IPipeline,
  parts: { image: string; environment: IEnvironment },
  reporter: Reporter
): IYamlMap {
  const { node, service } = step;
  const { cpu, memory } = resourcesOf(node, reporter);
  const megabytes = memory === undefined ? DEFAULT_MEMORY : Math.max(128, Math.ceil((memory * 1e9) / 2 ** 20));
  const gpu = (node.gpu ?? 0) > 0;
  const wished = Number(node.annotations[TIMEOUT_ANNOTATION] ?? 0);
  const reasons = [
    ...(megabytes > LARGEST_MEMORY ? [`it needs ${megabytes} MB, and Lambda gives ${LARGEST_MEMORY} at most`] : []),
    ...(gpu ? ['it needs a GPU'] : []),
    ...(wished > LONGEST ? [`it takes ${wished} s, and Lambda ends after ${LONGEST}`] : [])
  ];
  const batch = reasons.length > 0;
  reporter.approximated(
    node,
    undefined,
    batch
      ? `It runs in AWS Batch, because ${reasons.join(', and ')}.`
      : `It is a Lambda function: it is ended after ${LONGEST} s, has 512 MB in /tmp, and its image has to be in ECR.`
  );
  reportAws(step, parts.environment, gpu, reporter);
  return {
    lambda: {
      name: service,
      execution_mode: batch ? 'batch' : 'lambda',
      ...(batch ? {} : { runtime: 'image' }),
      memory: batch ? 512 : megabytes,
      timeout: LONGEST,
      log_level: 'INFO',
      description: `Node of the pipeline ${pipeline.name}`.replace(/[\r\n]+/g, ' ').slice(0, 250),
      init_script: `${service}/script.sh`,
      container: {
        image: parts.image,
        environment: {
          Variables: {
            ...parts.environment.variables,
            ...Object.fromEntries(parts.environment.secrets.map(name => [name, '']))
          }
        }
      },
      input: inputsOf(step),
      output: outputsOf(step)
    },
    ...(batch ? { batch: batchOf(Math.max(1, Math.ceil(cpu ?? 1)), megabytes, gpu) } : {})
  };
}

/** A job of Batch, on machines that can hold it: SCAR's own default is a small one with two cores and no GPU. */
function batchOf(vcpus: number, memory: number, gpu: boolean): IYamlMap {
  return {
    vcpus,
    memory,
    enable_gpu: gpu,
    compute_resources: { max_v_cpus: Math.max(2, gpu ? 4 : 2, vcpus), instance_types: [gpu ? 'g4dn' : 'optimal'] }
  };
}

function reportAws(step: IStep, environment: IEnvironment, gpu: boolean, reporter: Reporter): void {
  const { node } = step;
  if (gpu) {
    reporter.mapped(node, 'gpu');
  }
  if (step.parents.length > 1) {
    const reason =
      'It looks for the archives of all nodes before it with the rights of its role; the role has to allow s3:ListBucket.';
    reporter.approximated(node, 'inputs', reason);
  }
  for (const { claim, path } of node.volumes) {
    reporter.ignored(node, 'mounted_volumes', `Lambda and Batch have no volume ${claim}; ${path} is empty there.`);
  }
  if (Object.keys(node.annotations).length > 0 || Object.keys(node.labels).length > 0) {
    reporter.ignored(node, 'kubernetes_pod_labels', 'Labels and annotations of Kubernetes mean nothing on AWS.');
  }
  const size = JSON.stringify(environment.variables).length;
  if (size > VARIABLES_LIMIT / 2) {
    const reason = `The variables have ${size} bytes; Lambda takes ${VARIABLES_LIMIT} for all, with the definition of the function.`;
    reporter.approximated(node, 'env_vars', reason);
  }
}
