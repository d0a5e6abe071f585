import { Type, type Static } from '@sinclair/typebox';

export const StoragePath = Type.Object({
  provider: Type.String({ description: '`minio.default`, `s3.<id>`, …' }),
  bucket: Type.String(),
  prefix: Type.String({ description: 'Folder without slashes around it; may be empty.' })
});
export type StoragePath = Static<typeof StoragePath>;

/**
 * Deployment state: OSCAR's own words. `creating` and `deleting` are ours, while the request is under way;
 * `unavailable` means the cluster does not tell.
 */
export const ServiceState = Type.Union([
  Type.Literal('creating'),
  Type.Literal('deleting'),
  Type.Literal('pending'),
  Type.Literal('ready'),
  Type.Literal('degraded'),
  Type.Literal('failed'),
  Type.Literal('stopped'),
  Type.Literal('unavailable')
]);
export type ServiceState = Static<typeof ServiceState>;

export const Service = Type.Object(
  {
    name: Type.String(),
    cluster: Type.String(),
    image: Type.String(),
    cpu: Type.String(),
    memory: Type.String(),
    gpu: Type.Boolean(),
    exposed: Type.Boolean(),
    state: ServiceState,
    reason: Type.Optional(Type.String({ description: 'A sentence; for instance why it is pending.' })),
    progress: Type.Optional(Type.Number({ description: '0 to 1, while it is being prepared.' })),
    input: Type.Array(StoragePath),
    output: Type.Array(StoragePath),
    visibility: Type.String(),
    owner: Type.String(),
    url: Type.Optional(Type.String({ description: 'Exposed services: where it is, below `/v1`.' })),
    definition: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'As the cluster gave it, secrets redacted.' })
    )
  },
  { $id: 'Service' }
);
export type Service = Static<typeof Service>;

/** What a delete would do; shown before it is confirmed. */
export const DeletionPreview = Type.Object(
  {
    service: Type.String(),
    buckets: Type.Array(
      Type.Object({
        name: Type.String(),
        objects: Type.Integer(),
        bytes: Type.Integer(),
        more: Type.Boolean({ description: 'True when there are more objects than were counted.' }),
        usedBy: Type.Array(Type.String({ description: 'Other services that read or write it.' }))
      })
    ),
    jobs: Type.Integer({ description: 'Jobs whose records and logs go.' }),
    running: Type.Integer()
  },
  { $id: 'DeletionPreview' }
);
export type DeletionPreview = Static<typeof DeletionPreview>;

/** What a delete did. `kept` are buckets that stayed with their data. */
export const DeletionResult = Type.Object(
  { service: Type.String(), kept: Type.Array(Type.String()), deleted: Type.Array(Type.String()) },
  { $id: 'DeletionResult' }
);
export type DeletionResult = Static<typeof DeletionResult>;
