import { Type, type Static } from '@sinclair/typebox';
import { FileRef, ResultFile } from './files';
import { Problem } from './problem';

export const JobState = Type.Union([
  Type.Literal('suspended'),
  Type.Literal('pending'),
  Type.Literal('running'),
  Type.Literal('succeeded'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('unknown')
]);
export type JobState = Static<typeof JobState>;

/** One kind of record for all that runs; this kind is `service`. */
export const Job = Type.Object(
  {
    id: Type.String({ description: "The cluster's own name of the job, unique: `<service>-<uuid>`." }),
    kind: Type.Union([
      Type.Literal('service'),
      Type.Literal('mapreduce'),
      Type.Literal('htc'),
      Type.Literal('pipeline'),
      Type.Literal('batch')
    ]),
    cluster: Type.String(),
    service: Type.String(),
    state: JobState,
    reason: Type.Optional(Type.String({ description: 'Why it waits or failed, one sentence.' })),
    warning: Type.Optional(Type.String({ description: 'For instance: finished without output.' })),
    exitCode: Type.Optional(Type.Integer()),
    createdAt: Type.Optional(Type.String({ description: 'ISO 8601, UTC.' })),
    startedAt: Type.Optional(Type.String()),
    finishedAt: Type.Optional(Type.String()),
    input: Type.Optional(Type.Object({ bucket: Type.String(), key: Type.String(), name: Type.String() }))
  },
  { $id: 'Job' }
);
export type Job = Static<typeof Job>;

export const JobPage = Type.Object({ items: Type.Array(Job), next: Type.Optional(Type.String()) }, { $id: 'JobPage' });
export type JobPage = Static<typeof JobPage>;

/** The result of one job or one synchronous call. `text` is there when it is short and is text. */
export const Result = Type.Object(
  {
    cluster: Type.String(),
    service: Type.String(),
    via: Type.Union([Type.Literal('run'), Type.Literal('upload'), Type.Literal('exposed')]),
    job: Type.Optional(Type.String()),
    state: JobState,
    exitCode: Type.Optional(Type.Integer()),
    seconds: Type.Optional(Type.Number()),
    text: Type.Optional(Type.String({ description: 'What the script printed, or the one text file.' })),
    files: Type.Array(ResultFile),
    warning: Type.Optional(Type.String()),
    problem: Type.Optional(Problem)
  },
  { $id: 'Result' }
);
export type Result = Static<typeof Result>;

/** `POST /v1/clusters/:cluster/services/:service/submissions` */
export const SubmissionRequest = Type.Object(
  { files: Type.Array(FileRef, { minItems: 1 }) },
  { $id: 'SubmissionRequest', additionalProperties: false }
);
export type SubmissionRequest = Static<typeof SubmissionRequest>;

export const SubmissionItem = Type.Object(
  {
    file: Type.String({ description: 'As the caller named it.' }),
    key: Type.Optional(Type.String({ description: 'Bucket and key it was uploaded to.' })),
    job: Type.Optional(Type.String({ description: 'Absent until the job is found.' })),
    state: Type.Union([Type.Literal('uploading'), JobState]),
    exitCode: Type.Optional(Type.Integer()),
    outputs: Type.Array(ResultFile),
    warning: Type.Optional(Type.String()),
    problem: Type.Optional(Problem)
  },
  { $id: 'SubmissionItem' }
);
export type SubmissionItem = Static<typeof SubmissionItem>;

/** Poll it with `GET /v1/submissions/:id?since=<revision>&wait=<seconds ≤ 30>`: answers when `revision` is higher. */
export const Submission = Type.Object(
  {
    id: Type.String(),
    cluster: Type.String(),
    service: Type.String(),
    done: Type.Boolean(),
    revision: Type.Integer(),
    items: Type.Array(SubmissionItem)
  },
  { $id: 'Submission' }
);
export type Submission = Static<typeof Submission>;
