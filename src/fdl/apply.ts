import type { DocumentRegistry } from '@jupyterlab/docregistry';

import type { IEdit } from '../../backend-bridge/src/fdl/editor/types';
import type { ITextEdit } from '../../backend-bridge/src/fdl/graph';
import { lineStarts, offsetOf } from './places';

/** What a text needs to be edited; undo is its own. */
export type IEditableText = Pick<DocumentRegistry.ICodeModel['sharedModel'], 'source' | 'updateSource' | 'transact'>;

/** Edits that refer to the text as it is, all at once, as one step of undo. */
export function applyEdits(text: IEditableText, edits: readonly IEdit[]): void {
  const { source } = text;
  const starts = lineStarts(source);
  const spans = edits
    .map(edit => ({
      from: offsetOf(starts, source, edit.line, edit.column),
      to: offsetOf(starts, source, edit.endLine, edit.endColumn),
      insert: edit.text
    }))
    .sort((a, b) => b.from - a.from || b.to - a.to);
  applyInOrder(text, spans);
}

/** Edits of which each refers to the text that the one before it left, as one step of undo. */
export function applyInOrder(text: IEditableText, edits: readonly ITextEdit[]): void {
  if (edits.length === 0) {
    return;
  }
  // What is typed within half a second is one step otherwise.
  closeStep(text);
  text.transact(() => {
    for (const { from, to, insert } of edits) {
      text.updateSource(from, to, insert);
    }
  });
  closeStep(text);
}

/** Replaces only what differs, so that cursors and the undo history stay where they are. */
export function replaceText(text: IEditableText, after: string): void {
  const before = text.source;
  if (before === after) {
    return;
  }
  let from = 0;
  const shorter = Math.min(before.length, after.length);
  while (from < shorter && before[from] === after[from]) {
    from++;
  }
  let tail = 0;
  while (tail < shorter - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail++;
  }
  applyInOrder(text, [{ from, to: before.length - tail, insert: after.slice(from, after.length - tail) }]);
}

function closeStep(text: IEditableText): void {
  (text as { undoManager?: { stopCapturing?: () => void } | null }).undoManager?.stopCapturing?.();
}
