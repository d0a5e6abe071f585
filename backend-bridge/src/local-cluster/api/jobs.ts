import type { IOscarService } from '../../fdl/service';
import type { IJobRecord } from '../interfaces';
import { writeGoJson } from './go-json';
import { empty, fail, type IReply, parseBool, rawJson, readBody, rfc3339, text } from './http';
import { PAGE } from './buckets';
import { sameSecret } from './guard';
import type { Caller, IContext, Manager } from './manager';
import { formatUid, invalidName } from './names';
import { OidcVerifier, TokenError } from './oidc';
import { isExposed } from './service-check';
import { streamText } from './streams';

/** What Kubernetes takes in one request; the real manager puts the body into the Job. */
const MAX_JOB_BODY = 3 * 1024 * 1024;
/** A synchronous body is held in memory. */
const MAX_RUN_BODY = 256 * 1024 * 1024;

const NO_ACCESS = 'You do not have permission to access this service';

/** `POST /job/:name`: with the service's token, or a user's. */
export async function submitJob(context: IContext): Promise<IReply> {
  const { manager, request } = context;
  const { service, owner } = await authorize(context, 'job');
  const body = await readBody(request, MAX_JOB_BODY, text(500, 'Request entity too large: limit is 3145728'));
  const given = request.headers['x-delegated-job-id'];
  const name = typeof given === 'string' && given !== '' ? given : undefined;
  if (name !== undefined) {
    const invalid = invalidName('Job.batch', name, 'spec.template.labels');
    if (invalid) {
      fail(500, invalid);
    }
    if (manager.jobs.get(name)) {
      fail(500, `jobs.batch "${name}" already exists`);
    }
  }
  const job = manager.jobs.submit(service, body, {
    ...(name === undefined ? {} : { name }),
    owner: owner || eventOwner(manager, body)
  });
  manager.count(service.name, 'async', job.owner);
  return manager.strict ? empty(201) : { ...empty(201), headers: { 'OSCAR-Job': job.name } };
}

/** An event of the store names who did it: the job is that user's. */
export function eventOwner(manager: Manager, body: Buffer | string): string {
  try {
    const event = JSON.parse(body.toString()) as {
      Records?: { requestParameters?: { principalId?: unknown } }[];
    } | null;
    const principal = event?.Records?.[0]?.requestParameters?.principalId;
    return typeof principal === 'string' && manager.state.user(principal) ? principal : '';
  } catch {
    // Any body is a job's input; most are no events.
    return '';
  }
}

/** `POST /run/:name` */
export async function runService(context: IContext): Promise<IReply> {
  const { manager, request, response } = context;
  const { service, owner } = await authorize(context, 'run');
  if (isExposed(service)) {
    // Since 4.0 nothing stands behind /run for these.
    return manager.strict
      ? empty(502)
      : text(404, `service "${service.name}" is exposed: call it at /system/services/${service.name}/exposed/`);
  }
  const body = await readBody(request, MAX_RUN_BODY);
  const stop = new AbortController();
  const gone = (): void => stop.abort();
  response.once('close', gone);
  try {
    const answer = await manager.jobs.run(service, body, { signal: stop.signal });
    manager.count(service.name, 'sync', owner);
    // The watchdog in the real container answers with the type that it was sent.
    const type = request.headers['content-type'] ?? 'text/plain';
    return {
      status: answer.status,
      body: answer.body,
      type,
      headers: manager.strict ? {} : { 'OSCAR-Exit-Code': String(answer.exitCode) }
    };
  } catch (error) {
    if (stop.signal.aborted) {
      return empty(499);
    }
    throw error;
  } finally {
    response.off('close', gone);
  }
}

/** Who may start what. Basic is refused: these two routes are called by MinIO and by holders of the service's token. */
async function authorize(context: IContext, route: 'job' | 'run'): Promise<{ service: IOscarService; owner: string }> {
  const { manager, params, request } = context;
  const token = /^Bearer +(.*)$/.exec(request.headers.authorization ?? '')?.[1].trim();
  if (token === undefined) {
    fail(401);
  }
  const service = manager.privateService(params.name);
  if (token.length === 64 && !token.includes('.')) {
    if (!service || !sameSecret(token, service.token)) {
      fail(401);
    }
    return { service, owner: '' };
  }
  const oidc = manager.options.oidc;
  if (!/^[^.]+\.[^.]+\.[^.]+$/.test(token)) {
    if (/[ ]/.test(token)) {
      fail(401);
    }
    fail(
      502,
      "token is malformed: token contains an invalid number of segmentsError getting oidc manager for issuer ''"
    );
  }
  const user = await verifyForJob(oidc, token, route);
  if (!service || !mayStart(manager, { admin: false, ...user }, service)) {
    fail(404);
  }
  if (route === 'job' && !manager.state.user(user.uid)) {
    fail(403, `MinIO user not provisioned for ${user.uid}; submit a direct request first`);
  }
  return { service, owner: user.uid };
}

async function verifyForJob(
  oidc: OidcVerifier | undefined,
  token: string,
  route: 'job' | 'run'
): Promise<{ uid: string; name: string; groups: string[] }> {
  try {
    const issuer = OidcVerifier.issuerOf(token);
    if (!oidc?.knows(issuer)) {
      fail(400, `Error getting oidc manager for issuer '${issuer}'`);
    }
    return await oidc.verify(token);
  } catch (error) {
    if (error instanceof TokenError) {
      fail(
        route === 'run' ? 404 : error.kind === 'malformed' ? 502 : 401,
        error.kind === 'malformed' ? error.text : undefined
      );
    }
    throw error;
  }
}

/** The real manager compares the owner with the user part of the subject, and so turns away owners whose subject has an `@`. */
function mayStart(manager: Manager, caller: Exclude<Caller, { admin: true }>, service: IOscarService): boolean {
  if (!manager.strict) {
    return manager.mayRead(caller, service);
  }
  return (
    service.visibility === 'public' ||
    service.owner === formatUid(caller.uid) ||
    (service.visibility === 'restricted' && service.allowed_users.includes(formatUid(caller.uid)))
  );
}

/** `GET /system/logs/:name` */
export function listJobs(context: IContext): IReply {
  const { manager, caller, params, query } = context;
  const service = manager.state.service(params.name) ?? fail(404);
  if (!manager.mayRead(caller, service)) {
    return refused(manager);
  }
  const page = query.get('page') ?? '';
  let listing: { jobs: IJobRecord[]; next?: string };
  try {
    listing = manager.jobs.list(service.name, {
      limit: PAGE,
      ...(page === '' ? {} : { page }),
      ...(caller.admin || (!manager.strict && service.owner === caller.uid) ? {} : { owner: caller.uid })
    });
  } catch (error) {
    if ((error as { code?: string }).code === 'BadPage') {
      fail(
        500,
        "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value"
      );
    }
    throw error;
  }
  const jobs = manager.strict ? [...listing.jobs].sort((one, other) => (one.name < other.name ? -1 : 1)) : listing.jobs;
  // Written by hand: an object would put names that are numbers first.
  const entries = jobs.map(job => `${writeGoJson(job.name)}:${writeGoJson(shown(manager, job))}`);
  const next = listing.next === undefined ? '' : `,"next_page":${writeGoJson(listing.next)}`;
  return rawJson(200, `{"jobs":{${entries.join(',')}}${next}}`);
}

/** The manager answers a stranger 200 without a word. */
function refused(manager: Manager): IReply {
  return manager.strict ? empty(200) : text(403, NO_ACCESS);
}

/** An entry of the list. Nothing in it is null, true or false: clients read the list as a literal of Python. */
function shown(manager: Manager, job: IJobRecord): object {
  const times = {
    ...(job.startedAt ? { creation_time: rfc3339(job.createdAt), start_time: rfc3339(job.startedAt) } : {}),
    ...(job.finishedAt ? { finish_time: rfc3339(job.finishedAt) } : {})
  };
  if (manager.strict) {
    return { status: job.status, ...times };
  }
  return {
    status: job.status,
    creation_time: rfc3339(job.createdAt),
    ...times,
    ...(job.reason ? { reason: job.reason } : {}),
    ...(job.exitCode === undefined ? {} : { exit_code: job.exitCode }),
    ...(job.cancelled ? { cancelled: 1 } : {}),
    ...(job.input ? { input: { bucket: job.input.bucket, key: job.input.key } } : {}),
    ...(job.outputs.length > 0 ? { outputs: job.outputs.map(({ bucket, key, size }) => ({ bucket, key, size })) } : {})
  };
}

/** Whether a job is the caller's business: its own, or one of its own service. The real manager asks for neither. */
function mayTouch(caller: Caller, service: IOscarService, job: IJobRecord): boolean {
  return caller.admin || service.owner === caller.uid || job.owner === caller.uid;
}

/** `GET /system/logs/:name/:job` */
export async function readJobLog(context: IContext): Promise<IReply | undefined> {
  const { manager, caller, params, query } = context;
  const service = manager.state.service(params.name) ?? fail(404);
  if (!manager.mayRead(caller, service)) {
    return refused(manager);
  }
  const selector = /\s(\S+)/.exec(params.job);
  if (selector && manager.strict) {
    fail(500, `found '${selector[1].replace(/[^A-Za-z0-9].*$/, '')}', expected: ',' or 'end of string'`);
  }
  const job = manager.jobs.get(params.job);
  if (!job || job.service !== service.name) {
    // The real manager falls over a job without a pod.
    fail(manager.strict ? 500 : 404);
  }
  if (!mayTouch(caller, service, job)) {
    return refused(manager);
  }
  if (!manager.strict && parseBool(query.get('follow'))) {
    const from = Number(query.get('from') ?? 0);
    const stop = new AbortController();
    const source = manager.jobs.followLog(job.name, {
      from: Number.isSafeInteger(from) && from > 0 ? from : 0,
      signal: stop.signal
    });
    await streamText(context, source, stop);
    return undefined;
  }
  const log = await manager.jobs.log(job.name, { timestamps: parseBool(query.get('timestamps')) });
  return log === undefined ? empty(404) : text(200, log);
}

/** `DELETE /system/logs/:name/:job` */
export async function deleteJob(context: IContext): Promise<IReply> {
  const { manager, caller, params } = context;
  const service = manager.state.service(params.name);
  if (!service || !manager.mayRead(caller, service)) {
    fail(403, NO_ACCESS);
  }
  const job = manager.jobs.get(params.job);
  if (!job || job.service !== service.name) {
    fail(404);
  }
  if (!mayTouch(caller, service, job)) {
    fail(403, NO_ACCESS);
  }
  await manager.jobs.remove(job.name);
  return empty(204);
}

/** `DELETE /system/logs/:name[?all=true]`: without `all` only those that succeeded. */
export async function deleteJobs(context: IContext): Promise<IReply> {
  const { manager, caller, params, query } = context;
  const service = manager.state.service(params.name) ?? fail(404);
  if (!manager.mayRead(caller, service)) {
    return refused(manager);
  }
  await manager.jobs.removeAll(service.name, {
    succeededOnly: !parseBool(query.get('all')),
    // The real manager lets any user delete all jobs of a public service. Not here.
    ...(caller.admin || service.owner === caller.uid ? {} : { owner: caller.uid })
  });
  return empty(204);
}

/** `POST /system/logs/:name/:job/cancel`: ours. Answers when the job has ended. */
export async function cancelJob(context: IContext): Promise<IReply> {
  const { manager, caller, params } = context;
  const service = manager.state.service(params.name) ?? fail(404);
  const job = manager.jobs.get(params.job);
  if (!manager.mayRead(caller, service) || (job && !mayTouch(caller, service, job))) {
    fail(403, NO_ACCESS);
  }
  if (!job || job.service !== service.name) {
    fail(404);
  }
  await manager.jobs.cancel(job.name);
  return empty(204);
}

/** `GET /system/logs` */
export function readSystemLog(context: IContext): IReply {
  const { manager, caller, query } = context;
  if (!caller.admin) {
    fail(403, 'OIDC tokens are not allowed for system logs');
  }
  return rawJson(200, writeGoJson({ logs: manager.options.systemLog.entries(parseBool(query.get('timestamps'))) }));
}
