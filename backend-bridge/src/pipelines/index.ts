/** Elyra's pipelines: pure functions from the text of a `.pipeline` to a graph, problems, and services. */
export * from './model';
export * from './layout';
