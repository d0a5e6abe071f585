import type {
  BridgeEvent,
  Bucket,
  Cluster,
  DataUsage,
  Example,
  Job,
  JobState,
  Operation,
  PipelineRun,
  Problem,
  Service,
  Submission
} from '../contract';

/** A list that is read from the bridge. `items` stay visible while they are read again. */
export interface IList<T> {
  phase: 'none' | 'loading' | 'ready' | 'failed';
  items: ReadonlyArray<T>;
  problem?: Problem;
  /** There is more: give it back to read on. */
  next?: string;
}

/** A file on its way from the desktop to the bridge. */
export interface IUpload {
  id: string;
  name: string;
  service: string;
  /** 0 to 1. */
  progress: number;
  problem?: Problem;
}

/** All that the page knows. Never changed in place. */
export interface IOscarState {
  /** `idle`: not asked yet, or the bridge went to sleep. */
  phase: 'idle' | 'starting' | 'ready' | 'failed';
  /** Why `failed`. */
  problem?: Problem;
  /** True when changes do not come in at the moment. */
  stale: boolean;
  clusters: ReadonlyArray<Cluster>;
  services: IList<Service>;
  jobs: IList<Job>;
  buckets: IList<Bucket>;
  examples: IList<Example>;
  operations: ReadonlyArray<Operation>;
  /** Runs of pipelines that this page has heard of, newest first. */
  runs: ReadonlyArray<PipelineRun>;
  submissions: ReadonlyArray<Submission>;
  uploads: ReadonlyArray<IUpload>;
  data?: DataUsage;
}

export const EMPTY_LIST: IList<never> = Object.freeze({ phase: 'none', items: Object.freeze([]) as readonly never[] });

export const INITIAL_STATE: IOscarState = Object.freeze({
  phase: 'idle',
  stale: false,
  clusters: [],
  services: EMPTY_LIST,
  jobs: EMPTY_LIST,
  buckets: EMPTY_LIST,
  examples: EMPTY_LIST,
  operations: [],
  runs: [],
  submissions: [],
  uploads: []
});

/** The cluster that is used when none is named. */
export function currentCluster(state: IOscarState): Cluster | undefined {
  return state.clusters.find(cluster => cluster.current) ?? state.clusters[0];
}

/** True when the job will not change any more. */
export function isFinal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** The state after an event; the same object when nothing changed for this page. */
export function applyEvent(state: IOscarState, event: BridgeEvent): IOscarState {
  const current = currentCluster(state)?.id;
  switch (event.type) {
    case 'cluster':
      return { ...state, clusters: withCluster(state.clusters, event.cluster, event.removed === true) };
    case 'service':
      return event.cluster === current
        ? {
            ...state,
            services: { ...state.services, items: withService(state.services.items, event.name, event.service) }
          }
        : state;
    case 'job':
      return event.cluster === current
        ? { ...state, jobs: { ...state.jobs, items: withJob(state.jobs.items, event.id, event.job) } }
        : state;
    case 'operation':
      return { ...state, operations: withOperation(state.operations, event.operation) };
    case 'pipeline-run':
      return { ...state, runs: withRun(state.runs, event.run) };
    case 'submission':
      return { ...state, submissions: withSubmission(state.submissions, event.submission) };
    default:
      return state;
  }
}

export function withCluster(items: ReadonlyArray<Cluster>, cluster: Cluster, removed = false): ReadonlyArray<Cluster> {
  // Only one is current: an event about the new one says nothing about the old one.
  const others = items
    .filter(item => item.id !== cluster.id)
    .map(item => (cluster.current && !removed && item.current ? { ...item, current: false } : item));
  return removed ? others : [...others, cluster].sort((a, b) => order(a) - order(b) || a.id.localeCompare(b.id));
}

export function withService(
  items: ReadonlyArray<Service>,
  name: string,
  service: Service | null
): ReadonlyArray<Service> {
  const others = items.filter(item => item.name !== name);
  return service === null ? others : sortServices([...others, service]);
}

export function sortServices(items: ReadonlyArray<Service>): ReadonlyArray<Service> {
  return [...items].sort((a, b) => a.name.localeCompare(b.name));
}

export function withJob(items: ReadonlyArray<Job>, id: string, job: Job | null): ReadonlyArray<Job> {
  const others = items.filter(item => item.id !== id);
  return job === null ? others : sortJobs([...others, job]);
}

/** Newest first; one without a time has just been made. */
export function sortJobs(items: ReadonlyArray<Job>): ReadonlyArray<Job> {
  const time = (job: Job): string => job.createdAt ?? '9';
  return [...items].sort((a, b) => time(b).localeCompare(time(a)) || b.id.localeCompare(a.id));
}

export function withOperation(items: ReadonlyArray<Operation>, operation: Operation): ReadonlyArray<Operation> {
  const known = items.find(item => item.id === operation.id);
  if (known && known.revision > operation.revision) {
    return items;
  }
  return [...items.filter(item => item.id !== operation.id), operation];
}

/** Newest first. A run that is known in a later state stays as it is. */
export function withRun(items: ReadonlyArray<PipelineRun>, run: PipelineRun): ReadonlyArray<PipelineRun> {
  const known = items.find(item => item.id === run.id);
  if (known && known.revision > run.revision) {
    return items;
  }
  const all = [...items.filter(item => item.id !== run.id), run];
  return all.sort((a, b) => b.startedAt.localeCompare(a.startedAt) || b.id.localeCompare(a.id)).slice(0, 200);
}

export function withSubmission(items: ReadonlyArray<Submission>, submission: Submission): ReadonlyArray<Submission> {
  const known = items.find(item => item.id === submission.id);
  if (known && known.revision > submission.revision) {
    return items;
  }
  // Old ones that are done tell nothing that their jobs do not tell.
  return [...items.filter(item => item.id !== submission.id), submission].slice(-50);
}

/** The embedded cluster first: it is the one that is always there. */
function order(cluster: Cluster): number {
  return cluster.removable ? 1 : 0;
}

/** Jobs, uploads and deployments under way. */
export function busyCount(state: IOscarState): number {
  const jobs = state.jobs.items.filter(job => !isFinal(job.state) && job.state !== 'unknown').length;
  return jobs + state.uploads.length + state.operations.filter(item => item.state === 'running').length;
}
