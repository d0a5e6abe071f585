import type { Cluster } from '../contract';
import type { Activity } from './activity';
import type { Handshake } from './handshake';
import type { EventHub } from './hub';
import type { ILog } from './log';

/** What the routes of one bridge share. */
export interface IServerContext {
  readonly version: string;
  /** Random name of this run of the bridge. */
  readonly boot: string;
  readonly settings: Handshake;
  readonly log: ILog;
  readonly hub: EventHub;
  readonly activity: Activity;
  /** As last seen; does not ask the clusters. */
  clusters(): Cluster[];
  /** Jobs, submissions and operations under way. */
  running(): number;
}
