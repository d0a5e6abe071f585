import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsInvocation, AwsInvokeRequest } from '../contract';
import type { IInputFile } from '../clusters/facade';
import { readReply } from '../clusters/reply';
import type { ResultStore } from '../clusters/results';
import { BridgeError } from '../http/errors';
import { causeOf } from '../http/failures';
import { logGroupOf } from './action';
import { linkedJob } from './batch-jobs';
import { awsError, isAws, missing, notSupported, refused } from './errors';
import { objectEvent } from './events';
import { readFunction, readFunctionUrl, type ILiveFunction } from './live';
import { costOf } from './prices';
import { sdk } from './sdk';
import type { ITarget } from './session';
import { apiEndpoint, deployedOf } from './view';

/** Bytes of a call: limits of Lambda. */
const SYNC_LIMIT = 6 * 1024 * 1024;
const ASYNC_LIMIT = 256 * 1024;
/** Throttled calls were not made: they are tried again so often. */
const THROTTLED_TRIES = 8;

export interface IInvokeOptions {
  request: Omit<AwsInvokeRequest, 'file'>;
  file?: IInputFile;
  results: ResultStore;
  signal?: AbortSignal;
}

/** Calls a function. @throws BridgeError; a function that fails is an answer with `state: failed` */
export async function invokeFunction(target: ITarget, name: string, options: IInvokeOptions): Promise<AwsInvocation> {
  const live = await readFunction(target, target.region, name);
  if (!live) {
    throw missing('function', name);
  }
  const { request, file } = options;
  const given = [file, request.text, request.json, request.script, request.arguments].filter(
    item => item !== undefined
  );
  if (given.length > 1) {
    throw refused('A call takes one of file, text, json, script and arguments.', 'Leave out the others.');
  }
  if (request.arguments !== undefined && live.configuration.PackageType === 'Image' && !target.emulator) {
    throw refused('A function with runtime image has no command to give arguments to.', 'Send a script instead.');
  }
  return request.via === 'api' ? throughApi(target, live, name, options) : throughLambda(target, live, name, options);
}

async function throughLambda(
  target: ITarget,
  live: ILiveFunction,
  name: string,
  options: IInvokeOptions
): Promise<AwsInvocation> {
  const event = await eventOf(target, options);
  const payload = Buffer.from(JSON.stringify(event));
  const asynchronous = options.request.async === true;
  checkSize(payload.length, asynchronous);
  const answer = await invokeOnce(target, name, payload, asynchronous, options.signal);
  const base = {
    function: name,
    ...(answer.$metadata.requestId === undefined ? {} : { requestId: answer.$metadata.requestId }),
    status: answer.StatusCode ?? 200,
    logGroup: logGroupOf(name),
    files: []
  };
  if (asynchronous) {
    return { ...base, state: 'accepted' };
  }
  const log = Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8');
  const said = Buffer.from(answer.Payload ?? []).toString('utf8');
  return {
    ...base,
    ...(await readAnswer(said, answer.FunctionError, live, options.results)),
    ...measured(log, live),
    ...(log === '' ? {} : { log })
  };
}

/** One call of Invoke; a throttled one was not made and is tried again. */
export async function invokeOnce(
  target: ITarget,
  name: string,
  payload: Buffer,
  asynchronous: boolean,
  signal?: AbortSignal
) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await target.clients.invoker().send(
        new (sdk.lambda().InvokeCommand)({
          FunctionName: name,
          InvocationType: asynchronous ? 'Event' : 'RequestResponse',
          LogType: asynchronous ? 'None' : 'Tail',
          Payload: payload
        }),
        { abortSignal: signal }
      );
    } catch (error) {
      const throttled = isAws(error, 'TooManyRequestsException', 'ThrottlingException', 'Throttling');
      if (!throttled || attempt === THROTTLED_TRIES) {
        throw awsError(error, `call the function "${name}"`);
      }
      await delay(Math.min(8000, 200 * 2 ** attempt) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}

/** What the supervisor takes: an event of S3, a script, or an HTTP call with the file as its body. */
async function eventOf(target: ITarget, { request, file }: IInvokeOptions): Promise<unknown> {
  if (file?.object) {
    return objectEvent(target.region, file.object.bucket, file.object.key);
  }
  if (request.script !== undefined) {
    return { script: Buffer.from(request.script).toString('base64') };
  }
  if (request.arguments !== undefined) {
    return { cmd_args: JSON.stringify(request.arguments) };
  }
  if (request.json !== undefined) {
    return request.json;
  }
  const data = file ? await dataOf(file) : request.text === undefined ? undefined : Buffer.from(request.text);
  if (data === undefined) {
    return {};
  }
  return {
    resource: '/{proxy+}',
    path: '/launch',
    httpMethod: 'POST',
    headers: { 'Content-Type': 'application/octet-stream' },
    queryStringParameters: request.parameters ?? null,
    pathParameters: { proxy: 'launch' },
    requestContext: { stage: 'scar', httpMethod: 'POST', path: '/scar/launch' },
    body: data.toString('base64'),
    isBase64Encoded: false
  };
}

async function dataOf(file: IInputFile): Promise<Buffer> {
  if (file.data) {
    return file.data;
  }
  const path = file.path ?? '';
  checkSize(Math.ceil((await stat(path)).size / 3) * 4, false);
  return readFile(path);
}

function checkSize(bytes: number, asynchronous: boolean): void {
  const limit = asynchronous ? ASYNC_LIMIT : SYNC_LIMIT;
  if (bytes > limit) {
    throw new BridgeError({
      type: 'too-large',
      title: 'Too large for a call',
      status: 413,
      detail: `The call has ${bytes} bytes, and Lambda takes ${limit} in ${asynchronous ? 'an asynchronous' : 'a synchronous'} one.`,
      action: 'Put the file into the bucket that starts the function.'
    });
  }
}

async function throughApi(
  target: ITarget,
  live: ILiveFunction,
  name: string,
  { request, file, results, signal }: IInvokeOptions
): Promise<AwsInvocation> {
  const { apiId, stage, open } = deployedOf(live.configuration);
  const url = apiId === undefined ? await readFunctionUrl(target, target.region, name) : undefined;
  if (apiId === undefined && !url) {
    throw refused(
      `"${name}" has no HTTP address.`,
      'Write api_gateway: with name: in its FDL, or call it through Lambda.'
    );
  }
  if (url?.authorization === 'AWS_IAM' || (apiId !== undefined && !open)) {
    throw notSupported('The HTTP address of this function takes signed calls only.', 'Call it through Lambda.');
  }
  const address = new URL(apiId === undefined ? (url?.url ?? '') : apiEndpoint(target, target.region, apiId, stage));
  for (const [key, value] of Object.entries(request.parameters ?? {})) {
    address.searchParams.set(key, value);
  }
  const asynchronous = request.async === true;
  const json = request.json !== undefined;
  const data = file ? await dataOf(file) : request.text === undefined ? undefined : Buffer.from(request.text);
  const body = json
    ? JSON.stringify(request.json)
    : request.script !== undefined
      ? JSON.stringify({ script: Buffer.from(request.script).toString('base64') })
      : data?.toString('base64');
  checkSize(Buffer.byteLength(body ?? ''), asynchronous);
  let answer: Response;
  try {
    answer = await fetch(address, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': json ? 'application/json' : 'application/octet-stream' }),
        ...(asynchronous ? { 'X-Amz-Invocation-Type': 'Event' } : {})
      },
      redirect: 'error',
      signal
    });
  } catch (error) {
    throw new BridgeError({
      type: 'unreachable',
      title: 'Not reachable',
      status: 502,
      detail: `The HTTP address of "${name}" cannot be reached.`,
      cause: causeOf(((error as Error).cause as Error | undefined)?.message ?? (error as Error).message),
      action: 'Check the network; a new API takes some seconds until its name is known.'
    });
  }
  const text = await answer.text();
  const requestId = answer.headers.get('amz-lambda-request-id') ?? answer.headers.get('x-amzn-requestid') ?? undefined;
  const stream = answer.headers.get('amz-log-stream-name') ?? undefined;
  const base = {
    function: name,
    ...(requestId === undefined ? {} : { requestId }),
    logGroup: logGroupOf(name),
    ...(stream === undefined ? {} : { logStream: stream }),
    status: answer.status,
    files: []
  };
  // The gateway cannot read the empty answer of an accepted call, and says 502.
  if (asynchronous && (answer.ok || answer.status === 502)) {
    return { ...base, status: 202, state: 'accepted' };
  }
  if (!answer.ok) {
    return {
      ...base,
      state: 'failed',
      error: causeOf(exceptionIn(decoded(text).toString('utf8')) ?? text) ?? `HTTP status ${answer.status}`
    };
  }
  return { ...base, ...(await outputs(decoded(text), results)), state: 'succeeded' };
}

/** The gateway passes base64 on as it is. */
function decoded(text: string): Buffer {
  const plain = text.replace(/\s/g, '');
  const bytes = Buffer.from(plain, 'base64');
  return plain !== '' && bytes.toString('base64') === plain ? bytes : Buffer.from(text);
}

interface IProxyAnswer {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
  errorMessage?: string;
  errorType?: string;
}

async function readAnswer(
  said: string,
  functionError: string | undefined,
  live: ILiveFunction,
  results: ResultStore
): Promise<Partial<AwsInvocation> & Pick<AwsInvocation, 'state'>> {
  let answer: IProxyAnswer | undefined;
  try {
    answer = JSON.parse(said) as IProxyAnswer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
  }
  if (functionError !== undefined) {
    const text = answer?.errorMessage ?? said;
    const seconds = /Task timed out after ([\d.]+) seconds/.exec(text)?.[1];
    return {
      state: 'failed',
      error:
        seconds === undefined
          ? (causeOf(text) ?? functionError)
          : `It took longer than its timeout of ${live.configuration.Timeout ?? Number(seconds)} s.`
    };
  }
  if (typeof answer !== 'object' || answer === null || typeof answer.body !== 'string') {
    return { state: 'succeeded', ...(await outputs(Buffer.from(said), results)) };
  }
  const body = answer.isBase64Encoded === true ? Buffer.from(answer.body, 'base64') : Buffer.from(answer.body);
  const headers = answer.headers ?? {};
  const about = {
    ...(headers['amz-lambda-request-id'] ? { requestId: headers['amz-lambda-request-id'] } : {}),
    ...(headers['amz-log-group-name'] ? { logGroup: headers['amz-log-group-name'] } : {}),
    ...(headers['amz-log-stream-name'] ? { logStream: headers['amz-log-stream-name'] } : {})
  };
  if ((answer.statusCode ?? 200) >= 400) {
    const text = body.toString('utf8');
    return {
      ...about,
      state: 'failed',
      status: answer.statusCode,
      error: causeOf(exceptionIn(text) ?? text) ?? 'It failed.'
    };
  }
  return { ...about, state: 'succeeded', ...(await outputs(body, results)) };
}

/** The supervisor answers with the traceback of what went wrong: its last line says it. */
function exceptionIn(text: string): string | undefined {
  try {
    const { exception } = JSON.parse(text) as { exception?: string };
    return exception?.trim().split('\n').pop();
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

async function outputs(body: Buffer, results: ResultStore): Promise<Partial<AwsInvocation>> {
  const reply = readReply(body);
  const job = reply.text === undefined ? undefined : linkedJob(reply.text);
  return {
    ...(reply.text === undefined ? {} : { text: reply.text }),
    files: await results.keep(reply.files),
    ...(job === undefined ? {} : { batchJob: job })
  };
}

/** From the line that Lambda ends each call with. */
export function measured(
  log: string,
  { configuration }: Pick<ILiveFunction, 'configuration'>
): Pick<AwsInvocation, 'seconds' | 'memoryUsed' | 'cost'> {
  const billed = /Billed Duration: ([\d.]+) ms/.exec(log)?.[1];
  const used = /Max Memory Used: (\d+) MB/.exec(log)?.[1];
  if (billed === undefined) {
    return {};
  }
  const seconds = Number(billed) / 1000;
  return {
    seconds,
    ...(used === undefined ? {} : { memoryUsed: Number(used) }),
    cost: costOf({
      seconds,
      memory: configuration.MemorySize ?? 128,
      architecture: configuration.Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64',
      ephemeral: configuration.EphemeralStorage?.Size ?? 512
    })
  };
}
