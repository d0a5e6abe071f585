import { Type, type Static } from '@sinclair/typebox';
import { FileRef } from './files';
import { Problem } from './problem';

/** MapReduce (MARLA's model) and high-throughput jobs (TaScaaS's model): `/v1/jobs`. */
export const ComputeKind = Type.Union([Type.Literal('mapreduce'), Type.Literal('htc')]);
export type ComputeKind = Static<typeof ComputeKind>;

export const ComputeState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('sampling', { description: 'The functions are tried on the first 64 kB.' }),
  Type.Literal('running'),
  Type.Literal('paused'),
  Type.Literal('recovering', { description: 'The bridge was started anew and looks for what is done.' }),
  Type.Literal('succeeded'),
  Type.Literal('failed'),
  Type.Literal('cancelled')
]);
export type ComputeState = Static<typeof ComputeState>;

/** What the user wrote. `line` is where `source` starts in the file or cell that tracebacks name (1: it is all of it). */
export const ComputeCode = Type.Union(
  [
    Type.Object(
      {
        language: Type.Literal('python'),
        source: Type.String(),
        name: Type.Optional(Type.String({ description: 'What tracebacks name: `<cell In[3]>` or a path.' })),
        line: Type.Optional(Type.Integer({ minimum: 1 })),
        with: Type.Optional(
          Type.Record(Type.String(), Type.String(), {
            description: 'Variables of the notebook: name → base64 of a pickle, protocol 5. Only workers read them.'
          })
        ),
        packages: Type.Optional(
          Type.Array(Type.String(), {
            description: 'Modules that the functions import; looked for before the job starts.'
          })
        )
      },
      { additionalProperties: false }
    ),
    Type.Object(
      { language: Type.Literal('shell'), source: Type.String(), name: Type.Optional(Type.String()) },
      { additionalProperties: false }
    )
  ],
  { $id: 'ComputeCode' }
);
export type ComputeCode = Static<typeof ComputeCode>;

/** A file, folder or pattern of this machine, or objects of a bucket. */
export const ComputeInput = Type.Union(
  [
    Type.Object({ file: FileRef, glob: Type.Optional(Type.String()) }, { additionalProperties: false }),
    Type.Object(
      {
        bucket: Type.String(),
        cluster: Type.Optional(
          Type.String({ description: 'Default: the cluster of the engine, else the current one.' })
        ),
        prefix: Type.Optional(Type.String()),
        key: Type.Optional(Type.String()),
        glob: Type.Optional(Type.String({ description: 'On what follows the prefix.' }))
      },
      { additionalProperties: false }
    )
  ],
  { $id: 'ComputeInput' }
);
export type ComputeInput = Static<typeof ComputeInput>;

/** How bytes become records. `auto` goes by the name of the file. */
export const RecordFormat = Type.Object(
  {
    type: Type.Optional(
      Type.Union([
        Type.Literal('auto'),
        Type.Literal('text'),
        Type.Literal('csv'),
        Type.Literal('jsonl'),
        Type.Literal('file'),
        Type.Literal('bytes'),
        Type.Literal('fixed'),
        Type.Literal('parquet')
      ])
    ),
    delimiter: Type.Optional(Type.String({ description: 'Of records, `text` only; default: a newline.' })),
    separator: Type.Optional(Type.String({ description: 'Of fields, `csv` only; default: a comma.' })),
    header: Type.Optional(
      Type.Boolean({ description: '`csv` only: the first record names the fields. Default true.' })
    ),
    size: Type.Optional(Type.Integer({ minimum: 1, description: '`fixed` only: bytes of one record.' })),
    encoding: Type.Optional(Type.String({ description: 'Default utf-8.' })),
    errors: Type.Optional(
      Type.Union(
        [Type.Literal('strict'), Type.Literal('replace'), Type.Literal('surrogateescape'), Type.Literal('skip')],
        {
          description: 'What is done with bytes that are not text. Default strict: the job fails and says where.'
        }
      )
    )
  },
  { $id: 'RecordFormat', additionalProperties: false }
);
export type RecordFormat = Static<typeof RecordFormat>;

/** `POST /v1/jobs`. The same `idempotencyKey` again answers the job that is there (200). */
export const ComputeRequest = Type.Object(
  {
    kind: ComputeKind,
    name: Type.Optional(Type.String({ maxLength: 200 })),
    engine: Type.Optional(Type.String({ description: '`local` (default), `oscar:<cluster>`.' })),
    python: Type.Optional(Type.String({ description: "Interpreter of the local workers; default: the caller's." })),
    cwd: Type.Optional(Type.String({ description: 'Folder that the functions of local workers run in.' })),
    code: ComputeCode,
    input: Type.Optional(Type.Array(ComputeInput)),
    format: Type.Optional(RecordFormat),
    output: Type.Optional(
      Type.Union([
        Type.Object({ file: FileRef }, { additionalProperties: false }),
        Type.Object({ bucket: Type.String(), prefix: Type.String() }, { additionalProperties: false })
      ])
    ),
    overwrite: Type.Optional(
      Type.Boolean({ description: 'A folder that has something in it is replaced at the end.' })
    ),
    mapreduce: Type.Optional(
      Type.Object(
        {
          mappers: Type.Optional(Type.Integer({ minimum: 1, description: 'Wanted number of map parts.' })),
          reducers: Type.Optional(Type.Integer({ minimum: 1, maximum: 1024 })),
          minBlock: Type.Optional(Type.Integer({ minimum: 1, description: 'Bytes.' })),
          maxBlock: Type.Optional(Type.Integer({ minimum: 0, description: 'Bytes; 0: no limit.' })),
          combiner: Type.Optional(
            Type.Union([Type.Literal('auto'), Type.Literal('reducer'), Type.Literal('function'), Type.Literal('none')])
          ),
          sort: Type.Optional(Type.Union([Type.Literal('key'), Type.Literal('value'), Type.Literal('none')])),
          top: Type.Optional(Type.Integer({ minimum: 1 }))
        },
        { additionalProperties: false }
      )
    ),
    htc: Type.Optional(
      Type.Object(
        {
          iterations: Type.Optional(Type.Integer({ minimum: 0 })),
          time: Type.Optional(Type.Number({ description: 'Wanted duration, s; 0 or less: not balanced.' })),
          initWorkers: Type.Optional(Type.Integer({ minimum: 1 })),
          seed: Type.Optional(Type.Integer()),
          balance: Type.Optional(Type.Union([Type.Literal('pull'), Type.Literal('ruper'), Type.Literal('fixed')]))
        },
        { additionalProperties: false }
      )
    ),
    config: Type.Optional(
      Type.Object(
        {
          format: Type.Union([Type.Literal('marla'), Type.Literal('tascaas')]),
          text: Type.String({ description: "MARLA's config.in, or TaScaaS's job file." })
        },
        { additionalProperties: false, description: 'Fields that this request has itself are stronger.' }
      )
    ),
    maxWorkers: Type.Optional(Type.Integer({ minimum: 1 })),
    memory: Type.Optional(Type.Integer({ description: 'Bytes that one worker may take.' })),
    timeout: Type.Optional(Type.Number({ description: 'Of one part, s.' })),
    retries: Type.Optional(Type.Integer({ minimum: 0, description: 'Of a part that was lost. Default 3.' })),
    skipBadRecords: Type.Optional(Type.Integer({ minimum: 0 })),
    isolate: Type.Optional(Type.Boolean({ description: 'A process of its own for each part.' })),
    fresh: Type.Optional(
      Type.Boolean({ description: 'Do not use parts that an earlier job made of the same code and input.' })
    ),
    sampleOnly: Type.Optional(Type.Boolean({ description: 'Stop after the sample: a rehearsal.' })),
    idempotencyKey: Type.String({ minLength: 8, maxLength: 100 })
  },
  { $id: 'ComputeRequest', additionalProperties: false }
);
export type ComputeRequest = Static<typeof ComputeRequest>;

/** Sums over parts. Bytes, records, seconds. */
export const ComputeCounters = Type.Object(
  {
    recordsIn: Type.Integer(),
    recordsOut: Type.Integer(),
    bytesIn: Type.Integer(),
    bytesOut: Type.Integer(),
    skipped: Type.Integer({ description: 'Bad records that were left out, as asked for.' }),
    spills: Type.Integer(),
    combineIn: Type.Integer({ description: 'Pairs before the combiner.' }),
    combineOut: Type.Integer({ description: 'Pairs after it.' }),
    userSeconds: Type.Number(),
    peakMemory: Type.Integer({ description: 'Bytes, the highest of any worker.' })
  },
  { $id: 'ComputeCounters' }
);
export type ComputeCounters = Static<typeof ComputeCounters>;

export const ComputePhase = Type.Object(
  {
    name: Type.Union([Type.Literal('map'), Type.Literal('reduce'), Type.Literal('htc')]),
    total: Type.Integer({ description: 'Units: bytes of map and reduce input, iterations or files of htc.' }),
    done: Type.Integer({ description: 'Units that are committed.' }),
    doing: Type.Integer({ description: 'Units that running parts say they have done.' }),
    parts: Type.Object({
      total: Type.Integer(),
      running: Type.Integer(),
      done: Type.Integer(),
      failed: Type.Integer(),
      cached: Type.Integer()
    }),
    startedAt: Type.Optional(Type.String()),
    finishedAt: Type.Optional(Type.String())
  },
  { $id: 'ComputePhase' }
);
export type ComputePhase = Static<typeof ComputePhase>;

export const ComputeWorker = Type.Object(
  {
    id: Type.String(),
    state: Type.Union([Type.Literal('starting'), Type.Literal('idle'), Type.Literal('busy'), Type.Literal('gone')]),
    pid: Type.Optional(Type.Integer()),
    speed: Type.Number({ description: 'Units a second, smoothed.' }),
    parts: Type.Integer({ description: 'Parts it has committed.' }),
    memory: Type.Optional(Type.Integer({ description: 'Bytes.' })),
    cost: Type.Optional(Type.Number({ description: 'CPU seconds asked for, remote workers.' }))
  },
  { $id: 'ComputeWorker' }
);
export type ComputeWorker = Static<typeof ComputeWorker>;

/** An error of the user's code, or of a part. */
export const ComputeError = Type.Object(
  {
    class: Type.Union([
      Type.Literal('user'),
      Type.Literal('input'),
      Type.Literal('memory'),
      Type.Literal('timeout'),
      Type.Literal('lost'),
      Type.Literal('output')
    ]),
    type: Type.String({ description: 'Name of the exception, or of the signal.' }),
    message: Type.String(),
    traceback: Type.Optional(Type.String({ description: "The user's frames only." })),
    line: Type.Optional(Type.Integer({ description: 'In the code, counted as tracebacks do.' })),
    phase: Type.Optional(Type.String()),
    part: Type.Optional(Type.Integer()),
    attempts: Type.Optional(Type.Integer()),
    record: Type.Optional(
      Type.String({ description: 'Where the record is and how it begins, at most 500 characters.' })
    )
  },
  { $id: 'ComputeError' }
);
export type ComputeError = Static<typeof ComputeError>;

export const ComputeJob = Type.Object(
  {
    id: Type.String(),
    kind: ComputeKind,
    name: Type.String(),
    engine: Type.String(),
    state: ComputeState,
    revision: Type.Integer(),
    phases: Type.Array(ComputePhase),
    workers: Type.Array(ComputeWorker),
    counters: ComputeCounters,
    eta: Type.Optional(Type.Number({ description: 'Seconds that are left, an estimate; absent: not known yet.' })),
    createdAt: Type.String(),
    startedAt: Type.Optional(Type.String()),
    finishedAt: Type.Optional(Type.String()),
    output: Type.Optional(Type.String({ description: 'Folder or `bucket/prefix` of the results.' })),
    results: Type.Optional(Type.Integer({ description: 'Pairs or values in the result.' })),
    notes: Type.Array(
      Type.String({ description: 'What the user should know: no combiner, parts taken from the cache…' })
    ),
    error: Type.Optional(ComputeError),
    problem: Type.Optional(Problem)
  },
  { $id: 'ComputeJob' }
);
export type ComputeJob = Static<typeof ComputeJob>;

/** One attempt of one part, for the timeline. Times are seconds since the job's `createdAt`. */
export const ComputePart = Type.Object(
  {
    phase: Type.String(),
    part: Type.Integer(),
    attempt: Type.Integer(),
    worker: Type.String(),
    state: Type.Union([
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('lost'),
      Type.Literal('superseded', { description: 'Another attempt was faster.' }),
      Type.Literal('cached')
    ]),
    first: Type.Integer({ description: 'First unit.' }),
    count: Type.Integer(),
    start: Type.Number(),
    end: Type.Optional(Type.Number()),
    error: Type.Optional(ComputeError)
  },
  { $id: 'ComputePart' }
);
export type ComputePart = Static<typeof ComputePart>;

/** `GET /v1/jobs/:id/result?offset=&limit=`. Keys and values as JSON; what JSON has no word for is `{"$py": "<repr>", "$pickle"?: base64}`; nobody but Python reads the pickle. */
export const ComputeResultPage = Type.Object(
  {
    total: Type.Integer(),
    items: Type.Array(Type.Unknown({ description: 'mapreduce: `[key, value]`; htc: `{first, count, value}`.' })),
    files: Type.Array(Type.Object({ name: Type.String(), path: Type.Optional(Type.String()), size: Type.Integer() }))
  },
  { $id: 'ComputeResultPage' }
);
export type ComputeResultPage = Static<typeof ComputeResultPage>;
