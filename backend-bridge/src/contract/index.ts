/** The contract of the bridge: the page imports types from here, the server validates with the schemas. */
export * from './problem';
export * from './files';
export * from './clusters';
export * from './services';
export * from './jobs';
export * from './fdl';
export * from './pipelines';
export * from './compute';
export * from './aws';
export * from './infrastructure';
export * from './events';
