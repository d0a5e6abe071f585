import type { PipelineProblem } from '../contract';
import { checkFiles, checkPaths } from './checks/files';
import { Findings } from './checks/findings';
import { checkGraph, linksOf } from './checks/graph';
import { checkKubernetes } from './checks/kubernetes';
import { checkNode } from './checks/node';
import { checkParameters } from './checks/parameters';
import { checkTarget, type ITargets } from './checks/target';
import type { IPipeline, IPipelineFiles } from './model';

/** What is known beside the pipeline itself; what is absent is not checked. */
export interface ICheckOptions extends ITargets {
  files?: IPipelineFiles;
}

/**
 * What a pipeline breaks: cycles, missing and outside files, images, numbers, names, parameters, limits of the target. What could not be
 * read is told by `readPipeline`; the two lists have nothing in common. Places come from the text that the pipeline was read from; one that
 * a program made has them at line 1.
 */
export function checkPipeline(pipeline: IPipeline, options: ICheckOptions = {}): PipelineProblem[] {
  const findings = new Findings(pipeline);
  for (const node of pipeline.nodes) {
    checkNode(node, findings);
    checkKubernetes(node, findings);
    checkPaths(node, findings);
    checkTarget(node, options, findings);
  }
  checkGraph(pipeline, linksOf(pipeline), findings);
  checkParameters(pipeline, findings);
  if (options.files) {
    checkFiles(pipeline, options.files, findings);
  }
  return findings.problems();
}
