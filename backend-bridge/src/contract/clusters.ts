import { Type, type Static } from '@sinclair/typebox';
import { Problem } from './problem';

/**
 * An OSCAR cluster as the bridge sees it. Clients never look at the id to know what a cluster can do: they look at
 * `features`, which is the list in the `OSCAR-Features` header of its answers (empty for a plain OSCAR).
 *
 * Known features: `job-id` (POST /job answers the job's name in `OSCAR-Job`), `live-logs`, `exit-code` (a failing script is
 * a failed job), `pending-reason`, `job-cancel`, `job-outputs`, `existing-bucket`, `requirements` (environments from
 * requirements.txt), `data-usage`.
 */
export const Cluster = Type.Object(
  {
    id: Type.String({ description: 'Short name chosen by the user; `local` is the embedded one.' }),
    endpoint: Type.String(),
    state: Type.Union([
      Type.Literal('starting'),
      Type.Literal('ready'),
      Type.Literal('unreachable'),
      Type.Literal('unauthorized'),
      Type.Literal('failed'),
      Type.Literal('unknown')
    ]),
    problem: Type.Optional(Problem),
    version: Type.Optional(Type.String({ description: 'As /system/info says, for instance `v4.1.2`.' })),
    features: Type.Array(Type.String()),
    current: Type.Boolean({ description: 'The one that is used when no cluster is named.' }),
    removable: Type.Boolean({ description: 'False for the embedded cluster.' }),
    user: Type.Optional(Type.String()),
    storage: Type.Optional(Type.Object({ endpoint: Type.String(), region: Type.String() }))
  },
  { $id: 'Cluster' }
);
export type Cluster = Static<typeof Cluster>;

/** `POST /v1/clusters`. The password goes in once and never comes out again. */
export const ClusterAdd = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9]([-a-z0-9]{0,38})$',
      description: 'It has 1 to 39 lower-case letters, digits and hyphens, and begins with a letter or a digit.'
    }),
    endpoint: Type.String({ description: 'http(s)://host[:port][/path]' }),
    user: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    token: Type.Optional(Type.String({ description: 'OIDC access token.' })),
    tokenFile: Type.Optional(Type.String({ description: 'File with the token, read on each use.' })),
    ca: Type.Optional(Type.String({ description: 'PEM text of the authority that signed the certificate.' })),
    insecure: Type.Optional(Type.Boolean({ description: 'Do not check the certificate.' }))
  },
  { $id: 'ClusterAdd', additionalProperties: false }
);
export type ClusterAdd = Static<typeof ClusterAdd>;

/** Numbers for the head of the panel; undefined where the cluster does not tell. */
export const ClusterLoad = Type.Object(
  {
    cpuTotal: Type.Optional(Type.Number({ description: 'Cores.' })),
    cpuFree: Type.Optional(Type.Number({ description: 'Cores.' })),
    memoryTotal: Type.Optional(Type.Number({ description: 'Bytes.' })),
    memoryFree: Type.Optional(Type.Number({ description: 'Bytes.' })),
    gpus: Type.Optional(Type.Integer()),
    jobs: Type.Optional(Type.Integer())
  },
  { $id: 'ClusterLoad' }
);
export type ClusterLoad = Static<typeof ClusterLoad>;

/** What the embedded cluster keeps on disk (feature `data-usage`), in bytes. */
export const DataUsage = Type.Object(
  {
    path: Type.String(),
    total: Type.Integer(),
    parts: Type.Array(
      Type.Object({
        id: Type.String({ description: 'objects, jobs, environments' }),
        bytes: Type.Integer(),
        clearable: Type.Integer({ description: 'Bytes that Clear would free.' }),
        detail: Type.String()
      })
    )
  },
  { $id: 'DataUsage' }
);
export type DataUsage = Static<typeof DataUsage>;
