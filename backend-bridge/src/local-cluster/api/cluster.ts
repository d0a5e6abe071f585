import { arch, freemem, hostname, loadavg } from 'node:os';
import { field, list, string, struct } from './go-types';
import { empty, fail, type IReply, json, readJson, rfc3339, text } from './http';
import { CLUSTER_NAME, type IContext } from './manager';
import { ConfigForUser } from './types';

/** The version whose behaviour is kept. */
export const OSCAR_VERSION = 'v4.1.2';

export const health = (): IReply => text(200, 'Ok');

const GO_ARCHITECTURES: Record<string, string> = { x64: 'amd64', ia32: '386' };

/** `GET /system/info` */
export function readInfo(): IReply {
  return json(200, {
    version: OSCAR_VERSION,
    git_commit: '',
    architecture: GO_ARCHITECTURES[arch()] ?? arch(),
    // There is no Kubernetes; the field names what stands in its place.
    kubernetes_version: 'embedded',
    // With a serverless backend the route /run is there, which it is.
    serverless_backend: { name: 'Embedded', version: OSCAR_VERSION }
  });
}

/** `GET /system/config`: the S3 endpoint, with the caller's own keys. */
export function readConfig(context: IContext): IReply {
  const { manager, caller } = context;
  const { options } = manager;
  const storage = options.storage();
  const keys = caller.admin
    ? storage
    : { accessKey: caller.uid, secretKey: manager.state.user(caller.uid)?.secretKey ?? '' };
  return json(200, {
    config: {
      name: CLUSTER_NAME,
      namespace: CLUSTER_NAME,
      services_namespace: 'oscar-svc',
      controller_service_account: 'oscar-sa',
      gpu_available: options.machine.gpus > 0,
      interLink_available: false,
      serverless_backend: 'embedded',
      yunikorn_enable: false,
      kueue_enable: false,
      volume_enable: true,
      oidc_groups: options.oidcGroups.length > 0 ? options.oidcGroups : [''],
      minio_quota_enabled: false
    },
    minio_provider: {
      endpoint: storage.endpoint,
      verify: false,
      access_key: keys.accessKey,
      secret_key: keys.secretKey,
      region: storage.region
    },
    allowed_image_repositories: manager.state.setting<string[] | null>('images', [])
  });
}

/** `PUT /system/config`: the images that services may use. */
export async function updateConfig(context: IContext): Promise<IReply> {
  const { manager, caller } = context;
  if (!caller.admin) {
    return json(401, '');
  }
  const wanted = await readJson<{ allowed_image_repositories: string[] | null }>(
    context.request,
    ConfigForUser,
    'The configuration specification is not valid: '
  );
  manager.state.setSetting('images', wanted.allowed_image_repositories);
  return json(200, wanted.allowed_image_repositories);
}

/** `GET /system/status`: one node, this machine. "cores" are thousandths of one, as in the original. */
export function readStatus(context: IContext): IReply {
  const { manager, caller } = context;
  const { machine } = manager.options;
  const capacity = Math.round(machine.cpus * 1000);
  const usage = Math.min(capacity, Math.round(loadavg()[0] * 1000));
  const requested = Math.round(machine.requestedCpus() * 1000);
  const memory = Math.round(machine.memory);
  const free = Math.min(memory, freemem());
  const requestedMemory = Math.round(machine.requestedMemory());
  const counts = manager.jobs.counts();
  const states = {
    Failed: counts.Failed,
    Pending: counts.Pending + counts.Suspended,
    Running: counts.Running + 1,
    Succeeded: counts.Succeeded,
    Unknown: counts.Unknown
  };
  const store = manager.store.usage();
  return json(200, {
    cluster: {
      nodes_count: 1,
      metrics: {
        cpu: {
          total_free_cores: capacity - usage,
          max_free_on_node_cores: capacity - usage,
          total_schedulable_cores: Math.max(0, capacity - requested),
          total_schedulable_on_node_cores: Math.max(0, capacity - requested)
        },
        memory: {
          total_free_bytes: free,
          max_free_on_node_bytes: free,
          total_schedulable_bytes: Math.max(0, memory - requestedMemory),
          max_schedulable_on_node_bytes: Math.max(0, memory - requestedMemory)
        },
        gpu: { total_gpu: machine.gpus }
      },
      nodes: [
        {
          name: hostname(),
          cpu: { capacity_cores: capacity, usage_cores: usage, request_cores: requested },
          memory: { capacity_bytes: memory, usage_bytes: memory - free, request_bytes: requestedMemory },
          gpu: machine.gpus,
          is_interlink: false,
          status: 'Ready',
          conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map(type => ({
            type,
            status: type === 'Ready'
          }))
        }
      ]
    },
    oscar: {
      deployment_name: CLUSTER_NAME,
      ready: true,
      deployment: {
        available_replicas: 1,
        ready_replicas: 1,
        replicas: 1,
        creation_timestamp: rfc3339(started),
        strategy: 'RollingUpdate',
        labels: { app: CLUSTER_NAME }
      },
      // Only the administrator hears of everybody's jobs and objects.
      jobs_count: caller.admin ? Object.values(counts).reduce((sum, count) => sum + count, 0) : 0,
      pods: caller.admin
        ? { total: Object.values(states).reduce((sum, count) => sum + count, 0), states }
        : { total: 0, states: {} },
      oidc: {
        enabled: manager.options.oidc !== undefined,
        issuers: manager.options.oidcIssuers.length > 0 ? manager.options.oidcIssuers : [''],
        groups: manager.options.oidcGroups.length > 0 ? manager.options.oidcGroups : ['']
      }
    },
    minio: { buckets_count: caller.admin ? store.buckets : 0, total_objects: caller.admin ? store.objects : 0 }
  });
}

const started = new Date();

/** `GET /system/data`: ours. What the local data takes, and what could go. */
export function readData(context: IContext): IReply {
  const { manager } = context;
  administratorOnly(context);
  const store = manager.store.usage();
  const jobs = manager.jobs.usage();
  const environments = manager.deployments.usage();
  return json(200, {
    path: manager.options.data,
    buckets: { count: store.buckets, objects: store.objects, bytes: store.bytes },
    jobs: { bytes: jobs.bytes, clearable: jobs.clearable },
    environments: { bytes: environments.bytes, clearable: environments.clearable }
  });
}

const CLEAR = struct('types.DataClearRequest', [field('parts', list(string))]);
const PARTS = ['jobs', 'environments'];

/** `POST /system/data/clear` `{"parts": ["jobs", "environments"]}`: ours. Objects are never cleared this way. */
export async function clearData(context: IContext): Promise<IReply> {
  administratorOnly(context);
  const { parts } = await readJson<{ parts: string[] | null }>(context.request, CLEAR, 'The request is not valid: ');
  const unknown = (parts ?? []).find(part => !PARTS.includes(part));
  if (!parts?.length || unknown !== undefined) {
    fail(400, `The request is not valid: parts must be a list of ${PARTS.join(', ')}`);
  }
  if (parts.includes('jobs')) {
    await context.manager.jobs.clear();
  }
  if (parts.includes('environments')) {
    await context.manager.deployments.clear();
  }
  return empty(204);
}

function administratorOnly(context: IContext): void {
  if (!context.caller.admin) {
    fail(403, 'only the administrator may do this');
  }
}
