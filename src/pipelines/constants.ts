import { emptyFlow } from './flow';

export const PIPELINE_TYPE = 'pipeline';

/** Name of our editor: another one than Elyra's, so that both can be there. */
export const PIPELINE_FACTORY = 'OSCAR Pipeline';

export const ELYRA_FACTORY = 'Pipeline Editor';

/** Text of a new pipeline. */
export function createEmptyText(): string {
  return `${JSON.stringify(emptyFlow(), null, 2)}\n`;
}

export function isPipeline(path: string): boolean {
  return path.toLowerCase().endsWith('.pipeline');
}
