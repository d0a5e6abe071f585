/** Edits between two texts, at most `limit + 1`. */
export function distance(a: string, b: string, limit = 3): number {
  if (Math.abs(a.length - b.length) > limit) {
    return limit + 1;
  }
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The one of `known` that was probably meant; undefined when none is near. */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  const bare = (name: string) => name.toLowerCase().replace(/[-_ ]/g, '');
  const wanted = bare(text.slice(0, 60));
  let best: string | undefined;
  let least = wanted.length < 4 ? 1 : wanted.length < 8 ? 2 : 3;
  for (const candidate of known) {
    const edits = distance(wanted, bare(candidate), least);
    if (edits < least || (edits === least && best === undefined)) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}
