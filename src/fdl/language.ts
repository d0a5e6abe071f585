import type { IFdlEditor } from '../../backend-bridge/src/fdl/editor/types';
import type { editGraph, graphOf, placeNode } from '../../backend-bridge/src/fdl/graph';

/** What the page uses of the language. It is pure and comes in a chunk of its own, when the first FDL file is opened. */
export interface IFdlLanguage extends IFdlEditor {
  graphOf: typeof graphOf;
  editGraph: typeof editGraph;
  placeNode: typeof placeNode;
}

let loaded: Promise<IFdlLanguage> | null = null;

export function loadLanguage(): Promise<IFdlLanguage> {
  loaded ??= Promise.all([
    import('../../backend-bridge/lib/fdl/editor'),
    import('../../backend-bridge/lib/fdl/graph')
  ]).then(([editor, { graphOf, editGraph, placeNode }]) => ({ ...editor, graphOf, editGraph, placeNode }));
  loaded.catch(() => (loaded = null));
  return loaded;
}
