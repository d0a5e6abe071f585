import type { IFixedPart, ICommittedPart } from '../engine/plan';

/** Of the JSON list of map outputs in a reduce task; longer ones go to a manifest. */
export const INLINE_LIST = 40_000;

/** Names of the committed map outputs, in the order of the input: the order of values of a key does not depend on luck. */
export function mapOutputs(committed: readonly ICommittedPart[]): string[] {
  return [...committed]
    .sort((a, b) => a.first - b.first)
    .flatMap(part => part.files.map(file => file.name).filter(name => name.startsWith('shuffle/')));
}

/** One part for each section. How the shuffle divides is not known here: equal shares of its size. */
export function reduceParts(committed: readonly ICommittedPart[], reducers: number): IFixedPart[] {
  const size = committed.reduce((sum, part) => sum + part.files.reduce((all, file) => all + file.size, 0), 0);
  const total = Math.max(size, reducers);
  return Array.from({ length: reducers }, (_, section) => {
    const first = Math.floor((section * total) / reducers);
    return { first, count: Math.floor(((section + 1) * total) / reducers) - first };
  });
}
