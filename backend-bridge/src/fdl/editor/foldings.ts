import type { IFdlDocument } from '../types';
import type { IFolding } from './types';

/** Everything that spans lines below the line of its key: sections, services, lists, items. In the order of the text. */
export function foldings(document: IFdlDocument): IFolding[] {
  const found = new Map<number, number>();
  for (const [pointer, place] of document.places) {
    const from = place.key?.line ?? place.value.line;
    const to = place.value.endLine;
    if (pointer !== '' && to > from && to > (found.get(from) ?? 0)) {
      found.set(from, to);
    }
  }
  return [...found].map(([from, to]) => ({ from, to })).sort((a, b) => a.from - b.from);
}
