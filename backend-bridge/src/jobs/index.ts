import type { IJobs, IJobsOptions } from './interfaces';
import { Jobs } from './jobs';

export type { IJobs, IJobsOptions } from './interfaces';
export type { IEngine } from './engine/engine';

export function createJobs(options: IJobsOptions): IJobs {
  return new Jobs(options);
}
