import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Result, ResultFile } from '../contract';
import { isExposed, parseSentinel } from '../fdl';
import { BridgeError } from '../http';
import { callExposed } from './exposed';
import type { IInputFile, IInvokeOptions } from './facade';
import { isFinished } from './job-calls';
import type { ICluster } from './interfaces';
import { requireService, toJob, type Jobs } from './jobs';
import { asText, extensionOf, isTextType, typeOfFile } from './media';
import { outputsOf } from './outputs';
import type { ClusterConnection } from './connection';
import { readReply, withoutSupervisor } from './reply';
import type { ResultStore } from './results';
import type { Submissions } from './submissions';

/** Above this the input goes through the bucket: gateways in front of clusters limit bodies. */
const LARGEST_CALL = 48 * 1024 * 1024;
const LONGEST_TEXT = 64 * 1024;
const LARGEST_REPLY = 512 * 1024 * 1024;

export interface IInvokeContext {
  results: ResultStore;
  submissions: Submissions;
  jobs: Jobs;
}

async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += (chunk as Buffer).length;
    if (total > limit) {
      stream.destroy();
      throw new BridgeError({
        type: 'remote-error',
        title: 'Too large',
        status: 502,
        detail: `More than ${Math.round(limit / 1024 / 1024)} MB are not read at once.`,
        action: 'Submit the file as a job instead.'
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function bytesOf(cluster: ICluster, input: IInputFile): Promise<Buffer> {
  if (input.data !== undefined) {
    return input.data;
  }
  if (input.object) {
    const storage = await cluster.storage();
    return collect((await storage.get(input.object.bucket, input.object.key)).body, LARGEST_CALL * 4);
  }
  try {
    return await readFile(input.path ?? '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new BridgeError({
        type: 'not-found',
        title: 'No such file',
        status: 404,
        detail: `There is no file "${input.file}".`,
        action: 'Check its name.'
      });
    }
    throw error;
  }
}

async function sizeOf(cluster: ICluster, input: IInputFile): Promise<number> {
  if (input.data !== undefined) {
    return input.data.length;
  }
  if (input.object) {
    return (await (await cluster.storage()).head(input.object.bucket, input.object.key))?.size ?? 0;
  }
  try {
    return input.path === undefined ? 0 : (await stat(input.path)).size;
  } catch {
    // Reading it says why.
    return 0;
  }
}

/** The supervisor takes a body that is JSON for an event; base64 of some few files is (digits alone, `true`, `null`). */
function looksLikeJson(base64: string): boolean {
  try {
    JSON.parse(base64);
    return true;
  } catch {
    return false;
  }
}

/** One call, one result: by /run, by the path of an exposed service, or by an upload that is waited for. */
export async function invoke(
  context: IInvokeContext,
  cluster: ClusterConnection,
  name: string,
  input: IInputFile,
  options: IInvokeOptions = {}
): Promise<Result> {
  const started = Date.now();
  const service = await requireService(cluster, name);
  if (options.exposed) {
    return invokeExposed(context, cluster, name, input, options, started);
  }
  // Its job would start the server of the service once more and never end.
  if (isExposed(service) && service.input.length === 0) {
    throw new BridgeError({
      type: 'invalid',
      title: 'An exposed service is called at a path',
      status: 400,
      detail: `"${name}" is an exposed service without an input folder: it answers at the paths of its own program.`,
      action: `Give the path: jupyter oscar invoke ${name} FILE --path /…, or invoke(…, path="/…").`
    });
  }
  // An exposed service has no /run.
  if (!isExposed(service) && (await sizeOf(cluster, input)) <= LARGEST_CALL) {
    const body = (await bytesOf(cluster, input)).toString('base64');
    if (!looksLikeJson(body)) {
      const answer = await cluster.client.call(service, Buffer.from(body), { signal: options.signal });
      if (answer !== undefined) {
        const reply = {
          ...readReply(answer.body),
          ...(answer.exitCode === undefined ? {} : { exitCode: answer.exitCode })
        };
        const files = await context.results.keep(namedAfter(reply.files, input.name));
        const failed = reply.exitCode !== undefined && reply.exitCode !== 0;
        return {
          cluster: cluster.id,
          service: name,
          via: 'run',
          state: failed ? 'failed' : 'succeeded',
          ...(reply.exitCode === undefined ? {} : { exitCode: reply.exitCode }),
          seconds: (Date.now() - started) / 1000,
          ...textOf(reply.text, reply.files),
          files,
          ...(failed ? { problem: scriptFailed(reply.exitCode) } : {})
        };
      }
    }
  }
  return invokeByUpload(context, cluster, name, input, options, started);
}

/** `output.png` of `page.jpg` → `page.png`: a nicer name for what came without one. */
function named(output: string, input: string): string {
  const match = /^output\.([a-z0-9]+)$/.exec(output);
  const stem = stemOf(input);
  return match && stem && input !== 'input' ? `${stem}.${match[1]}` : output;
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]*$/, '');
}

/** The supervisor stores the body of a call under a name of its own, and scripts name their outputs after it. */
const OF_SUPERVISOR = /event-file-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Files of a call, named as if the script had seen the input under the name it has for the caller. */
export function namedAfter<T extends { name: string }>(files: T[], input: string): T[] {
  const names = files.map(file =>
    named(
      file.name.replace(OF_SUPERVISOR, () => stemOf(input) || 'output'),
      input
    )
  );
  return new Set(names).size < names.length ? files : files.map((file, index) => ({ ...file, name: names[index] }));
}

/** What was printed, else the one file with text; plain text goes before JSON, CSV and the like. */
export function textOf(text: string | undefined, files: { mediaType: string; data: Buffer }[]): { text?: string } {
  if (text !== undefined) {
    return { text };
  }
  const texts = files.filter(file => isTextType(file.mediaType));
  const plain = texts.filter(file => file.mediaType.startsWith('text/plain'));
  const [file] = plain.length === 1 ? plain : texts.length === 1 ? texts : [];
  const own = file && file.data.length <= LONGEST_TEXT ? asText(file.data) : undefined;
  return own === undefined ? {} : { text: own };
}

function scriptFailed(exitCode: number | undefined): Result['problem'] {
  return new BridgeError({
    type: 'job-failed',
    title: 'The script failed',
    status: 502,
    detail: exitCode === undefined ? 'The job failed.' : `The script ended with exit code ${exitCode}.`,
    action: 'Look at what it printed.'
  }).problem;
}

async function invokeExposed(
  context: IInvokeContext,
  cluster: ClusterConnection,
  name: string,
  input: IInputFile,
  options: IInvokeOptions,
  started: number
): Promise<Result> {
  const data = await bytesOf(cluster, input);
  const method = options.exposed?.method ?? 'POST';
  const answer = await callExposed(cluster, name, {
    method,
    path: options.exposed?.path ?? '',
    headers: { 'Content-Type': options.exposed?.contentType ?? typeOfFile(input.name, data) },
    body: method === 'GET' || method === 'HEAD' ? undefined : data,
    signal: options.signal,
    timeout: 320_000
  });
  const body = await collect(answer.body, LARGEST_REPLY);
  const failed = answer.status >= 400;
  const mediaType = (answer.headers['content-type'] ?? '').split(';')[0].trim() || typeOfFile('', body);
  const file = { name: named(`output.${extensionOf(mediaType)}`, input.name), mediaType, data: body };
  const short = isTextType(mediaType) && body.length <= LONGEST_TEXT ? asText(body) : undefined;
  return {
    cluster: cluster.id,
    service: name,
    via: 'exposed',
    state: failed ? 'failed' : 'succeeded',
    seconds: (Date.now() - started) / 1000,
    ...(short === undefined ? {} : { text: short }),
    files: failed || body.length === 0 ? [] : await context.results.keep([file]),
    ...(failed
      ? {
          problem: new BridgeError({
            type: 'remote-error',
            title: 'The service refused',
            status: 502,
            detail: `"${name}" answered with HTTP status ${answer.status}.`,
            ...(short ? { cause: short.slice(0, 2000) } : {}),
            action: 'Check the path and the input; see the log of the service.'
          }).problem
        }
      : {})
  };
}

async function invokeByUpload(
  context: IInvokeContext,
  cluster: ClusterConnection,
  name: string,
  input: IInputFile,
  options: IInvokeOptions,
  started: number
): Promise<Result> {
  const submission = await context.submissions.submit(cluster, name, [input]);
  const done = await context.submissions.finished(submission.id, options.signal);
  if (!done.done) {
    await context.submissions.cancel(submission.id);
    throw new BridgeError({ type: 'cancelled', title: 'Cancelled', status: 499, detail: 'The call was cancelled.' });
  }
  const item = done.items[0];
  if (item.job === undefined && item.problem) {
    throw new BridgeError({ ...item.problem, type: item.problem.type.split(':').pop() ?? 'remote-error' });
  }
  const printed = item.job === undefined ? undefined : await printedBy(cluster, name, item.job);
  return {
    cluster: cluster.id,
    service: name,
    via: 'upload',
    ...(item.job === undefined ? {} : { job: item.job }),
    state: item.state === 'uploading' ? 'unknown' : item.state,
    ...(item.exitCode === undefined ? {} : { exitCode: item.exitCode }),
    seconds: (Date.now() - started) / 1000,
    ...(await textOfFiles(cluster, item.outputs, printed)),
    files: item.outputs,
    ...(item.warning === undefined ? {} : { warning: item.warning }),
    ...(item.problem === undefined ? {} : { problem: item.problem })
  };
}

/** What the script printed, from its log. */
async function printedBy(cluster: ICluster, service: string, job: string): Promise<string | undefined> {
  const log = await cluster.client.jobLog(service, job);
  if (log === undefined) {
    return undefined;
  }
  const text = withoutSupervisor(parseSentinel(log).log);
  return text.length > LONGEST_TEXT ? `…${text.slice(-LONGEST_TEXT)}` : text;
}

/** The one short text file, else what was printed. */
async function textOfFiles(
  cluster: ICluster,
  files: ResultFile[],
  printed: string | undefined
): Promise<{ text?: string }> {
  const [file] = files;
  if (
    files.length === 1 &&
    file.bucket !== undefined &&
    file.key !== undefined &&
    isTextType(file.mediaType) &&
    file.size <= LONGEST_TEXT
  ) {
    const object = await (await cluster.storage()).get(file.bucket, file.key);
    const text = asText(await collect(object.body, LONGEST_TEXT * 2));
    if (text !== undefined) {
      return { text };
    }
  }
  return printed === undefined ? {} : { text: printed };
}

/** The result of a job of any origin. */
export async function jobResult(context: IInvokeContext, cluster: ICluster, id: string): Promise<Result> {
  const { service, remote } = await context.jobs.find(cluster, id);
  const over = isFinished(remote.status);
  const told = cluster.client.features.has('job-outputs') && cluster.client.features.has('exit-code');
  const facts = over && !told ? await context.jobs.facts(cluster, service.name, remote) : undefined;
  const job = toJob(cluster.id, service, remote, facts);
  const token = context.submissions.itemOfJob(cluster.id, id)?.token;
  const files = over ? await outputsOf(cluster, service, remote, { facts, token }) : [];
  const printed = await printedBy(cluster, service.name, id);
  const seconds =
    job.startedAt && job.finishedAt ? (Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000 : undefined;
  return {
    cluster: cluster.id,
    service: service.name,
    via: 'upload',
    job: id,
    state: job.state,
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(await textOfFiles(cluster, files, printed)),
    files,
    ...(job.warning === undefined ? {} : { warning: job.warning }),
    ...(job.state === 'failed'
      ? {
          problem: { ...scriptFailed(job.exitCode), ...(job.reason ? { detail: job.reason } : {}) } as Result['problem']
        }
      : {})
  };
}
