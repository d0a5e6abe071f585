import { Type } from '@sinclair/typebox';

/** Parts of paths. They are names for the rooms below, which say what is wrong with them. */
export const ClusterPath = Type.Object({ cluster: Type.String() });
export const ServicePath = Type.Object({ cluster: Type.String(), service: Type.String() });
export const JobPath = Type.Object({ cluster: Type.String(), job: Type.String() });
export const BucketPath = Type.Object({ cluster: Type.String(), bucket: Type.String() });
export const ObjectPath = Type.Object({
  cluster: Type.String(),
  bucket: Type.String(),
  '*': Type.String({ description: 'Key of the object.' })
});
export const IdPath = Type.Object({ id: Type.String() });

/** Long polling of something with a revision. */
export const WaitQuery = Type.Object({
  since: Type.Optional(Type.Integer({ minimum: 0, description: 'Revision that is known already.' })),
  wait: Type.Optional(Type.Number({ minimum: 0, maximum: 30, description: 'Seconds to wait for a higher revision.' }))
});

export const FollowQuery = Type.Object({
  follow: Type.Optional(Type.Boolean({ description: 'Stay and send what is added.' }))
});
