import type { BridgeEvent, Cluster, Job, Service } from '../contract';

/** Jobs that are remembered for each cluster, to tell a change from a repetition. */
const MAX_JOBS = 1000;

interface IClusterView {
  cluster?: Cluster;
  services: Map<string, string>;
  jobs: Map<string, string>;
  /** Ids of jobs that wait or run. */
  active: Set<string>;
  /** Names of services that are on their way to another state. */
  moving: Set<string>;
}

const ACTIVE_JOBS = new Set<Job['state']>(['pending', 'running', 'suspended']);
const MOVING_SERVICES = new Set<Service['state']>(['creating', 'deleting', 'pending']);

/**
 * What was seen last of clusters, services and jobs. Whatever is seen again unchanged makes no event.
 */
export class Views {
  constructor(private readonly _emit: (event: BridgeEvent) => void) {}

  clusters(): Cluster[] {
    return [...this._views.values()].flatMap(view => (view.cluster ? [view.cluster] : []));
  }

  clusterView(id: string): Cluster | undefined {
    return this._views.get(id)?.cluster;
  }

  /** True while jobs or services of a cluster change. */
  isActive(id: string): boolean {
    const view = this._views.get(id);
    return view !== undefined && (view.active.size > 0 || view.moving.size > 0);
  }

  /** Jobs under way that are known, of all clusters. */
  activeJobs(): number {
    return [...this._views.values()].reduce((sum, view) => sum + view.active.size, 0);
  }

  activeJobIds(id: string): string[] {
    return [...(this._views.get(id)?.active ?? [])];
  }

  sawCluster(cluster: Cluster): void {
    const view = this._view(cluster.id);
    if (JSON.stringify(view.cluster) !== JSON.stringify(cluster)) {
      view.cluster = cluster;
      this._emit({ type: 'cluster', cluster });
    }
  }

  removedCluster(id: string): void {
    const cluster = this._views.get(id)?.cluster;
    this._views.delete(id);
    if (cluster) {
      this._emit({ type: 'cluster', cluster, removed: true });
    }
  }

  /** One service; null: it is gone. */
  sawService(cluster: string, name: string, service: Service | null): void {
    const view = this._view(cluster);
    if (service === null) {
      view.moving.delete(name);
      if (view.services.delete(name)) {
        this._emit({ type: 'service', cluster, name, service });
      }
      return;
    }
    // The definition is for whoever asks for it: events stay small and alike.
    const { definition: _definition, ...plain } = service;
    const text = JSON.stringify(plain);
    mark(view.moving, name, MOVING_SERVICES.has(service.state));
    if (view.services.get(name) !== text) {
      view.services.set(name, text);
      this._emit({ type: 'service', cluster, name, service: plain });
    }
  }

  /** All services of a cluster: those that are missing are gone. */
  sawServices(cluster: string, services: Service[]): void {
    const names = new Set(services.map(service => service.name));
    for (const name of [...this._view(cluster).services.keys()]) {
      if (!names.has(name)) {
        this.sawService(cluster, name, null);
      }
    }
    services.forEach(service => this.sawService(cluster, service.name, service));
  }

  /** One job; null: it is gone. */
  sawJob(cluster: string, id: string, job: Job | null): void {
    const view = this._view(cluster);
    if (job === null) {
      view.active.delete(id);
      if (view.jobs.delete(id)) {
        this._emit({ type: 'job', cluster, id, job });
      }
      return;
    }
    mark(view.active, id, ACTIVE_JOBS.has(job.state));
    const text = JSON.stringify(job);
    if (view.jobs.get(id) !== text) {
      view.jobs.delete(id);
      view.jobs.set(id, text);
      this._emit({ type: 'job', cluster, id, job });
      this._forget(view);
    }
  }

  /**
   * A page of jobs, newest first. When it is all there is (`complete`), jobs that are missing are gone.
   */
  sawJobs(cluster: string, jobs: Job[], options: { complete: boolean; service?: string }): void {
    if (options.complete) {
      const ids = new Set(jobs.map(job => job.id));
      for (const [id, text] of [...this._view(cluster).jobs]) {
        if (!ids.has(id) && (options.service === undefined || (JSON.parse(text) as Job).service === options.service)) {
          this.sawJob(cluster, id, null);
        }
      }
    }
    // Oldest first, so that the newest are forgotten last.
    [...jobs].reverse().forEach(job => this.sawJob(cluster, job.id, job));
  }

  private _forget(view: IClusterView): void {
    for (const id of view.jobs.keys()) {
      if (view.jobs.size <= MAX_JOBS) {
        return;
      }
      if (!view.active.has(id)) {
        view.jobs.delete(id);
      }
    }
  }

  private _view(id: string): IClusterView {
    let view = this._views.get(id);
    if (!view) {
      view = { services: new Map(), jobs: new Map(), active: new Set(), moving: new Set() };
      this._views.set(id, view);
    }
    return view;
  }

  private readonly _views = new Map<string, IClusterView>();
}

function mark(set: Set<string>, name: string, isIn: boolean): void {
  if (isIn) {
    set.add(name);
  } else {
    set.delete(name);
  }
}
