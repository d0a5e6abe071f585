import { newPart, type IPartState } from './lease';
import type { IPhasePlan, IRange } from './plan';
import { RangePool } from './pool';

/** The parts that are not committed; of one that was halved, the pieces that are missing. */
export function fixedParts(
  parts: NonNullable<IPhasePlan['parts']>,
  committed: readonly (IRange & { part: number })[],
  number: () => number
): IPartState[] {
  const whole = new Set(committed.filter(({ part }) => part < parts.length).map(({ part }) => part));
  const pieces = committed.filter(({ part }) => part >= parts.length);
  const open: IPartState[] = [];
  parts.forEach((part, index) => {
    if (whole.has(index)) {
      return;
    }
    const inside = pieces.filter(piece => piece.first >= part.first && piece.first < part.first + part.count);
    if (inside.length === 0) {
      open.push(newPart(index, part, part.weight));
      return;
    }
    const left = new RangePool([part]);
    inside.forEach(piece => left.remove(piece));
    left.ranges.forEach(range => open.push(newPart(number(), range)));
  });
  return open;
}
