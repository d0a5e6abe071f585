import type { Extension } from '@codemirror/state';
import { Compartment } from '@codemirror/state';
import type { EditorView, ViewUpdate } from '@codemirror/view';
import { ViewPlugin } from '@codemirror/view';

/** Milliseconds of silence before a text is looked at again. */
const PAUSE = 400;

/**
 * A guard in every file editor: when the file is FDL, by its name or by what is in it, the support is loaded and put in. All that
 * a file of another kind pays is this.
 *
 * @param isFdl - Whether the text in the editor is FDL.
 * @param load - Brings the support for an editor.
 */
export function starter(isFdl: (text: string) => boolean, load: (view: EditorView) => Promise<Extension>): Extension {
  const slot = new Compartment();
  // Of the editor, not of the plugin: a new configuration makes plugins anew.
  const state = { on: false };
  const plugin = ViewPlugin.fromClass(
    class {
      constructor(private readonly _view: EditorView) {
        this._later(0);
      }

      update(update: ViewUpdate): void {
        if (update.docChanged && !state.on) {
          this._later(PAUSE);
        }
      }

      destroy(): void {
        this._gone = true;
        clearTimeout(this._timer);
      }

      private _later(wait: number): void {
        clearTimeout(this._timer);
        this._timer = setTimeout(() => void this._look(), wait);
      }

      private async _look(): Promise<void> {
        if (state.on || !isFdl(this._view.state.sliceDoc(0, 25000))) {
          return;
        }
        state.on = true;
        try {
          const support = await load(this._view);
          if (this._gone) {
            state.on = false;
          } else {
            this._view.dispatch({ effects: slot.reconfigure(support) });
          }
        } catch (reason) {
          state.on = false;
          console.error('The support of FDL could not be loaded.', reason);
        }
      }

      private _timer: ReturnType<typeof setTimeout> | undefined;
      private _gone = false;
    }
  );
  return [slot.of([]), plugin];
}
