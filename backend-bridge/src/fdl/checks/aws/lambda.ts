import { asList, asMap, asText, isMap, join, textOf } from '../../pointer';
import type { FdlMap, FdlValue } from '../../types';
import { checkVariable } from '../environment';
import { checkImage } from '../image';
import { checkScriptFile } from '../script';
import type { IAwsCheck, IAwsEntry } from './index';

const NAME = /^[a-zA-Z0-9_-]+$/;
/** Lambda calls these retired: new functions with them are refused. */
const RETIRED =
  /^(?:python(?:2\.7|3\.[6-8])|nodejs(?:4|6|8|10|12|14|16).*|ruby2\.[57]|dotnetcore.*|dotnet5.*|java8|go1\.x|provided)$/;
/** Bytes of all variables together. */
const ENVIRONMENT = 4096;
/** What SCAR itself adds to the description of the function, as measured on its smallest example. */
const OWN = 900;

export function isImageRuntime(lambda: FdlMap): boolean {
  return asText(lambda.runtime).toLowerCase() === 'image';
}

/** Name, runtime, container, limits of a function. */
export function checkLambda(entry: IAwsEntry, check: IAwsCheck): void {
  checkName(entry, check);
  checkRuntime(entry, check);
  checkContainer(entry, check);
  checkScripts(entry, check);
  checkNetwork(entry, check);
  checkVariables(entry, check);
  const { lambda, at } = entry;
  const { reporter } = check;
  const threshold = asMap(lambda.container).timeout_threshold;
  const timeout = typeof lambda.timeout === 'number' ? lambda.timeout : 300;
  if (typeof threshold === 'number' && threshold >= timeout && timeout <= 900) {
    reporter.error(
      'aws-threshold',
      join(at, 'container', 'timeout_threshold'),
      `timeout_threshold is ${threshold} and the function has ${timeout} seconds: nothing is left for the script.`
    );
  }
  if (typeof lambda.description === 'string' && lambda.description.length > 256) {
    reporter.error('aws-description', join(at, 'description'), 'The description has at most 256 characters.');
  }
  if (lambda.ephemeral_storage !== undefined) {
    reporter.add({
      code: 'aws-tmp',
      at: join(at, 'ephemeral_storage'),
      on: 'key',
      severity: 'information',
      message: 'The scar command leaves /tmp at 512 MB whatever is written here.'
    });
  }
  for (const section of ['lambda', 'api_gateway', 'cloudwatch', 'ecr', 'batch', 's3']) {
    checkRegion(asMap(entry.item[section]).region, join(entry.pointer, section, 'region'), check);
  }
  const role = asMap(entry.item.iam).role;
  if (typeof role === 'string' && role.trim() !== '' && !/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(role)) {
    reporter.error(
      'aws-role',
      join(entry.pointer, 'iam', 'role'),
      'role is the ARN of a role: arn:aws:iam::123456789012:role/name.'
    );
  }
}

function checkRegion(region: FdlValue | undefined, at: string, { reporter }: IAwsCheck): void {
  if (typeof region === 'string' && region !== '' && !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) {
    reporter.error('aws-region', at, `${region} is not a region of AWS. Write for instance eu-south-2.`);
  }
}

function checkName({ lambda, at }: IAwsEntry, { document, reporter }: IAwsCheck): void {
  const place = join(at, 'name');
  const name = textOf(document, place, lambda.name);
  if (name === undefined || name === '') {
    return;
  }
  const ecr = isImageRuntime(lambda) && asMap(lambda.container).create_image !== false;
  if (name.length > 64) {
    reporter.error('aws-name', place, `The name has ${name.length} characters, and at most 64 are allowed.`);
  } else if (!NAME.test(name)) {
    const clean = name
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .replace(/[^a-zA-Z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '');
    reporter.error(
      'aws-name',
      place,
      `A name has letters, digits, hyphens and underscores.${clean === '' ? '' : ` Write ${clean}.`}`,
      clean === '' ? undefined : reporter.replace(place, clean)
    );
  } else if (ecr && !/^[a-z0-9]+(?:[_-]+[a-z0-9]+)*$/.test(name)) {
    const clean = name.toLowerCase().replace(/^[_-]+|[_-]+$/g, '');
    reporter.error(
      'aws-name',
      place,
      'With runtime image the name is also that of a repository in ECR: lower-case letters and digits, with single - and _ between them.',
      /^[a-z0-9]+(?:[_-]+[a-z0-9]+)*$/.test(clean) ? reporter.replace(place, clean) : undefined
    );
  }
}

function checkRuntime({ lambda, at }: IAwsEntry, { reporter }: IAwsCheck): void {
  const runtime = asText(lambda.runtime);
  const first = Object.keys(lambda)[0];
  // An image starts no jobs in Batch; the supervisor's layer runs up to Python 3.11.
  const wanted = /batch/.test(asText(lambda.execution_mode)) ? 'python3.11' : 'image';
  if (lambda.runtime === undefined || lambda.runtime === null) {
    reporter.add({
      code: 'aws-runtime',
      at,
      on: 'key',
      severity: 'warning',
      message: `Without runtime SCAR asks for python3.7, which AWS refuses by now. Write runtime: ${wanted}.`,
      fix: first === undefined ? undefined : reporter.insertInto(at, join(at, first), `runtime: ${wanted}`)
    });
  } else if (RETIRED.test(runtime)) {
    reporter.warning(
      'aws-runtime',
      join(at, 'runtime'),
      `AWS does not take new functions with ${runtime}. Write ${wanted}.`,
      reporter.replace(join(at, 'runtime'), wanted)
    );
  } else if (runtime !== '' && runtime !== 'image' && !/^python3\.\d+$/.test(runtime)) {
    reporter.error(
      'aws-runtime',
      join(at, 'runtime'),
      `${runtime} does not work: SCAR knows image and Python 3.`,
      reporter.replace(join(at, 'runtime'), 'image')
    );
  }
  const image = isImageRuntime(lambda);
  const architectures = asList(lambda.architectures);
  architectures.forEach((item, index) => {
    if (item !== 'x86_64' && item !== 'arm64') {
      reporter.error(
        'bad-value',
        join(at, 'architectures', index),
        'An architecture is x86_64 or arm64.',
        reporter.replace(join(at, 'architectures', index), /arm|aarch/i.test(asText(item)) ? 'arm64' : 'x86_64')
      );
    }
  });
  if (!image && architectures.includes('arm64')) {
    reporter.warning('aws-arm', join(at, 'architectures'), 'arm64 works with runtime image only.');
  }
  const layers = asList(lambda.layers);
  if (layers.length > 4) {
    reporter.error(
      'aws-layers',
      join(at, 'layers'),
      'A function has at most five layers, and the supervisor is one of them.'
    );
  } else if (image && layers.length > 0) {
    reporter.add({
      code: 'aws-layers',
      at: join(at, 'layers'),
      on: 'key',
      severity: 'warning',
      message: 'A function with runtime image has no layers. Put what is in them into the image.'
    });
  }
}

function checkContainer({ lambda, at }: IAwsEntry, { reporter }: IAwsCheck): void {
  const container = lambda.container;
  const place = join(at, 'container');
  if (!isMap(container)) {
    return;
  }
  const image = isImageRuntime(lambda);
  checkImage(container.image, join(place, 'image'), reporter);
  if (!asText(container.image) && !asText(container.image_file)) {
    reporter.add({
      code: 'missing-field',
      at: place,
      on: 'key',
      message: 'container needs image: the container that the script runs in.'
    });
  }
  if (container.image_file !== undefined && image) {
    reporter.warning(
      'aws-image-file',
      join(place, 'image_file'),
      'With runtime image a file of docker save is not used. Write image.'
    );
  }
  if (
    container.create_image === false &&
    typeof container.image === 'string' &&
    !/^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\//.test(container.image)
  ) {
    reporter.error(
      'aws-prepared-image',
      join(place, 'image'),
      'With create_image: false the image lies in ECR: 123456789012.dkr.ecr.region.amazonaws.com/name:tag.'
    );
  }
  if (!image && container.alpine === true) {
    reporter.warning('aws-alpine', join(place, 'alpine'), 'Alpine Linux runs with runtime image only.');
  }
}

function checkScripts({ lambda, at }: IAwsEntry, { context, reporter }: IAwsCheck): void {
  // The script of a prepared image lies in it.
  const prepared = asMap(lambda.container).create_image === false;
  for (const key of prepared ? ['run_script'] : ['init_script', 'run_script']) {
    checkScriptFile({ path: lambda[key], at: join(at, key), runsWithSh: true }, context, reporter);
  }
  if (isImageRuntime(lambda) && !asText(lambda.init_script) && !asText(lambda.run_script)) {
    reporter.add({
      code: 'aws-no-script',
      at,
      on: 'key',
      severity: 'warning',
      message: 'With runtime image every call needs a script. Write init_script: script.sh, or send one with each call.'
    });
  }
}

function checkNetwork({ lambda, at }: IAwsEntry, { reporter }: IAwsCheck): void {
  const systems = asList(lambda.file_system);
  if (systems.length > 0 && asList(asMap(lambda.vpc).SubnetIds).length === 0) {
    reporter.add({
      code: 'aws-file-system',
      at: join(at, 'file_system'),
      on: 'key',
      message: 'A file system is reached from its network only. Write vpc: with SubnetIds and SecurityGroupIds.'
    });
  }
  systems.forEach((system, index) => {
    const path = asMap(system).LocalMountPath;
    if (typeof path === 'string' && !/^\/mnt\/[a-zA-Z0-9._-]+$/.test(path)) {
      reporter.error(
        'aws-file-system',
        join(at, 'file_system', index, 'LocalMountPath'),
        'A file system is mounted directly below /mnt, for instance /mnt/data.'
      );
    }
  });
}

function checkVariables({ lambda, at, item, pointer }: IAwsEntry, { document, reporter }: IAwsCheck): void {
  const groups: [FdlValue | undefined, string][] = [
    [asMap(lambda.environment).Variables, join(at, 'environment', 'Variables')],
    [asMap(asMap(lambda.container).environment).Variables, join(at, 'container', 'environment', 'Variables')],
    [asMap(asMap(item.batch).environment).Variables, join(pointer, 'batch', 'environment', 'Variables')]
  ];
  for (const [values, place] of groups) {
    const map = asMap(values);
    for (const name of Object.keys(map)) {
      checkVariable(name, map[name], join(place, name), 'aws', reporter);
    }
  }
  // The whole description travels in one variable, in base64, the keys of the providers included.
  const size =
    (JSON.stringify({ storage_providers: document.storageProviders, ...lambda }).length + OWN) * (4 / 3) +
    JSON.stringify(asMap(groups[0][0])).length;
  if (size > ENVIRONMENT) {
    reporter.add({
      code: 'aws-environment-size',
      at,
      on: 'key',
      severity: 'warning',
      message: `The description of the function takes about ${Math.round(size / 100) / 10} kB of its variables, and AWS allows 4. Remove variables, outputs and providers that it does not use.`
    });
  }
}
