import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import {
  acceptCompletion,
  autocompletion,
  completionKeymap,
  completionStatus,
  startCompletion
} from '@codemirror/autocomplete';
import { codeFolding, foldGutter, foldKeymap, foldService } from '@codemirror/language';
import type { Diagnostic } from '@codemirror/lint';
import { forceLinting, linter, lintGutter, lintKeymap, openLintPanel } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { EditorState, Prec } from '@codemirror/state';
import type { Tooltip } from '@codemirror/view';
import { EditorView, hoverTooltip, keymap, tooltips, ViewPlugin } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICompletion } from '../../backend-bridge/src/fdl/editor/types';
import type { FdlProblem } from '../contract';
import { linkSupport } from './links';
import { positionIn, spanIn } from './places';
import type { FdlSession } from './session';

/** Milliseconds of silence before the text is checked. */
const PAUSE = 250;

export interface ISupportOptions {
  view: EditorView;
  session: FdlSession;
  trans: TranslationBundle;
  /** Opens a file that the FDL names; `path` as written. */
  open: (path: string) => void;
  /** Draws Markdown. */
  markdown: (text: string) => Promise<HTMLElement>;
}

/** Everything the editor does for FDL: problems and repairs, completion, help, folding, links. */
export function fdlSupport(options: ISupportOptions): Extension {
  const { view, session, trans } = options;
  return [
    EditorView.editorAttributes.of({ class: 'jp-OscarFdl' }),
    // Before JupyterLab's own, which are outside of every style sheet of ours.
    Prec.highest(tooltips({ position: 'absolute', parent: tooltipHome(view.dom.ownerDocument) })),
    linter(editor => editorProblems(editor, session), { delay: PAUSE }),
    lintGutter(),
    relint(session),
    autocompletion({
      override: [context => complete(context, options)],
      tooltipClass: () => 'jp-OscarFdlTooltip',
      activateOnCompletion: completion => completion.type === 'property',
      icons: false
    }),
    Prec.highest(keymap.of(completionKeymap)),
    keymap.of([...lintKeymap, ...foldKeymap]),
    hoverTooltip((editor, at) => hover(editor, at, options), { hoverTime: 400 }),
    folding(view, session, trans),
    linkSupport(session, options.open)
  ];
}

/** Check again when what is known besides the text has changed. */
function relint(session: FdlSession): Extension {
  return ViewPlugin.define(view => {
    const again = (): void => {
      forceLinting(view);
    };
    session.changed.connect(again);
    return { destroy: () => session.changed.disconnect(again) };
  });
}

function textOf(state: EditorState): string {
  return state.doc.toString();
}

function editorProblems(view: EditorView, session: FdlSession): Diagnostic[] {
  const { doc } = view.state;
  return session.lint(textOf(view.state)).problems.map(problem => toDiagnostic(problem, doc));
}

/** A problem as the editor shows it; its repair is a button. */
export function toDiagnostic(problem: FdlProblem, doc: EditorState['doc']): Diagnostic {
  const { fix } = problem;
  return {
    ...spanIn(doc, problem),
    severity: problem.severity === 'information' ? 'info' : problem.severity,
    message: problem.message,
    source: problem.code,
    ...(fix
      ? {
          actions: [
            {
              name: fix.title,
              apply: (editor: EditorView) => {
                // The edits are about the text that was checked.
                if (editor.state.doc.eq(doc)) {
                  editor.dispatch({
                    changes: fix.edits.map(edit => ({ ...spanIn(doc, edit), insert: edit.text })),
                    userEvent: 'input.fix'
                  });
                }
              }
            }
          ]
        }
      : {})
  };
}

const TYPES: Partial<Record<ICompletion['kind'], string>> = { key: 'property', value: 'enum', template: 'keyword' };

function complete(context: CompletionContext, options: ISupportOptions): CompletionResult | null {
  if (!context.explicit && !context.matchBefore(/[\w./:@-]$|: $|- $/)) {
    return null;
  }
  const { state, pos } = context;
  const { session } = options;
  const items = session.language.complete(session.document(textOf(state)), positionIn(state.doc, pos), session.known());
  if (items.length === 0) {
    return null;
  }
  const { from, to } = spanIn(state.doc, items[0].range);
  return {
    from,
    to: Math.max(to, pos),
    options: items.map(item => option(item, options)),
    validFor: /^[\w./:@-]*$/
  };
}

function option(item: ICompletion, options: ISupportOptions): Completion {
  const { documentation } = item;
  return {
    label: item.label,
    detail: item.detail,
    apply: item.insert,
    type: TYPES[item.kind] ?? 'text',
    boost: Math.max(-99, Math.min(99, item.boost)),
    ...(documentation ? { info: () => options.markdown(documentation) } : {})
  };
}

async function hover(view: EditorView, at: number, options: ISupportOptions): Promise<Tooltip | null> {
  const { state } = view;
  const { session } = options;
  const document = session.document(textOf(state));
  const found = session.language.hover(document, positionIn(state.doc, at), { version: session.version });
  if (!found) {
    return null;
  }
  const dom = await options.markdown(found.markdown);
  dom.classList.add('jp-OscarFdlHover');
  const { from, to } = spanIn(state.doc, found.range);
  return { pos: from, end: to, above: true, create: () => ({ dom }) };
}

function folding(view: EditorView, session: FdlSession, trans: TranslationBundle): Extension {
  const has = view.dom.querySelector('.cm-foldGutter') !== null;
  return [
    foldService.of((state, start) => {
      const line = state.doc.lineAt(start);
      const fold = session.foldings(textOf(state)).get(line.number);
      if (fold === undefined) {
        return null;
      }
      const end = state.doc.line(Math.min(fold, state.doc.lines)).to;
      return end > line.to ? { from: line.to, to: end } : null;
    }),
    codeFolding({ placeholderText: '…' }),
    ...(has ? [] : [foldGutter()]),
    words(trans)
  ];
}

/** The editor's own words. */
function words(trans: TranslationBundle): Extension {
  return EditorState.phrases.of({
    'Fold line': trans.__('Fold'),
    'Unfold line': trans.__('Unfold'),
    Diagnostics: trans.__('Problems'),
    'No diagnostics': trans.__('No problems'),
    Completions: trans.__('Completions')
  });
}

let home: HTMLElement | null = null;

/** Tooltips stand outside of the panels, which would cut them off. */
function tooltipHome(document: Document): HTMLElement {
  if (!home || !home.isConnected) {
    home = document.createElement('div');
    home.className = 'jp-OscarFdlTooltips';
    document.body.appendChild(home);
  }
  return home;
}

/** Open the list of problems below the text. */
export function showProblems(view: EditorView): void {
  forceLinting(view);
  openLintPanel(view);
}

/** Take the chosen completion, or show what can be written. */
export function completeHere(view: EditorView): void {
  if (completionStatus(view.state) !== 'active' || !acceptCompletion(view)) {
    startCompletion(view);
  }
}

/** Name of the service around the cursor. */
export function serviceAtCursor(view: EditorView, session: FdlSession): string | undefined {
  const { doc, selection } = view.state;
  return session.language.serviceAt(session.document(doc.toString()), positionIn(doc, selection.main.head));
}
