import { Type, type Static } from '@sinclair/typebox';
import { FileRef } from './files';
import { Problem } from './problem';

/** Where an FDL comes from. With `text`, `base` is the folder (contents path or absolute) that script paths refer to. */
export const FdlSource = Type.Union(
  [
    Type.Object({ file: FileRef }, { additionalProperties: false }),
    Type.Object(
      { text: Type.String(), name: Type.Optional(Type.String()), base: Type.Optional(FileRef) },
      { additionalProperties: false }
    ),
    Type.Object(
      { example: Type.String({ description: 'Name of an example of this package.' }) },
      { additionalProperties: false }
    )
  ],
  { $id: 'FdlSource' }
);
export type FdlSource = Static<typeof FdlSource>;

/** Lines and columns count from 1; `endColumn` is the column after the last character. */
export const FdlProblem = Type.Object(
  {
    code: Type.String({ description: 'Stable, for instance `unknown-provider`.' }),
    severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('information')]),
    file: Type.String(),
    line: Type.Integer(),
    column: Type.Integer(),
    endLine: Type.Integer(),
    endColumn: Type.Integer(),
    message: Type.String({ description: 'What is wrong and what to write instead.' }),
    fix: Type.Optional(
      Type.Object({
        title: Type.String(),
        edits: Type.Array(
          Type.Object({
            line: Type.Integer(),
            column: Type.Integer(),
            endLine: Type.Integer(),
            endColumn: Type.Integer(),
            text: Type.String()
          })
        )
      })
    )
  },
  { $id: 'FdlProblem' }
);
export type FdlProblem = Static<typeof FdlProblem>;

export const FdlCheckRequest = Type.Object(
  { source: FdlSource, cluster: Type.Optional(Type.String()) },
  { $id: 'FdlCheckRequest', additionalProperties: false }
);
export type FdlCheckRequest = Static<typeof FdlCheckRequest>;

export const FdlCheckResult = Type.Object({ problems: Type.Array(FdlProblem) }, { $id: 'FdlCheckResult' });
export type FdlCheckResult = Static<typeof FdlCheckResult>;

export const PlanStep = Type.Object(
  {
    action: Type.Union([
      Type.Literal('create'),
      Type.Literal('change'),
      Type.Literal('keep'),
      Type.Literal('link'),
      Type.Literal('delete')
    ]),
    kind: Type.String({ description: 'service, bucket, folder, environment, link, script' }),
    name: Type.String(),
    reason: Type.Optional(Type.String({ description: 'What differs, or how it is done.' })),
    state: Type.Optional(
      Type.Union([
        Type.Literal('waiting'),
        Type.Literal('running'),
        Type.Literal('done'),
        Type.Literal('failed'),
        Type.Literal('undone')
      ])
    ),
    detail: Type.Optional(Type.String({ description: 'Progress of the running step, a sentence.' })),
    progress: Type.Optional(Type.Number({ description: '0 to 1.' }))
  },
  { $id: 'PlanStep' }
);
export type PlanStep = Static<typeof PlanStep>;

/** `POST /v1/fdl/plan` and `/v1/fdl/apply`. */
export const FdlApplyRequest = Type.Object(
  {
    source: FdlSource,
    cluster: Type.Optional(Type.String({ description: 'Default: the current cluster.' })),
    rawScript: Type.Optional(Type.Boolean({ description: 'Do not add the epilogue that tells the exit code.' })),
    aws: Type.Optional(
      Type.Object(
        { profile: Type.Optional(Type.String()), region: Type.Optional(Type.String()) },
        { additionalProperties: false, description: 'For `functions.aws`; default: the chosen account and region.' }
      )
    )
  },
  { $id: 'FdlApplyRequest', additionalProperties: false }
);
export type FdlApplyRequest = Static<typeof FdlApplyRequest>;

export const FdlPlan = Type.Object(
  {
    cluster: Type.String({ description: 'Empty: the file has functions of AWS only.' }),
    services: Type.Array(Type.String()),
    functions: Type.Optional(Type.Array(Type.String({ description: 'Of `functions.aws`.' }))),
    problems: Type.Array(FdlProblem),
    steps: Type.Array(PlanStep),
    notes: Type.Array(
      Type.String({ description: 'Sentences: images that will not be used, downloads with their size, …' })
    )
  },
  { $id: 'FdlPlan' }
);
export type FdlPlan = Static<typeof FdlPlan>;

/**
 * Something that takes a while: an apply, a copy. `POST` answers 202 with it; poll it with
 * `GET /v1/operations/:id?since=<revision>&wait=<seconds ≤ 30>` or take its `operation` events.
 * An operation that a crash cut off is `interrupted`: run it again.
 */
export const Operation = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({ description: 'apply' }),
    title: Type.String(),
    cluster: Type.Optional(Type.String()),
    state: Type.Union([
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('interrupted')
    ]),
    revision: Type.Integer(),
    steps: Type.Array(PlanStep),
    services: Type.Optional(Type.Array(Type.String())),
    problem: Type.Optional(Problem),
    startedAt: Type.String(),
    finishedAt: Type.Optional(Type.String())
  },
  { $id: 'Operation' }
);
export type Operation = Static<typeof Operation>;

/** An example that comes with the package. */
export const Example = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    description: Type.String(),
    services: Type.Array(Type.String()),
    sample: Type.Optional(Type.String({ description: 'File to try it with, relative to the examples folder.' })),
    size: Type.Optional(Type.Integer({ description: 'Bytes that its Python environment needs, where known.' }))
  },
  { $id: 'Example' }
);
export type Example = Static<typeof Example>;
