import type { FdlProblem, PlanStep } from '../contract';
import { carryOver, linksOf } from './carry-over';
import { checkFdl } from './checks';
import { differences } from './diff';
import { withEpilogue } from './epilogue';
import { MINIO_DEFAULT, pathOf, placeOfIO } from './paths';
import { join, keyRange, textOf } from './pointer';
import { realise, usesBucket, type IRealised, type IRealLink } from './realise';
import { REQUIREMENTS_ANNOTATION, type IOscarService } from './service';
import type { IPlanOptions, IPlanResult, PlanAction } from './types';
import { generalNotes, serviceNotes, type IWanted } from './plan-notes';
import { isSameUser, lostBuckets } from './sharing';
import { planVolume } from './volumes';
import { isExposed, toService } from './write';

/** The ARN under which MinIO knows the webhook of a service. */
export function webhookArn(service: string): string {
  return `arn:minio:sqs::${service}:webhook`;
}

/**
 * What has to be done for a cluster to hold what the file says, in order: services with their buckets and folders, outputs
 * that a create would refuse, links. Pure: the same file and the same cluster give the same plan, and a plan that was
 * carried out leaves nothing to do.
 */
export function planFdl(options: IPlanOptions): IPlanResult {
  return new Planner(options).plan();
}

class Planner {
  constructor(private readonly _options: IPlanOptions) {
    this._features = new Set(_options.features ?? []);
    this._buckets = _options.buckets && new Set(_options.buckets.map(bucket => bucket.name));
    this._storage = _options.storage ?? true;
  }

  plan(): IPlanResult {
    const { document, scripts, version, deployed } = this._options;
    this._problems.push(
      ...document.syntax,
      ...checkFdl(document, { scripts, version, deployed, processRuntime: this._features.has('requirements') })
    );
    const wanted = this._failed() ? [] : this._wanted();
    const real = realise({
      services: wanted,
      deployed,
      buckets: this._buckets,
      existingBuckets: this._features.has('existing-bucket'),
      storage: this._storage
    });
    this._checkNames(wanted);
    this._checkBuckets(wanted, real.services);
    for (const { service, path } of real.impossible) {
      this._problem(
        wanted.find(item => item.name === service),
        'input',
        'needs-storage',
        `${service} cannot listen to ${path}: the bucket belongs to another service, and the object store of the cluster cannot be reached to connect them. Check the endpoint of its object store.`
      );
    }
    if (!this._failed()) {
      for (const item of real.services) {
        this._planService(item, wanted[item.index]);
      }
      this._actions.push(...this._attach);
      this._planLinks(real.links, wanted);
      this._notes.push(...generalNotes(document, this._storage));
    }
    const failed = this._failed();
    return {
      services: wanted.map(item => item.name),
      steps: failed ? [] : this._steps,
      actions: failed ? [] : this._actions,
      links: real.links.map(({ from, to, path, bucket, prefix }) => ({ from, to, path, bucket, prefix })),
      notes: this._notes,
      problems: this._problems
    };
  }

  private _failed(): boolean {
    return this._problems.some(problem => problem.severity === 'error');
  }

  private _wanted(): IWanted[] {
    const { document, clusterId, version, scripts, rawScript, requirements, deployed } = this._options;
    return document.oscar
      .filter(
        entry => clusterId === undefined || entry.clusterId === clusterId || entry.clusterId === 'default-cluster'
      )
      .map(entry => {
        const scriptPath = textOf(document, join(entry.pointer, 'script'), entry.service.script) ?? '';
        const text = scripts[scriptPath] ?? undefined;
        const service = toService(entry, { document, version, script: text });
        const name = service.name ?? '';
        if (service.script !== undefined && !rawScript && !isExposed(service)) {
          service.script = withEpilogue(service.script);
        }
        const packages = requirements?.[name];
        if (packages !== undefined && packages.trim() !== '') {
          if (this._features.has('requirements')) {
            service.annotations = {
              ...service.annotations,
              [REQUIREMENTS_ANNOTATION]: packages.replace(/\r\n/g, '\n')
            };
          } else {
            this._notes.push(
              `The image of ${name} has to hold the packages of its requirements.txt: this cluster does not install them.`
            );
          }
        }
        return { name, entry, scriptPath, service, deployed: deployed.find(item => item.name === name) };
      });
  }

  private _problem(
    item: IWanted | undefined,
    key: string,
    code: string,
    message: string,
    severity: FdlProblem['severity'] = 'error'
  ): void {
    const { document } = this._options;
    const pointer = item ? join(item.entry.pointer, ...key.split('/')) : '';
    this._problems.push({ code, severity, file: document.file, ...keyRange(document, pointer), message });
  }

  private _checkNames(wanted: IWanted[]): void {
    const { user } = this._options;
    for (const item of wanted) {
      const owner = item.deployed?.owner;
      if (user !== undefined && item.deployed && owner !== undefined && owner !== '' && !isSameUser(owner, user)) {
        this._problem(
          item,
          'name',
          'name-taken',
          `A service ${item.name} of another user is there already. Choose another name.`
        );
      }
    }
  }

  /** A create refuses a bucket that exists, and then leaves behind what it made: so it is not tried. */
  private _checkBuckets(wanted: IWanted[], services: IRealised[]): void {
    if (this._features.has('existing-bucket') || !this._options.buckets) {
      return;
    }
    for (const item of services) {
      const want = wanted[item.index];
      for (const bucket of item.buckets) {
        const there = this._options.buckets.find(other => other.name === bucket);
        if (there && !usesBucket(want.deployed, bucket) && there.fromService !== want.name) {
          this._problem(
            want,
            'name',
            'bucket-exists',
            `The bucket ${bucket} is there already and does not belong to ${want.name}. Use another bucket in its paths, or remove that one.`
          );
        }
      }
    }
  }

  private _step(step: PlanStep): number {
    return this._steps.push(step) - 1;
  }

  private _planService(item: IRealised, want: IWanted): void {
    const { name, deployed } = want;
    const volume = planVolume(item.service, deployed, this._options);
    if (volume.problem) {
      this._problem(want, 'volume', volume.problem.code, volume.problem.message, volume.problem.severity);
    }
    this._notes.push(...volume.notes);
    const service: Partial<IOscarService> = { ...item.service };
    delete service.volume;
    if (volume.volume) {
      service.volume = volume.volume;
    }
    const changes = deployed ? differences(service, deployed) : [];
    const created = !deployed;
    const storage = this._storageSteps(item, want);
    const script = this._scriptStep(
      want,
      changes.some(change => change.field === 'script')
    );
    const environment = this._environmentStep(want, created || changes.some(change => change.field === 'annotations'));
    const own = this._step({
      action: created ? 'create' : changes.length > 0 ? 'change' : 'keep',
      kind: 'service',
      name,
      reason: created
        ? `${service.image}${isExposed(service) ? `, exposed on port ${[service.expose?.api_port].flat().join(', ')}` : ''}`
        : changes.length > 0
          ? changes.map(change => change.reason).join('; ')
          : 'nothing has changed'
    });
    const lost = deployed && changes.length > 0 ? this._lostSteps(want, service, deployed) : [];
    const steps = [...storage, script, ...environment, own, ...lost].filter(
      index => this._steps[index].action !== 'keep'
    );
    this._notes.push(...serviceNotes(want, this._features));
    if (created) {
      this._create(item, service, steps);
    } else if (changes.length > 0) {
      this._actions.push(this._update(item, carryOver(service, deployed), steps, deployed));
    }
  }

  /** Buckets of users that go with the change, with a warning at the list of users. */
  private _lostSteps(want: IWanted, service: Partial<IOscarService>, deployed: IOscarService): number[] {
    const lost = lostBuckets(service, deployed);
    if (!lost) {
      return [];
    }
    this._problem(want, 'allowed_users', 'user-bucket-deleted', lost.message, lost.severity);
    return lost.buckets.map(name =>
      this._step({ action: 'delete', kind: 'bucket', name, reason: `its user is not allowed any more; with its data` })
    );
  }

  private _create(item: IRealised, service: Partial<IOscarService>, steps: number[]): void {
    const first = {
      ...service,
      ...(service.output
        ? { output: service.output.filter(io => !item.attached.includes(pathOf(placeOfIO(io, item.name)))) }
        : {})
    };
    // Links may start it before an output is attached; so that comes first, right after all are there.
    const later = item.attached.length > 0;
    this._actions.push({
      type: 'create-service',
      steps,
      name: item.name,
      service: first,
      buckets: this._newBuckets(item)
    });
    if (later) {
      const step = this._step({
        action: 'change',
        kind: 'service',
        name: item.name,
        reason: `adds the output ${item.attached.join(', ')}, in a bucket that is there`
      });
      const full = { ...service };
      if (full.environment) {
        full.environment = { variables: full.environment.variables } as IOscarService['environment'];
      }
      this._attach.push(this._update(item, full, [step]));
    }
  }

  private _update(
    item: IRealised,
    service: Partial<IOscarService>,
    steps: number[],
    previous?: IOscarService
  ): PlanAction {
    const list = (side: 'input' | 'output') => (service[side] ?? []).map(io => io.path);
    return {
      type: 'update-service',
      steps,
      name: item.name,
      service,
      ...(previous ? { previous } : {}),
      buckets: this._newBuckets(item),
      expect: { input: list('input'), output: list('output') }
    };
  }

  private _newBuckets(item: IRealised): string[] {
    return item.buckets.filter(bucket => !this._buckets?.has(bucket));
  }

  private _storageSteps(item: IRealised, want: IWanted): number[] {
    const result: number[] = [];
    const exists = (bucket: string) => this._buckets?.has(bucket) ?? usesBucket(want.deployed, bucket);
    for (const bucket of item.buckets) {
      result.push(this._step({ action: exists(bucket) ? 'keep' : 'create', kind: 'bucket', name: bucket }));
    }
    for (const side of ['input', 'output'] as const) {
      const before = new Set((want.deployed?.[side] ?? []).map(io => pathOf(placeOfIO(io, want.name))));
      const documented = (want.service[side] ?? []).map(io => pathOf(placeOfIO(io, want.name)));
      for (const io of item.service[side] ?? []) {
        const place = placeOfIO(io, want.name);
        const path = pathOf(place);
        if (place.provider !== MINIO_DEFAULT) {
          this._step({ action: 'keep', kind: 'folder', name: `${place.provider}:${path}`, reason: 'results go there' });
        } else if (item.buckets.includes(place.bucket)) {
          const reason = side === 'input' ? `new files start ${want.name}` : `results of ${want.name}`;
          const instead = documented.includes(path)
            ? ''
            : side === 'input'
              ? ', made so that links can start it'
              : `, in place of ${documented[(item.service.output ?? []).indexOf(io)] ?? ''}`;
          result.push(
            this._step({
              action: before.has(path) ? 'keep' : 'create',
              kind: 'folder',
              name: path,
              reason: reason + instead
            })
          );
        }
      }
    }
    return result;
  }

  private _scriptStep(want: IWanted, changed: boolean): number {
    const plain = want.service.script === undefined;
    const exposed = isExposed(want.service);
    return this._step({
      action: !want.deployed ? 'create' : changed ? 'change' : 'keep',
      kind: 'script',
      name: want.scriptPath,
      reason:
        plain || this._options.rawScript || exposed
          ? 'as it is'
          : 'with a block that ends its log in OSCAR-EXIT and the exit code'
    });
  }

  private _environmentStep(want: IWanted, changed: boolean): number[] {
    const packages = want.service.annotations?.[REQUIREMENTS_ANNOTATION];
    if (packages === undefined) {
      return [];
    }
    const size = this._options.sizes?.[want.name];
    const lines = packages.split('\n').filter(line => /^\s*[A-Za-z0-9]/.test(line));
    const count = lines.length;
    const alone = lines
      .filter(line => /\s#\s*no-deps\s*$/.test(line))
      .map(line => line.trim().split(/[\s=<>!~@[;]/)[0]);
    const same = want.deployed?.annotations?.[REQUIREMENTS_ANNOTATION] === packages;
    return [
      this._step({
        action: changed && !same ? 'create' : 'keep',
        kind: 'environment',
        name: want.name,
        reason: `${count} ${count === 1 ? 'package' : 'packages'} of requirements.txt${size === undefined ? '' : `, about ${Math.round(size / 1e6)} MB`}; made once and kept${alone.length > 0 ? `; ${alone.join(', ')} without what it asks for` : ''}`
      })
    ];
  }

  private _planLinks(links: IRealLink[], wanted: IWanted[]): void {
    const { notifications, deployed } = this._options;
    const seen = new Set<string>();
    for (const link of links) {
      const arn = webhookArn(link.to);
      const prefix = link.notify === '' ? '' : `${link.notify}/`;
      const key = `${link.bucket} ${prefix} ${arn}`;
      const there = notifications?.[link.bucket]?.some(item => item.arn === arn && item.prefix === prefix) === true;
      const real = pathOf(link);
      const step = this._step({
        action: there || seen.has(key) ? 'keep' : 'link',
        kind: 'link',
        name: `${link.from === '' ? link.bucket : link.from} → ${link.to}`,
        reason:
          real === link.path
            ? `new files in ${real} start ${link.to}`
            : `new files in ${real} start ${link.to} (${link.path} in the file)`
      });
      if (!there && !seen.has(key)) {
        this._actions.push({ type: 'link', steps: [step], service: link.to, bucket: link.bucket, prefix, arn });
      }
      seen.add(key);
    }
    if (!this._storage) {
      return;
    }
    for (const item of wanted) {
      for (const old of linksOf(deployed.find(service => service.name === item.name))) {
        const arn = webhookArn(item.name);
        const prefix = old.prefix === '' ? '' : `${old.prefix}/`;
        const there = notifications?.[old.bucket]?.some(entry => entry.arn === arn && entry.prefix === prefix) ?? true;
        if (
          there &&
          ![...seen].some(key => key === `${old.bucket} ${prefix} ${arn}`) &&
          !links.some(link => link.to === item.name && link.bucket === old.bucket && link.prefix === old.prefix)
        ) {
          const step = this._step({
            action: 'delete',
            kind: 'link',
            name: `${old.from === '' ? old.bucket : old.from} → ${item.name}`,
            reason: 'not in the file any more'
          });
          this._actions.push({ type: 'unlink', steps: [step], service: item.name, bucket: old.bucket, prefix, arn });
        }
      }
    }
  }

  private readonly _features: Set<string>;
  private readonly _buckets: Set<string> | undefined;
  private readonly _storage: boolean;
  private readonly _problems: FdlProblem[] = [];
  private readonly _steps: PlanStep[] = [];
  private readonly _actions: PlanAction[] = [];
  private readonly _attach: PlanAction[] = [];
  private readonly _notes: string[] = [];
}
