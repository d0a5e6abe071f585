/** Elyra's pipelines: pure functions from the text of a `.pipeline` to a graph, problems, and services. */
export * from './model';
export * from './layout';
export { readPipeline } from './read';
export { migrateFlow, CURRENT_VERSION } from './migrate';
export { checkPipeline, type ICheckOptions } from './check';
export { dependencyPath, filesOf } from './files';
export { globToRegExp, isPattern, matchingFiles } from './patterns';
export { orderOf } from './order';
export { CALL_SECRETS, convertPipeline, type ICallPaths } from './convert';
export { RUNNER, writeScript, type INodeConfig, type IScriptOptions } from './script';
