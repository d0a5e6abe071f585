import type { IClusters } from '../clusters/facade';
import type { ICluster } from '../clusters/interfaces';
import type { Cluster } from '../contract';
import type { IInfrastructures } from '../infrastructure';
import type { IJobs } from '../jobs';
import type { IPipelineRuns } from '../pipeline-runs';
import type { IScar } from '../scar';
import type { Activity } from './activity';
import type { Examples } from './examples';
import type { Files } from './files';
import type { Handshake } from './handshake';
import type { EventHub } from './hub';
import type { ILog } from './log';
import type { LogSubscriptions } from './log-subscriptions';
import type { Operations } from './operations';
import type { Uploads } from './uploads';
import type { Views } from './views';
import type { Watcher } from './watcher';

/** What the routes of one bridge share. */
export interface IServerContext {
  readonly version: string;
  /** Random name of this run of the bridge. */
  readonly boot: string;
  readonly settings: Handshake;
  readonly log: ILog;
  readonly hub: EventHub;
  readonly activity: Activity;
  readonly clusters: IClusters;
  readonly pipelines: IPipelineRuns;
  /** MapReduce and high-throughput jobs. */
  readonly jobs: IJobs;
  /** Clusters through the Infrastructure Manager. */
  readonly infrastructures: IInfrastructures;
  /** Functions on AWS. */
  readonly scar: IScar;
  readonly views: Views;
  readonly watcher: Watcher;
  readonly operations: Operations;
  readonly uploads: Uploads;
  readonly files: Files;
  readonly examples: Examples;
  readonly logs: LogSubscriptions;
  /** Folder for what passes through. */
  readonly spool: string;
  /** All clusters as last seen, also one that is starting; asks nobody. */
  clusterViews(): Cluster[];
  /** A cluster by id (default: the current one); waits for one that is starting. Throws a problem. */
  cluster(id?: string): Promise<ICluster>;
  /** Tries again to start the embedded cluster when it could not; waits a moment for it. */
  wake(): Promise<void>;
  /** Jobs, submissions, runs of pipelines and operations under way. */
  running(): number;
}
