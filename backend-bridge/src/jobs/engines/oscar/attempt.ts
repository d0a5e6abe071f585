import type { Task } from '../../engine/task';

/** A descriptor that is under way. Times in ms of performance.now(). */
export interface IAttempt {
  id: string;
  name: string;
  worker: string;
  units: number;
  /** Absent for work of an earlier bridge. */
  task?: Task;
  postedAt?: number;
  startedAt?: number;
  handle?: string;
  /** Looks in a row at which nothing was there that could be working on it. */
  missing: number;
  resent: number;
}

/** What the duration of a task goes by. */
export function unitsOf(task: Task): number {
  switch (task.phase) {
    case 'htc':
      return task.count;
    case 'map':
    case 'sample':
      return task.input.reduce((sum, { start, end, size }) => sum + (end ?? size) - start, 0);
    case 'reduce':
      return 1;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
