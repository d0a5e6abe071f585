import { createHash } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { AuthorizationData } from '@aws-sdk/client-ecr';
import { unzipSync } from 'fflate';
import type { FdlMap } from '../fdl';
import type { IPlanning } from './action';
import { BridgeError } from '../http/errors';
import { causeOf, isProblem } from '../http/failures';
import { calling, isGone, refused } from './errors';
import { ENTRYPOINT_PY, ENTRYPOINT_SH, PUBLIC_CONFIG, PYTHON_IMAGE, PYTHON_ROOT, WHOLE_CONFIG } from './entrypoint';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { hasEntrypoint, type IFunctionSpec } from './spec';

const run = promisify(execFile);

/** podman or docker, whichever works. */
export interface IContainerTool {
  name: 'podman' | 'docker';
}

/** Looks for a tool that can build; a client without its server cannot. */
export async function findTool(): Promise<IContainerTool | undefined> {
  for (const name of ['podman', 'docker'] as const) {
    try {
      await run(name, ['info'], { timeout: 10_000, env: process.env });
      return { name };
    } catch {
      // Not installed, or its server does not run: the next one.
    }
  }
  return undefined;
}

/** What a function's image is made of. */
export function dockerfile(spec: IFunctionSpec): string {
  const quoted = (value: string): string => `"${value.replace(/[\\"$]/g, '\\$&').replace(/\n/g, '\\n')}"`;
  const first = hasEntrypoint(spec);
  return [
    ...(first ? [`FROM ${PYTHON_IMAGE} AS python`] : []),
    `FROM ${spec.image}`,
    'WORKDIR /var/task',
    'ENV PATH="/var/task:${PATH}" PYTHONIOENCODING="utf8"',
    ...Object.entries(spec.containerVariables).map(([name, value]) => `ENV ${name}=${quoted(value)}`),
    'COPY supervisor /var/task',
    `COPY ${configFile(spec)} /var/task/`,
    ...(spec.script ? [`COPY ${JSON.stringify([spec.script.name, '/var/task/'])}`] : []),
    'RUN chmod +x /var/task/supervisor',
    ...(spec.secret === undefined ? [] : LINKS),
    ...(first ? [`COPY --from=python / ${PYTHON_ROOT}`, 'COPY entrypoint.sh entrypoint.py /var/task/'] : []),
    // An image may have an entrypoint of its own: its script could not run.
    first ? 'ENTRYPOINT ["/bin/sh", "/var/task/entrypoint.sh"]' : 'ENTRYPOINT ["/var/task/supervisor"]',
    'CMD []',
    ''
  ].join('\n');
}

/** Lambda lets nothing be written here, and the supervisor looks nowhere else. */
const LINKS = [
  `RUN ln -sf ${WHOLE_CONFIG} /var/task/function_config.yaml`,
  `RUN mkdir -p /oscar/config && ln -sf ${WHOLE_CONFIG} /oscar/config/function_config.yaml`
];

function configFile(spec: IFunctionSpec): string {
  return spec.secret === undefined ? 'function_config.yaml' : PUBLIC_CONFIG;
}

/** Where images of a region lie (`host[:port]`), as ECR tells: partitions of AWS have their own domains. @throws BridgeError */
export async function registryOf(target: ITarget, region: string): Promise<string> {
  const { proxyEndpoint = '' } = await signIn(target, region);
  if (!URL.canParse(proxyEndpoint)) {
    throw refused(
      `ECR in ${region} does not say where images go. An image that lies there can be used with create_image: false.`
    );
  }
  return new URL(proxyEndpoint).host;
}

async function signIn(target: ITarget, region: string): Promise<AuthorizationData> {
  const answer = await calling('sign in to ECR', () =>
    target.clients.ecr(region).send(new (sdk.ecr().GetAuthorizationTokenCommand)({}))
  );
  return answer.authorizationData?.[0] ?? {};
}

/** Where the image of a function lies. */
export function imageUriOf({ registry, spec, config }: Pick<IPlanning, 'registry' | 'spec' | 'config'>): string {
  if (registry === undefined) {
    throw new Error(`The image of ${spec.name} is not one that is built here.`);
  }
  return `${registry}/${spec.name}:${imageTag(spec, config)}`;
}

/** Registries of this machine have no certificate; docker knows that by itself. */
function withoutTls(tool: IContainerTool, uri: string): string[] {
  return tool.name === 'podman' && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])[:/]/.test(uri)
    ? ['--tls-verify=false']
    : [];
}

/** The newest base; podman also takes one that is on this machine only. */
function pulling(tool: IContainerTool): string {
  return tool.name === 'podman' ? '--pull=newer' : '--pull';
}

/** Tag of the image: the same contents are not built twice. */
export function imageTag(spec: IFunctionSpec, config: FdlMap): string {
  const hash = createHash('sha256');
  hash
    .update(dockerfile(spec))
    .update(JSON.stringify(config))
    .update(spec.script?.text ?? '');
  hash.update(spec.supervisor).update(spec.architecture);
  hash.update(hasEntrypoint(spec) ? ENTRYPOINT_PY : '');
  return hash.digest('hex').slice(0, 16);
}

/** True when ECR has this image already. @throws BridgeError */
export async function hasImage(target: ITarget, region: string, repository: string, tag: string): Promise<boolean> {
  try {
    const answer = await calling(`look for the image ${repository}:${tag}`, () =>
      target.clients
        .ecr(region)
        .send(new (sdk.ecr().DescribeImagesCommand)({ repositoryName: repository, imageIds: [imageId(tag)] }))
    );
    return (answer.imageDetails ?? []).length > 0;
  } catch (error) {
    if (isGone(error)) {
      return false;
    }
    throw error;
  }
}

function imageId(tag: string): { imageDigest: string } | { imageTag: string } {
  return tag.startsWith('sha256:') ? { imageDigest: tag } : { imageTag: tag };
}

/** Builds the image of a function and pushes it. Passwords go in through stdin. */
export async function buildAndPush(options: {
  tool: IContainerTool;
  target: ITarget;
  spec: IFunctionSpec;
  config: FdlMap;
  uri: string;
  signal?: AbortSignal;
  report: (detail: string) => void;
}): Promise<void> {
  const { tool, target, spec, config, uri, signal, report } = options;
  const folder = await mkdtemp(join(tmpdir(), 'oscar-image-'));
  try {
    report(`Fetching the supervisor ${spec.supervisor}`);
    await fetchSupervisor(spec, join(folder, 'supervisor'), signal);
    await writeFile(join(folder, 'Dockerfile'), dockerfile(spec));
    await writeFile(join(folder, configFile(spec)), JSON.stringify(config));
    if (hasEntrypoint(spec)) {
      await writeFile(join(folder, 'entrypoint.sh'), ENTRYPOINT_SH);
      await writeFile(join(folder, 'entrypoint.py'), ENTRYPOINT_PY);
    }
    if (spec.script) {
      await writeFile(join(folder, spec.script.name), spec.script.text, { mode: 0o755 });
    }
    const platform = spec.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';
    report(`Building with ${tool.name}`);
    const build = (limits: string[]): Promise<void> =>
      command(tool.name, ['build', pulling(tool), '--platform', platform, ...limits, '--tag', uri, folder], {
        signal,
        report
      });
    await build([]).catch((error: unknown) => {
      if (isProblem(error, 'build-failed') && /rlimit/.test(error.problem.cause ?? '')) {
        return build(LOW_LIMITS);
      }
      throw error;
    });
    const { authorizationToken } = await signIn(target, spec.region);
    const [user, password] = Buffer.from(authorizationToken ?? '', 'base64')
      .toString()
      .split(':');
    const plain = withoutTls(tool, uri);
    await command(
      tool.name,
      ['login', ...plain, '--username', user, '--password-stdin', uri.slice(0, uri.indexOf('/'))],
      { signal, report, input: password }
    );
    report('Pushing to ECR');
    await command(tool.name, ['push', ...plain, uri], { signal, report });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchSupervisor(spec: IFunctionSpec, folder: string, signal?: AbortSignal): Promise<void> {
  const name = `supervisor${spec.alpine ? '-alpine' : ''}${spec.architecture === 'arm64' ? '-arm64' : ''}.zip`;
  const base =
    process.env['JUPYTERLAB_OSCAR_SUPERVISOR_URL'] ?? 'https://github.com/grycap/faas-supervisor/releases/download';
  const url = `${base}/${spec.supervisor}/${name}`;
  let data: Buffer;
  try {
    const answer = await fetch(url, { signal });
    if (!answer.ok) {
      throw new Error(`HTTP status ${answer.status}`);
    }
    data = Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new BridgeError({
      type: 'unreachable',
      title: 'The supervisor could not be fetched',
      status: 502,
      detail: `The supervisor ${spec.supervisor} could not be fetched from ${url}.`,
      cause: causeOf((error as Error).message),
      action: 'Check the network and the version, or use an image of ECR that holds it, with create_image: false.'
    });
  }
  for (const [path, content] of Object.entries(unzipSync(data))) {
    const inside = normalize(path.replace(/^supervisor\//, ''));
    if (path.endsWith('/') || inside.startsWith('..') || inside.startsWith('/')) {
      continue;
    }
    const file = join(folder, inside);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, 0o755);
  }
}

/** Where a machine does not let the tool raise its limits, these are asked for instead. */
const LOW_LIMITS = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'];

/** Lines of a failed command that are shown. */
const LAST = 20;

async function command(
  name: string,
  args: string[],
  options: { signal?: AbortSignal; report: (detail: string) => void; input?: string }
): Promise<void> {
  const lines: string[] = [];
  const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'], signal: options.signal, env: process.env });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter(line => line.trim() !== ''));
      lines.splice(0, Math.max(0, lines.length - LAST));
      options.report(lines[lines.length - 1] ?? '');
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new BridgeError({
      type: 'build-failed',
      title: 'The image could not be made',
      status: 500,
      detail: `"${name} ${args[0]}" ended with ${code}.`,
      cause: causeOf(lines.join('\n')),
      action: 'Read what it said, or use an image of ECR that holds the supervisor, with create_image: false.'
    });
  }
}

/** Without a tool, images cannot be made here. */
export function noTool(image: string): BridgeError {
  return refused(noToolText(image));
}

export function noToolText(image: string): string {
  return `Neither podman nor docker works here, and ${image} has to be built with the supervisor in it. Install one of them, or write an image of ECR that holds the supervisor, with create_image: false.`;
}
