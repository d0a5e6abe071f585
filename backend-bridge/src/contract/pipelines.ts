import { Type, type Static } from '@sinclair/typebox';
import { FileRef, ResultFile } from './files';
import { PlanStep } from './fdl';
import { Problem } from './problem';

/** Where a pipeline comes from. With `text`, `base` is the folder that the files of its nodes are relative to. */
export const PipelineSource = Type.Union(
  [
    Type.Object({ file: FileRef }, { additionalProperties: false }),
    Type.Object(
      { text: Type.String(), name: Type.Optional(Type.String()), base: Type.Optional(FileRef) },
      { additionalProperties: false }
    )
  ],
  { $id: 'PipelineSource' }
);
export type PipelineSource = Static<typeof PipelineSource>;

/** What is wrong with a pipeline, or with one of its nodes. Lines and columns count from 1. */
export const PipelineProblem = Type.Object(
  {
    code: Type.String({ description: 'Stable, for instance `missing-image`.' }),
    severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('information')]),
    message: Type.String({ description: 'What is wrong and what to do, one or two sentences.' }),
    file: Type.String(),
    node: Type.Optional(Type.String({ description: 'Id of the node; those in a supernode are `<supernode>/<node>`.' })),
    label: Type.Optional(Type.String()),
    property: Type.Optional(Type.String({ description: 'Name of the component parameter or pipeline property.' })),
    link: Type.Optional(Type.String({ description: 'Id of the link.' })),
    line: Type.Integer(),
    column: Type.Integer(),
    endLine: Type.Integer(),
    endColumn: Type.Integer()
  },
  { $id: 'PipelineProblem' }
);
export type PipelineProblem = Static<typeof PipelineProblem>;

export const PipelineTarget = Type.Union([Type.Literal('oscar'), Type.Literal('scar')]);
export type PipelineTarget = Static<typeof PipelineTarget>;

export const PipelineCheckRequest = Type.Object(
  {
    source: PipelineSource,
    cluster: Type.Optional(Type.String({ description: 'Default: the current cluster.' })),
    target: Type.Optional(PipelineTarget)
  },
  { $id: 'PipelineCheckRequest', additionalProperties: false }
);
export type PipelineCheckRequest = Static<typeof PipelineCheckRequest>;

export const PipelineParameter = Type.Object(
  {
    name: Type.String(),
    type: Type.Union([
      Type.Literal('String'),
      Type.Literal('Integer'),
      Type.Literal('Float'),
      Type.Literal('Bool'),
      Type.Literal('List'),
      Type.Literal('Dict')
    ]),
    description: Type.Optional(Type.String()),
    value: Type.Optional(Type.Unknown({ description: 'The default; absent: there is none.' })),
    required: Type.Boolean()
  },
  { $id: 'PipelineParameter' }
);
export type PipelineParameter = Static<typeof PipelineParameter>;

/** A secret that a node asks for by the name of its environment variable; its value is in no file. */
export const PipelineSecret = Type.Object(
  { variable: Type.String(), nodes: Type.Array(Type.String()) },
  { $id: 'PipelineSecret' }
);
export type PipelineSecret = Static<typeof PipelineSecret>;

export const PipelineCheckResult = Type.Object(
  {
    name: Type.String(),
    problems: Type.Array(PipelineProblem),
    nodes: Type.Array(Type.Object({ id: Type.String(), label: Type.String(), kind: Type.String() })),
    parameters: Type.Array(PipelineParameter),
    secrets: Type.Array(PipelineSecret)
  },
  { $id: 'PipelineCheckResult' }
);
export type PipelineCheckResult = Static<typeof PipelineCheckResult>;

/** What became of one property of a node, or of the node itself. */
export const PipelineReportItem = Type.Object(
  {
    outcome: Type.Union([
      Type.Literal('mapped'),
      Type.Literal('approximated'),
      Type.Literal('ignored'),
      Type.Literal('refused')
    ]),
    property: Type.Optional(Type.String({ description: 'Absent: the whole node.' })),
    reason: Type.Optional(Type.String({ description: 'Why, a sentence; always there unless `mapped`.' }))
  },
  { $id: 'PipelineReportItem' }
);
export type PipelineReportItem = Static<typeof PipelineReportItem>;

export const PipelineReport = Type.Object(
  {
    pipeline: Type.String(),
    target: PipelineTarget,
    nodes: Type.Array(
      Type.Object({
        id: Type.String(),
        label: Type.String(),
        kind: Type.String(),
        service: Type.Optional(Type.String({ description: 'Name of the service or function; absent: none was made.' })),
        target: Type.Optional(Type.String({ description: 'Cluster id, or `aws`.' })),
        items: Type.Array(PipelineReportItem)
      })
    ),
    migration: Type.Array(Type.String({ description: 'What reading an old file changed, sentences.' })),
    problems: Type.Array(PipelineProblem)
  },
  { $id: 'PipelineReport' }
);
export type PipelineReport = Static<typeof PipelineReport>;

/** `POST /v1/pipelines/convert`. With `into` the files are written below that folder; nothing that is there is overwritten unless `overwrite`. */
export const PipelineConvertRequest = Type.Object(
  {
    source: PipelineSource,
    target: Type.Optional(PipelineTarget),
    cluster: Type.Optional(
      Type.String({ description: 'Key of the services in the FDL; default: `default-cluster`, which fits any.' })
    ),
    into: Type.Optional(FileRef),
    overwrite: Type.Optional(Type.Boolean())
  },
  { $id: 'PipelineConvertRequest', additionalProperties: false }
);
export type PipelineConvertRequest = Static<typeof PipelineConvertRequest>;

export const PipelineConversion = Type.Object(
  {
    fdl: Type.String({ description: 'Text of fdl.yaml; empty when an error stands in the way.' }),
    files: Type.Array(
      Type.Object({
        path: Type.String({ description: 'Relative to the output folder.' }),
        size: Type.Integer(),
        text: Type.Optional(Type.String({ description: 'Absent for binary files.' }))
      })
    ),
    folder: Type.Optional(Type.String({ description: 'Where the files were written.' })),
    report: PipelineReport
  },
  { $id: 'PipelineConversion' }
);
export type PipelineConversion = Static<typeof PipelineConversion>;

/**
 * `POST /v1/pipelines/deploy` (→ 202 Operation) and `/v1/pipelines/runs` (→ 202 PipelineRun). Values of secrets go in here once and never
 * come out. What is deployed already and unchanged stays as it is.
 */
export const PipelineRunRequest = Type.Object(
  {
    source: PipelineSource,
    cluster: Type.Optional(Type.String({ description: 'Default: the current cluster.' })),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    secrets: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'By variable.' }))
  },
  { $id: 'PipelineRunRequest', additionalProperties: false }
);
export type PipelineRunRequest = Static<typeof PipelineRunRequest>;

export const PipelineNodeState = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('skipped', { description: 'A node before it failed.' })
]);
export type PipelineNodeState = Static<typeof PipelineNodeState>;

export const PipelineRunNode = Type.Object(
  {
    id: Type.String({ description: 'Id of the node in the pipeline.' }),
    label: Type.String(),
    kind: Type.String(),
    service: Type.String(),
    cluster: Type.String(),
    state: PipelineNodeState,
    after: Type.Array(Type.String({ description: 'Ids of the nodes before it.' })),
    job: Type.Optional(
      Type.String({ description: 'Id of the job that does or did the work; its log is the log of the node.' })
    ),
    attempt: Type.Integer({ description: '1 at first; one more with each rerun.' }),
    startedAt: Type.Optional(Type.String()),
    finishedAt: Type.Optional(Type.String()),
    exitCode: Type.Optional(Type.Integer()),
    reason: Type.Optional(Type.String({ description: 'Why it waits or failed, one sentence.' })),
    notebook: Type.Optional(Type.String({ description: 'Name of the executed notebook among the artifacts.' })),
    artifacts: Type.Array(ResultFile)
  },
  { $id: 'PipelineRunNode' }
);
export type PipelineRunNode = Static<typeof PipelineRunNode>;

/** Poll it with `GET /v1/pipelines/runs/:id?since=<revision>&wait=<seconds ≤ 30>` or take its `pipeline-run` events. */
export const PipelineRun = Type.Object(
  {
    id: Type.String({ description: 'Also ELYRA_RUN_NAME of the nodes.' }),
    pipeline: Type.String({ description: 'Its name.' }),
    file: Type.Optional(
      Type.String({ description: 'As the caller named it: path in the file browser, or on this machine.' })
    ),
    cluster: Type.String(),
    state: Type.Union([
      Type.Literal('deploying'),
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
      Type.Literal('interrupted', { description: 'The bridge ended while it was deploying: run it again.' })
    ]),
    revision: Type.Integer(),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    steps: Type.Array(PlanStep, { description: 'Of the deployment.' }),
    nodes: Type.Array(PipelineRunNode),
    startedAt: Type.String(),
    finishedAt: Type.Optional(Type.String()),
    problem: Type.Optional(Problem)
  },
  { $id: 'PipelineRun' }
);
export type PipelineRun = Static<typeof PipelineRun>;

/** `POST /v1/pipelines/runs/:id/rerun`: what failed, was cancelled or skipped goes again in the same run; what succeeded stays. */
export const PipelineRerunRequest = Type.Object(
  {
    node: Type.Optional(Type.String({ description: 'Only this node and what comes after it.' })),
    redeploy: Type.Optional(
      Type.Boolean({
        description: 'Read the files of the pipeline again first, so that a mended notebook counts. Default true.'
      })
    ),
    secrets: Type.Optional(Type.Record(Type.String(), Type.String()))
  },
  { $id: 'PipelineRerunRequest', additionalProperties: false }
);
export type PipelineRerunRequest = Static<typeof PipelineRerunRequest>;

/** Services of pipelines on a cluster that no pipeline file known to this bridge makes any more. */
export const PipelineLeftover = Type.Object(
  {
    cluster: Type.String(),
    service: Type.String(),
    pipeline: Type.String(),
    file: Type.Optional(Type.String()),
    reason: Type.String()
  },
  { $id: 'PipelineLeftover' }
);
export type PipelineLeftover = Static<typeof PipelineLeftover>;

/** `POST /v1/pipelines/leftovers/remove`: the buckets of the services stay with their data unless `data` is `delete`. */
export const PipelineLeftoversRemoval = Type.Object(
  {
    cluster: Type.String(),
    services: Type.Array(Type.String(), { minItems: 1 }),
    data: Type.Optional(Type.Union([Type.Literal('keep'), Type.Literal('delete')]))
  },
  { $id: 'PipelineLeftoversRemoval', additionalProperties: false }
);
export type PipelineLeftoversRemoval = Static<typeof PipelineLeftoversRemoval>;

/**
 * `POST /v1/packing/service`: a cell, a notebook or a script becomes a service: FDL, script, requirements. With `into` the files are written
 * there; the answer has them in any case. `POST /v1/packing/readiness` tells what another cluster lacks for it, and `POST
 * /v1/packing/deploy` (→ 202 Operation) puts the same service there.
 */
export const PackRequest = Type.Object(
  {
    name: Type.String(),
    code: Type.Union([
      Type.Object(
        {
          text: Type.String(),
          language: Type.Union([Type.Literal('python'), Type.Literal('shell')]),
          firstLine: Type.Optional(
            Type.Integer({
              minimum: 1,
              description:
                'Line of the cell at which the text begins, so that what is said of it counts as the cell does.'
            })
          )
        },
        { additionalProperties: false }
      ),
      Type.Object({ file: FileRef }, { additionalProperties: false })
    ]),
    base: Type.Optional(FileRef),
    image: Type.Optional(Type.String({ description: 'Default: python:3.12-slim.' })),
    inputSuffix: Type.Optional(Type.Array(Type.String())),
    requirements: Type.Optional(Type.Union([Type.Object({ text: Type.String() }), Type.Object({ file: FileRef })])),
    mode: Type.Optional(Type.Union([Type.Literal('async'), Type.Literal('sync'), Type.Literal('exposed')])),
    cpu: Type.Optional(Type.String()),
    memory: Type.Optional(Type.String()),
    into: Type.Optional(FileRef),
    overwrite: Type.Optional(
      Type.Boolean({ description: 'Also files that were not written by packing, or changed since.' })
    )
  },
  {
    $id: 'PackRequest',
    additionalProperties: false,
    description:
      '`into`: folder in which the folder `<name>` is made. `base`: folder whose Python modules the code may import (default: that of the file).'
  }
);
export type PackRequest = Static<typeof PackRequest>;

export const PackResult = Type.Object(
  {
    fdl: Type.String({ description: 'Text of fdl.yaml.' }),
    files: Type.Array(Type.Object({ path: Type.String(), text: Type.String() }), {
      description: 'fdl.yaml first; paths are relative to the folder.'
    }),
    folder: Type.Optional(
      Type.String({ description: 'The folder that was written, named as the caller named `into`.' })
    ),
    notes: Type.Array(Type.String({ description: 'Sentences: what was found, what was left out.' }))
  },
  { $id: 'PackResult' }
);
export type PackResult = Static<typeof PackResult>;

export const ReadinessRequest = Type.Object(
  {
    cluster: Type.String(),
    service: Type.String({ description: 'Name of the service as deployed on `from`.' }),
    from: Type.Optional(Type.String({ description: 'Default: the current cluster.' })),
    image: Type.Optional(Type.String({ description: 'The image to use there; default: the same.' }))
  },
  { $id: 'ReadinessRequest', additionalProperties: false }
);
export type ReadinessRequest = Static<typeof ReadinessRequest>;

/** `POST /v1/packing/deploy`: 409 `not-ready` with the report as `readiness` when an item is an error, unless `force`. */
export const PackDeployRequest = Type.Object(
  {
    cluster: Type.String(),
    service: Type.String(),
    from: Type.Optional(Type.String()),
    image: Type.Optional(Type.String()),
    force: Type.Optional(Type.Boolean())
  },
  { $id: 'PackDeployRequest', additionalProperties: false }
);
export type PackDeployRequest = Static<typeof PackDeployRequest>;

export const ReadinessReport = Type.Object(
  {
    ready: Type.Boolean({ description: 'False when an item is an error.' }),
    items: Type.Array(
      Type.Object({
        topic: Type.String({ description: 'image, requirements, paths, quota, architecture, secrets, name' }),
        state: Type.Union([
          Type.Literal('ok'),
          Type.Literal('warning'),
          Type.Literal('error'),
          Type.Literal('unknown')
        ]),
        message: Type.String()
      })
    )
  },
  { $id: 'ReadinessReport' }
);
export type ReadinessReport = Static<typeof ReadinessReport>;
