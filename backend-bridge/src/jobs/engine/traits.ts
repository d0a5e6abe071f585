/** What the scheduler must know of an engine. Times are seconds. */
export interface IEngineTraits {
  transport: 'lease' | 'descriptor';
  /** From handing a part out until its first unit is worked on. */
  startCost: number;
  /** Parts shorter than this are not worth it while there is a choice. */
  minPart: number;
  /** Parts are not made longer than this: it is what is lost with a worker. */
  maxPart: number;
  /** Progress is reported so often. 0: never. */
  heartbeat: number;
  /** A worker with a part that is silent for so long is given up. 0: the engine sees itself who is gone. */
  lostAfter: number;
  /** A running part can be told to end early. */
  stoppable: boolean;
  /** First wait before a lost part is tried again; it doubles. */
  backoff: number;
  /** Seconds of short parts that are sent ahead to a worker. */
  ahead: number;
}
