import type { IOscarService } from '../../fdl/service';
import type { IObjectStore } from '../interfaces';

/**
 * What jobs and deployments need to know of their cluster. Make one object and give it to `createJobs` and
 * `createDeployments`: with the same object they share the machine's capacity and the environments.
 */
export interface IRuntimeOptions {
  /** Folder for the journal, logs and working folders; on the file system of the object store, so that outputs can be moved. Made 0700. */
  data: string;
  store: IObjectStore;
  /**
   * A service as it is now, undefined when it is gone. With the true values of `environment.secrets` and of storage
   * providers, not the masked ones of the API. The services given to `submit`, `run` and `deploy` are of the same kind.
   */
  service: (name: string) => IOscarService | undefined;
  /** The cluster's own S3 endpoint and the administrator's keys. Functions, because ports are known late. */
  storage: () => { endpoint: string; accessKey: string; secretKey: string; region: string };
  /** Keys that jobs of this user get instead; undefined: the administrator's. */
  userKeys?: (owner: string) => { accessKey: string; secretKey: string } | undefined;
  /** Base URL of the manager, for instance `http://127.0.0.1:8080`. */
  endpoint?: () => string;
  /** Folder of the service's volume; undefined when it has none. Default: `<data>/volumes/<volume name or service name>`. */
  volume?: (service: IOscarService) => string | undefined;
  /** Default `auto`: the container when podman or docker is there and has the image, else the process. */
  runtime?: 'auto' | 'container' | 'process';
  /** Behave as OSCAR 4.1 does. */
  strict?: boolean;
  /** Cores, bytes and devices to hand out; default: what the machine has less a quarter. */
  cpus?: number;
  memory?: number;
  gpus?: number;
  /** Folders that go first on the PATH of processes (the Jupyter environment). */
  path?: string[];
  /** Python that makes environments; default: `python3` of `path`, then of PATH. */
  python?: string;
  /** Where environments are kept; default: the user's cache folder. */
  environments?: string;
  /** Name of this machine for RESOURCE_ID; default: the host's name. */
  node?: string;
  settings?: IRuntimeSettings;
  /** One line for the log of the bridge; never a secret. */
  log?: (line: string) => void;
}

export interface IRuntimeSettings {
  /** Days that finished jobs and their logs are kept. Default 30, as OSCAR's TTL_JOB. 0 keeps them for ever. */
  keepJobsDays?: number;
  /** Days that an unused environment is kept. Default 60. 0 keeps them for ever. */
  keepEnvironmentsDays?: number;
  /** Bytes of a log's beginning, and as many of its end, that are kept. Default 1 MiB each. */
  logBytes?: number;
  /** Seconds between SIGTERM and SIGKILL. Default 5. */
  graceSeconds?: number;
  /** How often a job is started again after the cluster was killed under it. Default 3. */
  maxAttempts?: number;
}
