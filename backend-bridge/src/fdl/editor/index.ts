/**
 * What an editor of FDL needs, in one import: pure functions of the text. Parse once per change (`lint` or `parse`), and give
 * the document to the others; all of them take any document, however broken its text is, and never throw.
 */
export * from './types';
export { parseFdl as parse } from '../parse';
export { fdlSchema } from '../schema';
export { applyEdits } from './edits';
export { complete } from './complete';
export { convertVersion } from './convert';
export { fixes, fixAll } from './fixes';
export { foldings } from './foldings';
export { format } from './format';
export { hover } from './hover';
export { links } from './links';
export { lint } from './lint';
export { outline } from './outline';
export { renameService, serviceAt } from './rename';
