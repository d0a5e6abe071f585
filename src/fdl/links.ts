import type { Extension } from '@codemirror/state';
import type { DecorationSet, ViewUpdate } from '@codemirror/view';
import { Decoration, EditorView, ViewPlugin } from '@codemirror/view';

import type { IFileLink } from '../../backend-bridge/src/fdl/editor/types';
import { spanIn } from './places';
import type { FdlSession } from './session';

const PAUSE = 250;

/** Paths of scripts can be opened: Ctrl (or Cmd) and click. */
export function linkSupport(session: FdlSession, open: (path: string) => void): Extension {
  const plugin = ViewPlugin.fromClass(
    class {
      constructor(private readonly _view: EditorView) {
        this.decorations = this._build();
      }

      decorations: DecorationSet;

      update(update: ViewUpdate): void {
        if (update.docChanged) {
          this.decorations = this.decorations.map(update.changes);
          clearTimeout(this._timer);
          this._timer = setTimeout(() => {
            this.decorations = this._build();
            this._view.dispatch({});
          }, PAUSE);
        }
      }

      destroy(): void {
        clearTimeout(this._timer);
      }

      private _build(): DecorationSet {
        const { doc } = this._view.state;
        const marks = session.language
          .links(session.document(doc.toString()))
          .map(link => ({ link, ...spanIn(doc, link.range) }))
          .filter(({ from, to }) => to > from)
          .map(({ link, from, to }) =>
            Decoration.mark({ class: 'jp-OscarFdl-link', attributes: { 'data-path': link.path } }).range(from, to)
          );
        return Decoration.set(marks, true);
      }

      private _timer: ReturnType<typeof setTimeout> | undefined;
    },
    { decorations: value => value.decorations }
  );
  const click = EditorView.domEventHandlers({
    mousedown: event => {
      const target = event.target instanceof Element ? event.target.closest('.jp-OscarFdl-link') : null;
      const path = target?.getAttribute('data-path');
      if (!path || event.button !== 0 || !(event.ctrlKey || event.metaKey)) {
        return false;
      }
      event.preventDefault();
      open(path);
      return true;
    }
  });
  return [plugin, click];
}

/** The link at an offset, for those who do not use a mouse. */
export function linkAt(session: FdlSession, view: EditorView): IFileLink | undefined {
  const { doc, selection } = view.state;
  const at = selection.main.head;
  return session.language.links(session.document(doc.toString())).find(link => {
    const { from, to } = spanIn(doc, link.range);
    return at >= from && at <= to;
  });
}
