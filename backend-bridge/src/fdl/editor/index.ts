/**
 * What an editor of FDL needs, in one import: pure functions of the text. Parse once per change (`lint` or `parse`), and give
 * the document to the others; all of them take any document, however broken its text is, and never throw.
 */
export * from './types';
export { parseFdl as parse } from '../parse';
export { applyEdits } from './edits';
export { fixes, fixAll } from './fixes';
export { foldings } from './foldings';
export { links } from './links';
export { lint } from './lint';
export { outline } from './outline';
