export * from './errors';
export * from './redact';
export * from './failures';
export * from './client';
export * from './pause';
