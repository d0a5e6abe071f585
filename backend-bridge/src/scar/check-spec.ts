import type { FdlMap } from '../fdl';
import { parsePath, parseProvider } from '../fdl';
import { text } from './scar-cfg';
import { buildsImage, type IFunctionSpec } from './spec';
import type { problemsOf } from './validate';

/** New functions with these are refused by AWS. */
export const RETIRED = /^python(?:2\.7|3\.[0-8])$/;

/** What AWS would refuse, before anything is made. */
export function validate(
  spec: IFunctionSpec,
  facts: { said?: string; prepared?: string; container: FdlMap; emulator: boolean },
  problem: ReturnType<typeof problemsOf>
): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(spec.name)) {
    problem(
      'aws-name',
      'lambda/name',
      'A function needs a name of letters, digits, hyphens and underscores, at most 64.'
    );
  }
  if (buildsImage(spec) && !/^[a-z0-9]+(?:[_-]+[a-z0-9]+)*$/.test(spec.name)) {
    problem(
      'aws-name',
      'lambda/name',
      'The name is also that of a repository in ECR: write lower-case letters and digits.'
    );
  }
  if (!Number.isInteger(spec.memory) || spec.memory < 128 || spec.memory > 10240) {
    problem('aws-memory', 'lambda/memory', `memory is ${spec.memory}: Lambda has 128 to 10,240 MB.`);
  }
  if (!Number.isInteger(spec.timeout) || spec.timeout < 1 || spec.timeout > 900) {
    problem(
      'aws-timeout',
      'lambda/timeout',
      `timeout is ${spec.timeout}: Lambda has 1 to 900 seconds. Longer work is for execution_mode: batch.`
    );
  }
  if (spec.ephemeral < 512 || spec.ephemeral > 10240) {
    problem('aws-tmp', 'lambda/ephemeral_storage', 'ephemeral_storage is 512 to 10,240 MB.');
  }
  if (spec.packaging === 'zip' && RETIRED.test(spec.runtime ?? '')) {
    problem(
      'aws-runtime',
      'lambda/runtime',
      `AWS takes no new functions with ${spec.runtime}. Write runtime: image; udocker in a Python runtime is a matter of old functions.`
    );
  }
  if (spec.image === '' && text(facts.container['image_file']) === undefined) {
    problem('missing-field', 'lambda/container', 'container needs image: the container that the script runs in.');
  }
  if (spec.image === '' && text(facts.container['image_file']) !== undefined) {
    problem(
      'aws-image-file',
      'lambda/container/image_file',
      'Files of docker save are not deployed from here. Load it, push it to ECR, and write its name as image with create_image: false.'
    );
  }
  if (
    facts.container['create_image'] === false &&
    facts.prepared === undefined &&
    !facts.emulator &&
    spec.packaging === 'build'
  ) {
    problem(
      'aws-prepared-image',
      'lambda/container/image',
      'With create_image: false the image lies in ECR: 123456789012.dkr.ecr.region.amazonaws.com/name:tag.'
    );
  }
  if (spec.packaging === 'prepared' && facts.prepared !== undefined && facts.prepared !== spec.region) {
    problem(
      'aws-image-region',
      'lambda/container/image',
      `The image lies in ${facts.prepared} and the function is in ${spec.region}: Lambda takes images of its own region only. Push it there, or write region: ${facts.prepared}.`
    );
  }
  if (spec.role === '') {
    problem(
      'aws-role',
      'iam/role',
      'A function needs a role: write iam: with role:, or choose one in the settings of AWS.'
    );
  }
  if (spec.script === undefined && (spec.packaging === 'build' || spec.packaging === 'delegate')) {
    problem('aws-no-script', 'lambda', 'Every call needs a script: write init_script: script.sh.', 'warning');
  }
  for (const output of spec.outputs) {
    for (const trigger of spec.triggers) {
      const at = parsePath(output.provider, output.path);
      const inside = at.prefix === '' ? '' : `${at.prefix}/`;
      if (
        parseProvider(output.provider).type === 's3' &&
        at.bucket === trigger.bucket &&
        inside.startsWith(trigger.prefix)
      ) {
        problem(
          'output-triggers-itself',
          'lambda/output',
          `Results in ${output.path} would start ${spec.name} again, for ever and at your cost. Write them to another folder.`
        );
      }
    }
  }
  validateBatch(spec, problem);
}

function validateBatch({ batch, name }: IFunctionSpec, problem: ReturnType<typeof problemsOf>): void {
  if (!batch) {
    return;
  }
  if (batch.memory < 4) {
    problem('aws-batch-memory', 'batch/memory', 'A job of Batch has at least 4 MB of memory.');
  }
  if (name.length < 3) {
    problem('aws-name', 'lambda/name', 'With Batch the name has at least three characters.');
  }
  if (batch.gpu && batch.type.startsWith('FARGATE')) {
    problem('aws-batch-gpu', 'batch/enable_gpu', 'Fargate has no GPUs. Write type: EC2.');
  }
  if (batch.vcpus > batch.maxVCpus) {
    problem(
      'aws-batch-vcpus',
      'batch/vcpus',
      `A job asks for ${batch.vcpus} virtual cores and there are ${batch.maxVCpus} at most: it would wait for ever. Write max_v_cpus: ${batch.vcpus}.`
    );
  }
}

/** What is worth knowing and no fault. */
export function notesOf(spec: IFunctionSpec, notes: string[]): void {
  if (spec.packaging === 'emulated') {
    notes.push(
      `The emulator runs the script of ${spec.name} in the image ${spec.image} if podman or docker has it here, else on this machine.`
    );
  }
  if (spec.packaging === 'zip') {
    notes.push(
      `${spec.name} runs its image with udocker in ${spec.runtime}: it needs the supervisor's layer, images below 512 MB, and no Alpine. runtime: image has none of these limits.`
    );
  }
  if (spec.mode === 'lambda-batch' && spec.packaging === 'prepared') {
    notes.push(
      `The supervisor in the image of ${spec.name} never hands a call over to Batch: what takes longer than ${spec.timeout} s ends. Write execution_mode: batch for such work.`
    );
  }
  if (spec.api?.authorization === 'NONE') {
    notes.push(`Anybody who knows the address of ${spec.name} can call it, at your cost.`);
  }
}
