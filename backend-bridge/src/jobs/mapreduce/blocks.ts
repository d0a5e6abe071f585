/** Sizes of map parts. All sizes are bytes. */

const MIB = 1024 * 1024;

export interface IBlockRule {
  /** Of all input. */
  total: number;
  workers: number;
  /** Of one worker. */
  memory?: number;
  /** Bytes of memory for each byte of input, from the sample. */
  expansion?: number;
  /** Bytes a second of one worker, from the sample. */
  speed?: number;
  /** Seconds that starting a part costs; above 0 the workers are remote. */
  startCost: number;
  /** Wanted number of map parts, MARLA's MapperNodes. */
  mappers?: number;
  minBlock?: number;
  /** 0: no limit. */
  maxBlock?: number;
}

/** MARLA's share of a mapper's memory that its block may fill. */
const SAFE_SHARE = 0.3;
/** A local block: eight for each worker balance well, below 1 MiB the overhead shows, above 64 MiB the caches do. */
const LOCAL = { blocks: 8, least: MIB, most: 64 * MIB };
/** A remote part costs its start: at least twenty times as much work should be in it. */
const REMOTE = { blocks: 4, least: 16 * MIB, most: 256 * MIB, starts: 20 };

/**
 * How much of the input one part takes. With `mappers` it is MARLA's rule (functions/coordinator.py): an equal share, raised to
 * `minBlock`, cut to what fits the memory, cut to `maxBlock`; without it the share comes from the number of workers.
 *
 * @returns At least 1. The number of parts of one file is `ceil(size / block)`, so that none is empty.
 */
export function blockSize(rule: IBlockRule): number {
  const wanted =
    rule.mappers !== undefined ? Math.ceil(rule.total / rule.mappers) : shareOf(rule, Math.max(1, rule.workers));
  let block = Math.max(wanted, rule.minBlock ?? 1);
  if (rule.memory !== undefined) {
    // MARLA has no measure of it and takes 1; text that becomes Python objects is seldom less.
    block = Math.min(block, (rule.memory * SAFE_SHARE) / Math.max(1, rule.expansion ?? 1));
  }
  if (rule.maxBlock) {
    block = Math.min(block, rule.maxBlock);
  }
  return Math.max(1, Math.floor(block));
}

function shareOf(rule: IBlockRule, workers: number): number {
  if (rule.startCost < 0.05) {
    // Rounded up: the rest of a division would be a part of its own.
    return clamp(Math.ceil(rule.total / (LOCAL.blocks * workers)), LOCAL.least, LOCAL.most);
  }
  const byStart = rule.speed === undefined ? REMOTE.least : rule.speed * rule.startCost * REMOTE.starts;
  return clamp(
    Math.max(Math.ceil(rule.total / (REMOTE.blocks * workers)), byStart),
    rule.speed === undefined ? REMOTE.least : MIB,
    REMOTE.most
  );
}

export interface IReducerRule {
  wanted?: number;
  workers: number;
  startCost: number;
  /** Bytes of shuffle that are expected. */
  intermediate: number;
}

/** Bytes of shuffle that one reducer takes with ease, and below which a second one costs more than it helps. */
const REDUCE_MOST = 128 * MIB;
const REDUCE_LEAST = 64 * 1024;
export const MOST_REDUCERS = 1024;

/** As many as there are workers here, as many as the shuffle needs elsewhere, never more than there is work for. */
export function reducerCount(rule: IReducerRule): number {
  if (rule.wanted !== undefined) {
    return clamp(rule.wanted, 1, MOST_REDUCERS);
  }
  const needed = Math.ceil(rule.intermediate / REDUCE_MOST);
  const wanted = rule.startCost < 0.05 ? Math.max(rule.workers, needed) : needed;
  return clamp(Math.min(wanted, Math.ceil(rule.intermediate / REDUCE_LEAST)), 1, MOST_REDUCERS);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
