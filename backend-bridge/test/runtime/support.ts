import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { IOscarService } from '../../src/fdl/service';
import type { IBucketInfo, IJobRecord, IJobs, IObjectInfo, IObjectStore } from '../../src/local-cluster/interfaces';
import type { IRuntimeOptions } from '../../src/local-cluster/runtime';

/** A store as small as the runtime needs it: files in folders. */
export class FolderStore implements IObjectStore {
  constructor(readonly root: string) {}

  buckets(): IBucketInfo[] {
    return [...this._buckets].map(name => this.bucket(name) as IBucketInfo);
  }

  bucket(name: string): IBucketInfo | undefined {
    return this._buckets.has(name)
      ? { name, created: new Date(0), tags: {}, visibility: '', allowedUsers: [], owner: '' }
      : undefined;
  }

  async createBucket(name: string): Promise<IBucketInfo> {
    this._buckets.add(name);
    mkdirSync(join(this.root, name), { recursive: true });
    return this.bucket(name) as IBucketInfo;
  }

  async put(
    bucket: string,
    key: string,
    body: Parameters<IObjectStore['put']>[2],
    options?: Parameters<IObjectStore['put']>[3]
  ): Promise<IObjectInfo> {
    if (!this._buckets.has(bucket)) {
      throw Object.assign(new Error('The specified bucket does not exist'), { code: 'NoSuchBucket', status: 404 });
    }
    const path = this._path(bucket, key);
    mkdirSync(dirname(path), { recursive: true });
    if (Buffer.isBuffer(body)) {
      writeFileSync(path, body);
    } else if ('file' in body) {
      if (body.move) {
        renameSync(body.file, path);
      } else {
        copyFileSync(body.file, path);
      }
    } else {
      writeFileSync(path, await buffer(body));
    }
    this.types.set(`${bucket}/${key}`, options?.contentType ?? '');
    return this.head(bucket, key) as IObjectInfo;
  }

  head(bucket: string, key: string): IObjectInfo | undefined {
    const path = this._path(bucket, key);
    if (!existsSync(path)) {
      return undefined;
    }
    const { size, mtime } = statSync(path);
    return {
      key,
      size,
      etag: '',
      modified: mtime,
      contentType: this.types.get(`${bucket}/${key}`) ?? '',
      metadata: {}
    };
  }

  text(bucket: string, key: string): string {
    return readFileSync(this._path(bucket, key), 'utf8');
  }

  read(bucket: string, key: string): ReturnType<IObjectStore['read']> {
    return createReadStream(this._path(bucket, key));
  }

  async exportTo(bucket: string, key: string, file: string): Promise<IObjectInfo> {
    if (!this.head(bucket, key)) {
      throw Object.assign(new Error('The specified key does not exist.'), { code: 'NoSuchKey', status: 404 });
    }
    copyFileSync(this._path(bucket, key), file);
    return this.head(bucket, key) as IObjectInfo;
  }

  bucketFolder(bucket: string): string {
    return join(this.root, bucket);
  }

  async remove(bucket: string, key: string): Promise<boolean> {
    this._keys.delete(`${bucket}\n${key}`);
    rmSync(this._path(bucket, key), { force: true });
    return true;
  }

  list(bucket: string): ReturnType<IObjectStore['list']> {
    const objects = [...this._keys]
      .filter(entry => entry.startsWith(`${bucket}\n`))
      .flatMap(entry => this.head(bucket, entry.slice(bucket.length + 1)) ?? [])
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return { objects, prefixes: [] };
  }

  /** Names are hashed: any key is fine. */
  private _path(bucket: string, key: string): string {
    this._keys.add(`${bucket}\n${key}`);
    return join(this.root, bucket, createHash('sha1').update(key).digest('hex'));
  }

  readonly types = new Map<string, string>();
  private readonly _keys = new Set<string>();
  private readonly _buckets = new Set<string>();

  deleteBucket = notHere;
  setTags = notHere;
  setVisibility = notHere;
  notifications = notHere;
  setNotifications = notHere;
  usage = notHere;
  bucketUsage = notHere;
  onEvent = notHere;
  close = async (): Promise<void> => undefined;
}

function notHere(): never {
  throw new Error('The runtime has no business with this.');
}

export function service(name: string, script: string, more: Partial<IOscarService> = {}): IOscarService {
  return {
    name,
    cluster_id: '',
    memory: '256Mi',
    cpu: '0.2',
    total_memory: '',
    total_cpu: '',
    ephemeral_storage_request: '',
    enable_gpu: false,
    enable_sgx: false,
    image_prefetch: false,
    synchronous: { min_scale: 0, max_scale: 0 },
    log_level: 'INFO',
    image: 'registry.example/library/alpine',
    alpine: false,
    token: 'f'.repeat(64),
    file_stage_in: false,
    input: [],
    output: [],
    script,
    expose: {
      min_scale: 0,
      max_scale: 0,
      cpu_threshold: 0,
      rewrite_target: false,
      default_command: false,
      set_auth: false,
      health_path: ''
    },
    environment: { variables: {}, secrets: {} },
    annotations: {},
    vo: '',
    labels: {},
    storage_providers: {
      minio: {
        default: {
          endpoint: 'http://127.0.0.1:1',
          verify: false,
          access_key: 'hidden',
          secret_key: 'hidden',
          region: 'us-east-1'
        }
      }
    },
    owner: 'cluster_admin',
    interlink_node_name: '',
    visibility: 'private',
    allowed_users: [],
    isolation_level: '',
    bucket_list: [],
    mount: { storage_provider: '', path: '' },
    volume_status: { enabled: false },
    ...more
  };
}

/** A cluster's runtime in a folder of its own. */
export function place(options: Partial<IRuntimeOptions> = {}): {
  options: IRuntimeOptions;
  store: FolderStore;
  services: Map<string, IOscarService>;
  data: string;
} {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'oscar-runtime-'));
  const store = new FolderStore(join(data, 'objects'));
  const services = new Map<string, IOscarService>();
  return {
    data,
    store,
    services,
    options: {
      data,
      store,
      service: name => services.get(name),
      storage: () => ({
        endpoint: 'http://127.0.0.1:1',
        accessKey: 'minio',
        secretKey: 'minio-secret',
        region: 'us-east-1'
      }),
      runtime: 'process',
      cpus: 2,
      memory: 4 * 2 ** 30,
      gpus: 0,
      settings: { graceSeconds: 0.5 },
      ...options
    }
  };
}

export function storageEvent(bucket: string, key: string, source = 'minio:s3'): string {
  return JSON.stringify({
    EventName: 's3:ObjectCreated:Put',
    Key: `${bucket}/${key}`,
    Records: [
      {
        eventVersion: '2.0',
        eventSource: source,
        eventTime: '2026-06-11T10:00:00.000Z',
        eventName: 's3:ObjectCreated:Put',
        s3: {
          bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
          object: { key: encodeURIComponent(key).replace(/%20/g, '+'), size: 12 }
        }
      }
    ]
  });
}

const OVER = ['Succeeded', 'Failed'];

/** Waits for a state, not for a time. */
export async function until(
  jobs: IJobs,
  name: string,
  condition: (job: IJobRecord) => boolean = job => OVER.includes(job.status)
): Promise<IJobRecord> {
  return await new Promise((resolve, reject) => {
    const look = (): boolean => {
      let job: IJobRecord | undefined;
      try {
        job = jobs.get(name);
      } catch (error) {
        clearInterval(timer);
        reject(error as Error);
      }
      if (job && condition(job)) {
        clearInterval(timer);
        subscription.dispose();
        resolve(job);
        return true;
      }
      return false;
    };
    // Logs and waiting reasons change without an event.
    const timer = setInterval(look, 20);
    const subscription = jobs.onChange(look);
    look();
  });
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
