/** The FDL language: pure functions from text to values and problems. */
export * from './types';
export * from './service';
export { parseFdl } from './parse';
export { hasEpilogue, parseSentinel, withEpilogue, withoutEpilogue } from './epilogue';
export { redactService, REDACTED } from './redact';
export { isUnder, parsePath, parseProvider, pathOf, placeOfIO, trimPath, type IPlaceInStorage } from './paths';
export { parseQuantity } from './quantity';
export { atLeast, dialectOf, parseVersion } from './version';
export { isExposed, toService } from './write';
export { SERVICE_FIELDS, type IField } from './tables';
export { checkFdl } from './checks';
export { planFdl, webhookArn } from './plan';
export { realise } from './realise';
export { differences } from './diff';
export { fdlSchema, type IJsonSchema } from './schema';
export { links } from './editor/links';
