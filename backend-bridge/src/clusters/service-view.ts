import type { Service, StoragePath } from '../contract';
import { isExposed, placeOfIO, parseProvider, type IDeployment, type IOscarService, type IStorageIO } from '../fdl';
import { redact } from '../http';

function place(io: IStorageIO, service: string): StoragePath {
  const { provider, bucket, prefix } = placeOfIO(io, service);
  return { provider, bucket, prefix };
}

/** A place in the cluster's own object store. */
export interface IPlace {
  bucket: string;
  /** Without slashes around it; may be empty. */
  prefix: string;
  filter?: { prefix: string[]; suffix: string[] };
}

/** The paths of a list that lie in the cluster's own object store. */
export function ownPlaces(list: IStorageIO[], service: string): IPlace[] {
  return list
    .filter(io => {
      const { type, id } = parseProvider(io.storage_provider);
      return type === 'minio' && id === 'default';
    })
    .map(io => {
      const { bucket, prefix } = placeOfIO(io, service);
      return { bucket, prefix, filter: { prefix: io.prefix ?? [], suffix: io.suffix ?? [] } };
    });
}

/** Key of a name below a place. */
export function keyIn(at: IPlace, name: string): string {
  return at.prefix ? `${at.prefix}/${name}` : name;
}

/** The service as the contract shows it. `deployment` wins over the one in the service. */
export function toService(
  cluster: string,
  service: IOscarService,
  options: { deployment?: IDeployment & { progress?: number }; definition?: boolean } = {}
): Service {
  const deployment: (IDeployment & { progress?: number }) | undefined = options.deployment ?? service.deployment;
  const exposed = isExposed(service);
  return {
    name: service.name,
    cluster,
    image: service.image,
    cpu: service.cpu,
    memory: service.memory,
    gpu: service.enable_gpu === true,
    exposed,
    state: deployment?.state ?? 'unavailable',
    ...(deployment?.reason ? { reason: redact(deployment.reason) } : {}),
    ...(typeof deployment?.progress === 'number' ? { progress: deployment.progress } : {}),
    input: service.input.map(io => place(io, service.name)),
    output: service.output.map(io => place(io, service.name)),
    visibility: service.visibility || 'private',
    owner: service.owner,
    ...(exposed ? { url: `/clusters/${cluster}/services/${encodeURIComponent(service.name)}/exposed/` } : {}),
    ...(options.definition ? { definition: redact({ ...service }) as unknown as Record<string, unknown> } : {})
  };
}
