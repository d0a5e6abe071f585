import type { IPipeline, IReadResult } from '../../backend-bridge/src/pipelines';
import type { PipelineProblem } from '../contract';
import type { IFlow } from './flow';

/** What the page uses of the pipelines' language. It is pure and comes in a chunk of its own, when the first pipeline is opened. */
export interface ILanguage {
  /** What is wrong with the text as far as it can be told without the files of its nodes. */
  check(text: string, options: ICheckOptions): PipelineProblem[];
  /** The pipeline in today's version. */
  migrate(text: string, file: string): { flow?: IFlow; changes: string[]; problems: PipelineProblem[] };
}

export interface ICheckOptions {
  file: string;
  /** Services of the cluster; absent when they are not known. */
  services?: string[];
  clusterIds?: string[];
}

let loaded: Promise<ILanguage> | null = null;

export function loadLanguage(): Promise<ILanguage> {
  loaded ??= import('../../backend-bridge/lib/pipelines').then(module => {
    const language = module as unknown as IModule;
    return {
      check: (text, options) => {
        const { pipeline, problems } = language.readPipeline(text, { file: options.file });
        if (!pipeline) {
          return problems;
        }
        const { services, clusterIds } = options;
        return [...problems, ...language.checkPipeline(pipeline, { services, clusterIds })];
      },
      migrate: (text, file) => language.migrateFlow(text, { file })
    };
  });
  return loaded;
}

interface IModule {
  readPipeline(text: string, options: { file: string }): IReadResult;
  checkPipeline(pipeline: IPipeline, options: { services?: string[]; clusterIds?: string[] }): PipelineProblem[];
  migrateFlow(text: string, options: { file: string }): ReturnType<ILanguage['migrate']>;
}
