import { Type, type Static } from '@sinclair/typebox';
import { AwsContext, AwsFunction } from './aws';
import { Cluster } from './clusters';
import { ComputeJob } from './compute';
import { Operation } from './fdl';
import { Infrastructure } from './infrastructure';
import { Job, Submission } from './jobs';
import { PipelineRun } from './pipelines';
import { Service } from './services';

/**
 * `GET /v1/events`: one Server-Sent Events stream. `id:` is `<boot>-<seq>`; send it back as `Last-Event-ID` to go on after a
 * break. `event:` is the `type` below and `data:` the JSON of the rest.
 *
 * - `hello`: first event of a connection.
 * - `reset`: what was missed is no longer known (unknown id, or a reader that was too slow): load everything again.
 * - `bye`: the bridge goes idle and closes; do not reconnect until the user does something.
 * - `log`: text of a followed log; only for subscriptions made with `POST /v1/log-subscriptions`.
 */
export const BridgeEvent = Type.Union(
  [
    Type.Object({ type: Type.Literal('hello'), boot: Type.String() }),
    Type.Object({ type: Type.Literal('reset') }),
    Type.Object({ type: Type.Literal('bye') }),
    Type.Object({ type: Type.Literal('cluster'), cluster: Cluster, removed: Type.Optional(Type.Boolean()) }),
    Type.Object({
      type: Type.Literal('service'),
      cluster: Type.String(),
      name: Type.String(),
      service: Type.Union([Service, Type.Null()], { description: 'null: it is gone.' })
    }),
    Type.Object({
      type: Type.Literal('job'),
      cluster: Type.String(),
      id: Type.String(),
      job: Type.Union([Job, Type.Null()])
    }),
    Type.Object({ type: Type.Literal('operation'), operation: Operation }),
    Type.Object({ type: Type.Literal('submission'), submission: Submission }),
    Type.Object({ type: Type.Literal('pipeline-run'), run: PipelineRun }),
    Type.Object({ type: Type.Literal('compute-job'), id: Type.String(), job: Type.Union([ComputeJob, Type.Null()]) }),
    Type.Object({ type: Type.Literal('aws-context'), context: AwsContext }),
    Type.Object({
      type: Type.Literal('aws-function'),
      name: Type.String(),
      function: Type.Union([AwsFunction, Type.Null()], { description: 'null: it is gone.' })
    }),
    Type.Object({
      type: Type.Literal('infrastructure'),
      id: Type.String(),
      infrastructure: Type.Union([Infrastructure, Type.Null()])
    }),
    Type.Object({
      type: Type.Literal('log'),
      subscription: Type.String(),
      text: Type.String(),
      end: Type.Boolean({ description: 'True with the last piece: the job has ended.' }),
      restart: Type.Optional(Type.Boolean({ description: 'True: forget what came before.' }))
    })
  ],
  { $id: 'BridgeEvent' }
);
export type BridgeEvent = Static<typeof BridgeEvent>;

/** `POST /v1/log-subscriptions` answers `{id}`; `DELETE /v1/log-subscriptions/:id` ends it. */
export const LogSubscriptionRequest = Type.Object(
  {
    cluster: Type.String(),
    service: Type.String(),
    job: Type.Optional(Type.String({ description: "Absent: the exposed service's own log." }))
  },
  { $id: 'LogSubscriptionRequest', additionalProperties: false }
);
export type LogSubscriptionRequest = Static<typeof LogSubscriptionRequest>;

/** `GET /v1/status`. */
export const BridgeStatus = Type.Object(
  {
    version: Type.String(),
    node: Type.String(),
    pid: Type.Integer(),
    boot: Type.String(),
    uptime: Type.Number({ description: 'Seconds.' }),
    data: Type.String({ description: 'Folder of the bridge.' }),
    clusters: Type.Array(Cluster),
    running: Type.Integer({ description: 'Jobs, submissions and operations under way.' })
  },
  { $id: 'BridgeStatus' }
);
export type BridgeStatus = Static<typeof BridgeStatus>;
