import { asList, asMap, asText, isMap, join } from '../../pointer';
import type { IAwsCheck, IAwsEntry } from './index';
import { isImageRuntime } from './lambda';

/** Families of machines with a GPU. */
const GPU = /^(?:p\d|g\d|trn|inf|dl\d)/;

/** Execution modes, and the settings of Batch. */
export function checkBatch(entry: IAwsEntry, check: IAwsCheck): void {
  const { item, lambda, pointer, at } = entry;
  const { reporter } = check;
  const mode = asText(lambda.execution_mode);
  const uses = mode === 'batch' || mode === 'lambda-batch';
  const place = join(pointer, 'batch');
  if (uses && isImageRuntime(lambda)) {
    reporter.add({
      code: 'aws-batch-image',
      at: join(at, 'execution_mode'),
      severity: 'information',
      message:
        'Deployed from here it hands its work over to Batch. The scar command cannot do that with runtime image: the script runs in Lambda.'
    });
  } else if (mode === 'lambda-batch') {
    reporter.add({
      code: 'aws-lambda-batch',
      at: join(at, 'execution_mode'),
      severity: 'information',
      message:
        'Deployed by the scar command the supervisor breaks off when it hands a call to Batch; deployed from here it does not. For work that always takes longer than 15 minutes write batch.',
      fix: reporter.replace(join(at, 'execution_mode'), 'batch')
    });
  }
  if (!uses && isMap(item.batch)) {
    reporter.add({
      code: 'aws-batch-unused',
      at: place,
      on: 'key',
      severity: 'information',
      message: 'Batch is used with execution_mode batch or lambda-batch only.'
    });
  }
  if (uses) {
    const resources = asMap(asMap(item.batch).compute_resources);
    const missing = ['subnets', 'security_group_ids'].filter(key => asList(resources[key]).length === 0);
    if (missing.length > 0) {
      reporter.add({
        code: 'aws-batch-network',
        at: isMap(item.batch) ? place : join(at, 'execution_mode'),
        on: isMap(item.batch) ? 'key' : 'value',
        severity: 'information',
        message: `Batch needs ${missing.join(' and ')} in batch.compute_resources, unless the configuration of SCAR has them.`
      });
    }
  }
  if (isMap(item.batch)) {
    checkResources(entry, check);
    checkNodes(entry, check);
  }
}

function checkResources({ item, pointer }: IAwsEntry, { reporter }: IAwsCheck): void {
  const batch = asMap(item.batch);
  const resources = asMap(batch.compute_resources);
  const at = join(pointer, 'batch', 'compute_resources');
  const number = (key: string, otherwise: number) => {
    const value = resources[key];
    return typeof value === 'number' ? value : otherwise;
  };
  const min = number('min_v_cpus', 0);
  const max = number('max_v_cpus', 2);
  const desired = number('desired_v_cpus', min);
  if (min > max) {
    reporter.error(
      'aws-batch-order',
      join(at, 'min_v_cpus'),
      `min_v_cpus is ${min} and max_v_cpus ${max}. min_v_cpus may not be more.`
    );
  } else if (desired < min || desired > max) {
    reporter.error(
      'aws-batch-order',
      join(at, 'desired_v_cpus'),
      `desired_v_cpus has to be between min_v_cpus (${min}) and max_v_cpus (${max}).`
    );
  }
  if (typeof batch.vcpus === 'number' && batch.vcpus > max) {
    reporter.error(
      'aws-batch-vcpus',
      join(pointer, 'batch', 'vcpus'),
      `A job asks for ${batch.vcpus} virtual cores and there are ${max} at most: it would wait for ever. Write max_v_cpus: ${batch.vcpus} in compute_resources.`
    );
  }
  const types = asList(resources.instance_types).filter((type): type is string => typeof type === 'string');
  const fargate = asText(resources.type).startsWith('FARGATE');
  if (batch.enable_gpu === true && (fargate || (types.length > 0 ? !types.some(type => GPU.test(type)) : true))) {
    reporter.error(
      'aws-batch-gpu',
      join(pointer, 'batch', 'enable_gpu'),
      fargate
        ? 'Fargate has no GPUs. Write type: EC2 in compute_resources.'
        : `No machine with a GPU is allowed here. Write instance_types: [g4dn.xlarge] in compute_resources.`
    );
  }
  if (fargate && types.length > 0) {
    reporter.warning(
      'aws-fargate',
      join(at, 'instance_types'),
      'Fargate chooses its machines itself. Remove instance_types.'
    );
  }
}

function checkNodes({ item, pointer }: IAwsEntry, { reporter }: IAwsCheck): void {
  const batch = asMap(item.batch);
  const nodes = asMap(batch.multi_node_parallel);
  const at = join(pointer, 'batch', 'multi_node_parallel');
  if (nodes.enabled !== true) {
    return;
  }
  const count = typeof nodes.number_nodes === 'number' ? nodes.number_nodes : 10;
  if (typeof nodes.main_node_index === 'number' && nodes.main_node_index >= count) {
    reporter.error(
      'aws-batch-nodes',
      join(at, 'main_node_index'),
      `There are ${count} nodes, numbered from 0: main_node_index is at most ${count - 1}.`
    );
  }
  if (asText(asMap(batch.compute_resources).type).startsWith('FARGATE')) {
    reporter.error(
      'aws-fargate',
      join(at, 'enabled'),
      'Jobs over several nodes do not run on Fargate. Write type: EC2.'
    );
  }
}
