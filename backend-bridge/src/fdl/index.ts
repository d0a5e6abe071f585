/** The FDL language: pure functions from text to values and problems. */
export * from './types';
export * from './service';
export { parseFdl } from './parse';
