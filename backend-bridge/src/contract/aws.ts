import { Type, type Static } from '@sinclair/typebox';
import { FileRef, ResultFile } from './files';
import { Problem } from './problem';

/** SCAR: container functions on AWS Lambda, Batch and API Gateway: `/v1/aws`. Times are ISO 8601 in UTC, sizes are MB where AWS says MB. */

/** Where calls go. Nothing here is a secret: keys stay in the files and services of the AWS default chain. */
export const AwsContext = Type.Object(
  {
    profile: Type.Optional(Type.String({ description: 'Of ~/.aws; absent: the default chain.' })),
    region: Type.String(),
    endpoint: Type.Optional(Type.String({ description: 'Of an emulator or another cloud; absent: AWS.' })),
    emulator: Type.Boolean({ description: 'True: the local AWS emulator. Nothing costs, and not all is covered.' }),
    state: Type.Union([
      Type.Literal('ready'),
      Type.Literal('no-credentials'),
      Type.Literal('expired'),
      Type.Literal('failed', { description: '`problem` says why.' })
    ]),
    account: Type.Optional(Type.String({ description: '12 digits.' })),
    arn: Type.Optional(Type.String({ description: 'Who the calls are made as.' })),
    source: Type.Optional(Type.String({ description: 'Where the credentials come from: env, profile, sso, role, …' })),
    expiresAt: Type.Optional(Type.String()),
    role: Type.Optional(
      Type.String({ description: 'ARN of the role of new functions, from ~/.scar/scar.cfg or settings.' })
    ),
    problem: Type.Optional(Problem)
  },
  { $id: 'AwsContext' }
);
export type AwsContext = Static<typeof AwsContext>;

export const AwsProfile = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([
      Type.Literal('keys'),
      Type.Literal('sso'),
      Type.Literal('role'),
      Type.Literal('process'),
      Type.Literal('emulator'),
      Type.Literal('other')
    ]),
    region: Type.Optional(Type.String())
  },
  { $id: 'AwsProfile' }
);
export type AwsProfile = Static<typeof AwsProfile>;

/** `PUT /v1/aws/context`. What is absent stays; `profile: ""` is the default chain, `endpoint: ""` is AWS. */
export const AwsContextChange = Type.Object(
  {
    profile: Type.Optional(Type.String()),
    region: Type.Optional(Type.String()),
    endpoint: Type.Optional(Type.String({ description: 'Refused from the page but for the emulator of this bridge.' })),
    role: Type.Optional(Type.String()),
    emulator: Type.Optional(
      Type.Boolean({ description: 'True: switch to the local emulator, and start it when needed.' })
    )
  },
  { $id: 'AwsContextChange', additionalProperties: false }
);
export type AwsContextChange = Static<typeof AwsContextChange>;

export const AwsEmulator = Type.Object(
  {
    installed: Type.Boolean({ description: 'False: `pip install jupyterlab-oscar[aws-emulator]`.' }),
    state: Type.Union([
      Type.Literal('stopped'),
      Type.Literal('starting'),
      Type.Literal('running'),
      Type.Literal('failed')
    ]),
    endpoint: Type.Optional(Type.String()),
    notCovered: Type.Array(Type.String({ description: 'What it does not do, a few words each.' })),
    problem: Type.Optional(Problem)
  },
  { $id: 'AwsEmulator' }
);
export type AwsEmulator = Static<typeof AwsEmulator>;

export const AwsTrigger = Type.Object({
  bucket: Type.String(),
  prefix: Type.Optional(Type.String()),
  suffix: Type.Optional(Type.String()),
  active: Type.Boolean({ description: 'False: in the FDL, but the bucket does not have it (drift).' })
});

export const AwsFunction = Type.Object(
  {
    name: Type.String(),
    arn: Type.String(),
    region: Type.String(),
    state: Type.Union([
      Type.Literal('pending'),
      Type.Literal('active'),
      Type.Literal('inactive'),
      Type.Literal('failed')
    ]),
    stateReason: Type.Optional(Type.String()),
    package: Type.Union([Type.Literal('image'), Type.Literal('zip')]),
    image: Type.Optional(Type.String({ description: 'ECR image, or the container that a zip function runs.' })),
    runtime: Type.Optional(Type.String()),
    architecture: Type.Optional(Type.String()),
    memory: Type.Integer({ description: 'MB.' }),
    timeout: Type.Integer({ description: 'Seconds.' }),
    mode: Type.Union([Type.Literal('lambda'), Type.Literal('lambda-batch'), Type.Literal('batch')]),
    triggers: Type.Array(AwsTrigger),
    outputs: Type.Array(Type.Object({ provider: Type.String(), path: Type.String() })),
    api: Type.Optional(
      Type.Object({
        kind: Type.Union([Type.Literal('rest'), Type.Literal('url')]),
        id: Type.Optional(Type.String()),
        endpoint: Type.String(),
        open: Type.Boolean({ description: 'True: anybody who knows the address can call it.' })
      })
    ),
    supervisor: Type.Optional(Type.String({ description: 'Version of faas-supervisor.' })),
    owner: Type.Optional(Type.String()),
    ours: Type.Boolean({ description: 'False: made by SCAR itself or another tool with its tags.' }),
    modified: Type.Optional(Type.String()),
    environment: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Values of secrets are left out.' })
    ),
    fdl: Type.Optional(Type.String({ description: 'What it was deployed from, secrets left out.' })),
    drift: Type.Optional(Type.Array(Type.String({ description: 'Sentences: what is not as it was deployed.' })))
  },
  { $id: 'AwsFunction' }
);
export type AwsFunction = Static<typeof AwsFunction>;

export const AwsDeletionPreview = Type.Object(
  {
    function: Type.String(),
    goes: Type.Array(Type.Object({ kind: Type.String(), name: Type.String() })),
    stays: Type.Array(Type.Object({ kind: Type.String(), name: Type.String(), reason: Type.Optional(Type.String()) }))
  },
  { $id: 'AwsDeletionPreview' }
);
export type AwsDeletionPreview = Static<typeof AwsDeletionPreview>;

/** `POST /v1/aws/functions/:name/invoke`. Exactly one of `file`, `text`, `json`, `script`; none: an empty event. */
export const AwsInvokeRequest = Type.Object(
  {
    via: Type.Optional(
      Type.Union([Type.Literal('lambda'), Type.Literal('api')], {
        description: '`lambda` (default): the Invoke call; `api`: its HTTP address.'
      })
    ),
    async: Type.Optional(Type.Boolean()),
    file: Type.Optional(FileRef),
    text: Type.Optional(Type.String()),
    json: Type.Optional(Type.Unknown()),
    script: Type.Optional(Type.String({ description: 'Shell script that runs instead of the one it has.' })),
    arguments: Type.Optional(Type.Array(Type.String(), { description: 'Of zip functions with udocker only.' })),
    parameters: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Query, `via: api` only.' }))
  },
  { $id: 'AwsInvokeRequest', additionalProperties: false }
);
export type AwsInvokeRequest = Static<typeof AwsInvokeRequest>;

export const AwsInvocation = Type.Object(
  {
    function: Type.String(),
    requestId: Type.Optional(Type.String()),
    status: Type.Integer({ description: 'HTTP status of the call: 200, 202 for asynchronous ones.' }),
    state: Type.Union([Type.Literal('succeeded'), Type.Literal('failed'), Type.Literal('accepted')]),
    logGroup: Type.Optional(Type.String()),
    logStream: Type.Optional(Type.String()),
    text: Type.Optional(Type.String()),
    files: Type.Array(ResultFile, { description: 'What it answered, when that is no text.' }),
    batchJob: Type.Optional(Type.String({ description: 'Job of Batch that does the work.' })),
    seconds: Type.Optional(Type.Number({ description: 'Billed duration, where the log tells.' })),
    memoryUsed: Type.Optional(Type.Integer({ description: 'MB.' })),
    cost: Type.Optional(Type.Number({ description: 'US dollars, measured duration times list price.' })),
    error: Type.Optional(Type.String()),
    log: Type.Optional(Type.String({ description: 'Last 4 kB of the log, synchronous calls.' }))
  },
  { $id: 'AwsInvocation' }
);
export type AwsInvocation = Static<typeof AwsInvocation>;

/** `POST /v1/aws/functions/:name/process`: one event for each object that is there; an Operation of kind `aws-process`. */
export const AwsProcessRequest = Type.Object(
  {
    bucket: Type.Optional(Type.String({ description: 'Default: the first trigger.' })),
    prefix: Type.Optional(Type.String()),
    suffix: Type.Optional(Type.String()),
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 50.' })),
    wait: Type.Optional(Type.Boolean({ description: 'True: synchronous calls, so that failures are known.' }))
  },
  { $id: 'AwsProcessRequest', additionalProperties: false }
);
export type AwsProcessRequest = Static<typeof AwsProcessRequest>;

export const AwsBatchJob = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    function: Type.Optional(Type.String()),
    state: Type.Union([
      Type.Literal('submitted'),
      Type.Literal('pending'),
      Type.Literal('runnable'),
      Type.Literal('starting'),
      Type.Literal('running'),
      Type.Literal('succeeded'),
      Type.Literal('failed')
    ]),
    reason: Type.Optional(Type.String()),
    exitCode: Type.Optional(Type.Integer()),
    createdAt: Type.Optional(Type.String()),
    startedAt: Type.Optional(Type.String()),
    stoppedAt: Type.Optional(Type.String()),
    logStream: Type.Optional(Type.String())
  },
  { $id: 'AwsBatchJob' }
);
export type AwsBatchJob = Static<typeof AwsBatchJob>;

const Series = Type.Array(Type.Object({ time: Type.String(), value: Type.Number() }));

export const AwsMetrics = Type.Object(
  {
    period: Type.Integer({ description: 'Seconds of one point.' }),
    invocations: Series,
    errors: Series,
    duration: Type.Array(Type.Object({ time: Type.String(), value: Type.Number() }), { description: 'Mean, ms.' }),
    cost: Type.Optional(
      Type.Object({
        dollars: Type.Number({ description: 'Of the time shown, at list price.' }),
        pricesOf: Type.String({ description: 'Date of the price table.' })
      })
    )
  },
  { $id: 'AwsMetrics' }
);
export type AwsMetrics = Static<typeof AwsMetrics>;

export const AwsApi = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    kind: Type.Union([Type.Literal('rest'), Type.Literal('url')]),
    function: Type.Optional(Type.String()),
    endpoint: Type.String(),
    open: Type.Boolean()
  },
  { $id: 'AwsApi' }
);
export type AwsApi = Static<typeof AwsApi>;

/** A resource with SCAR's tags or names that belongs to no function any more. */
export const AwsOrphan = Type.Object(
  { kind: Type.String(), name: Type.String(), id: Type.String(), reason: Type.String() },
  { $id: 'AwsOrphan' }
);
export type AwsOrphan = Static<typeof AwsOrphan>;
