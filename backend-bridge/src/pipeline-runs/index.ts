/** Pipelines on clusters: deployed, run, followed, and cleaned up after. */
export * from './interfaces';
export { createPipelineRuns } from './pipeline-runs';
export type { IPrepared } from './prepare';
