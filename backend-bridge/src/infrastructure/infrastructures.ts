import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Elasticity, Infrastructure, InfrastructureRequest, Problem, ScaleRequest } from '../contract';
import { CredentialStore, Tokens } from '../credentials';
import { BridgeError, isProblem } from '../http';
import { AfterSteps } from './after';
import { Clouds } from './clouds';
import { ImConnection } from './connection';
import { EgiSites } from './egi';
import { elasticityOf } from './elasticity';
import { Followers } from './followers';
import { Foreign } from './foreign';
import type { IImAuth, ImClient } from './im-client';
import type { IInfrastructuresOptions, TemplateFile } from './interfaces';
import { idOf, type IKept } from './journal';
import { refuseProblems } from './plan';
import { invalid, noSuch, problemOf } from './problems';
import { Reader } from './reader';
import { Records } from './records';
import { Requests } from './requests';
import { liveVms, planScale } from './scale';
import { newSteps, withStep } from './steps';
import { Catalogue } from './templates/catalogue';
import { at, inputValues, makesOscar, parseTemplate } from './templates/parse';

const POLL = { first: 1000, longest: 30_000 };
/** How long a creation is waited for, so that the answer has IM's own id. Milliseconds. */
const CREATE_WAIT = 20_000;

/** What the facade does with infrastructures; settings, credentials and templates are the rooms beside. */
export class Infrastructures {
  constructor(options: IInfrastructuresOptions) {
    this._options = options;
    for (const folder of [options.data, options.state]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    const { env, log } = options;
    const store = new CredentialStore({ file: join(options.data, 'im-credentials.json'), log });
    this.tokens = options.tokens ?? new Tokens({ env, log });
    this.connection = new ImConnection({ data: options.data, store, tokens: this.tokens, env, log });
    this.clouds = new Clouds({ store, connection: this.connection });
    this.catalogue = new Catalogue({
      own: options.templates,
      cache: join(options.data, 'im-templates'),
      place: () => this.connection.templates,
      log
    });
    this._records = new Records({
      file: join(options.state, 'infrastructures.db'),
      store,
      onEvent: options.onEvent,
      log
    });
    this.reader = new Reader({
      records: this._records,
      connection: this.connection,
      clouds: this.clouds,
      poll: options.poll ?? POLL
    });
    this.egi = new EgiSites(env ?? process.env);
    this.requests = new Requests({
      egi: this.egi,
      catalogue: this.catalogue,
      clouds: this.clouds,
      connection: this.connection,
      tokens: this.tokens,
      examples: options.examples
    });
    const { clusters, deploy, healthTimeout, toProblem } = options;
    this.followers = new Followers({
      records: this._records,
      connection: this.connection,
      clouds: this.clouds,
      tokens: this.tokens,
      after: new AfterSteps({ records: this._records, clusters, deploy, healthTimeout, env }),
      poll: options.poll ?? POLL,
      toProblem,
      log
    });
  }

  readonly egi: EgiSites;
  readonly requests: Requests;
  readonly followers: Followers;
  readonly reader: Reader;
  readonly tokens: Tokens;
  readonly connection: ImConnection;
  readonly clouds: Clouds;
  readonly catalogue: Catalogue;

  async create(request: InfrastructureRequest, file: TemplateFile): Promise<Infrastructure> {
    const again = request.idempotencyKey;
    const before =
      again === undefined ? undefined : this._records.all().find(kept => kept.request.idempotencyKey === again);
    if (before) {
      return before.view;
    }
    const { name, prepared, template, templateName } = await this.requests.prepare(request, file);
    refuseProblems(prepared.problems);
    const client = this.connection.client();
    // Says now what would be said in the background.
    const auth = await this.clouds.auth(request.credential, request.site);
    await client.version();
    const oscar = makesOscar(template.tree);
    const register = request.register ?? oscar;
    const key = `new-${randomBytes(8).toString('hex')}`;
    const kept: IKept = {
      key,
      im: client.url,
      request: {
        ...request,
        name,
        inputs: prepared.open,
        ...(prepared.image === undefined ? {} : { image: prepared.image })
      },
      template: { name: templateName, text: template.text },
      view: {
        id: key,
        name,
        state: 'pending',
        ...(auth.cloud['type'] === undefined ? {} : { cloud: auth.cloud['type'] }),
        credential: request.credential,
        oscar,
        vms: [],
        owners: [],
        createdAt: new Date().toISOString(),
        revision: 1,
        steps: newSteps({ register, deploy: request.deploy ?? [] }),
        outputs: [],
        foreign: false
      }
    };
    this._records.add(kept, prepared.secrets);
    this.followers.follow(kept);
    const end = Date.now() + CREATE_WAIT;
    while (kept.id === undefined && kept.view.problem === undefined && Date.now() < end) {
      await this._records.wait(key, { since: kept.view.revision, wait: 1 });
    }
    return kept.view;
  }

  // ------------------------------------------------------------------------------------------------ looking

  async list(): Promise<{ items: Infrastructure[]; problem?: Problem }> {
    const own = this._records.all().filter(kept => kept.view.state !== 'deleted');
    own.forEach(kept => this.followers.refresh(kept));
    const newest = own.map(kept => kept.view).sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
    if (this.connection.url === undefined) {
      return { items: newest };
    }
    try {
      const client = this.connection.client();
      const auth = await this.connection.auth();
      const known = new Set(this._records.all().map(kept => kept.id));
      // One that is being created is on the server a moment before we hear its id.
      const creating = own.some(kept => kept.id === undefined && kept.sent === true);
      const others = creating ? [] : (await client.list(auth)).filter(id => !known.has(id));
      return { items: [...newest, ...(await this._foreign.describe(client, auth, others))] };
    } catch (error) {
      return { items: newest, problem: problemOf(error) };
    }
  }

  async get(
    id: string,
    options: { since?: number; wait?: number; signal?: AbortSignal } = {}
  ): Promise<Infrastructure> {
    const kept = this._records.find(id);
    if (!kept) {
      return this._foreignOne(id);
    }
    this.followers.refresh(kept);
    return this._records.wait(id, options);
  }

  elasticity(id: string): Promise<Elasticity> {
    return elasticityOf(this._records.get(id), this._options.clusters);
  }

  // ------------------------------------------------------------------------------------------------ changing

  async remove(id: string, { confirm, force = false }: { confirm?: string; force?: boolean }): Promise<Infrastructure> {
    const kept = this._records.get(id);
    if (confirm !== kept.view.name) {
      throw invalid(
        `To delete it with all its machines and data, its name has to be given: ${kept.view.name}.`,
        'Send the name as `confirm`.'
      );
    }
    if (kept.view.state === 'deleted') {
      return kept.view;
    }
    if (kept.id !== undefined) {
      const auth = await this.clouds.authFor(kept);
      try {
        await this.connection.clientFor(kept).remove(auth, kept.id, force);
        this._records.change(
          kept,
          { state: 'deleting', operation: undefined, problem: undefined },
          { deletion: { force, accepted: true } }
        );
      } catch (error) {
        // Machines are being added: it is asked for again until it is taken. Gone: the follower finds out the same.
        if (!isProblem(error, 'busy', 'not-found')) {
          throw error;
        }
        this._records.change(kept, { state: 'deleting', problem: undefined }, { deletion: { force, accepted: false } });
      }
    } else {
      this._records.change(kept, { state: 'deleting', problem: undefined }, { deletion: { force, accepted: false } });
    }
    this.followers.follow(kept);
    return kept.view;
  }

  async control(id: string, verb: 'start' | 'stop' | 'reconfigure'): Promise<Infrastructure> {
    const kept = this._idle(id);
    const words = { start: 'starting all machines', stop: 'stopping all machines', reconfigure: 'configuring again' };
    return this._operate(kept, words[verb], (client, auth, imId) => client.control(auth, imId, verb));
  }

  async controlVm(id: string, vm: string, verb: 'start' | 'stop' | 'reboot'): Promise<Infrastructure> {
    const kept = this._idle(id);
    const words = { start: 'starting', stop: 'stopping', reboot: 'restarting' };
    const operation = `${words[verb]} machine ${vm}`;
    return this._operate(kept, operation, (client, auth, imId) => client.controlVm(auth, imId, vm, verb));
  }

  async scale(id: string, request: ScaleRequest): Promise<Infrastructure> {
    const kept = this._idle(id);
    const client = this.connection.clientFor(kept);
    const auth = await this.clouds.authFor(kept);
    const imId = idOf(kept);
    const [vms, tosca] = await Promise.all([liveVms(client, auth, imId), client.tosca(auth, imId)]);
    const plan = planScale(tosca, vms, request);
    if (!plan) {
      return kept.view;
    }
    return this._operate(kept, plan.operation, async () => void (await client.change(auth, imId, plan.document)));
  }

  /** Goes on with the step that failed. */
  async retry(id: string): Promise<Infrastructure> {
    const kept = this._records.get(id);
    const failed = kept.view.steps.find(step => step.state === 'failed');
    if (failed === undefined) {
      this.followers.follow(kept);
      return kept.view;
    }
    if ((failed.name === 'boot' || failed.name === 'configure') && kept.id !== undefined) {
      await this.connection.clientFor(kept).control(await this.clouds.authFor(kept), kept.id, 'reconfigure');
    }
    const steps = withStep(kept.view.steps, failed.name, { state: 'waiting' });
    const state = kept.id === undefined ? 'pending' : failed.name === 'configure' ? 'running' : kept.view.state;
    this._records.change(kept, { steps, state, problem: undefined }, { healthSince: undefined });
    this.followers.follow(kept);
    return kept.view;
  }

  /** Adds the cluster to the list now, also when that was not asked for at first. */
  async register(id: string): Promise<Infrastructure> {
    const kept = this._records.get(id);
    if (kept.view.state !== 'configured') {
      throw new BridgeError({
        type: 'conflict',
        title: 'Not ready yet',
        status: 409,
        detail: 'The cluster can be added once its machines are configured.',
        action: 'Wait for that; it is then added by itself if that was asked for.'
      });
    }
    const wanted = newSteps({ register: true, deploy: kept.request.deploy ?? [] });
    const steps = wanted.map(step => {
      const old = kept.view.steps.find(item => item.name === step.name);
      return old && (old.state === 'done' || old.state === 'running') ? old : step;
    });
    this._records.change(kept, { steps, problem: undefined }, { healthSince: undefined });
    this.followers.follow(kept);
    return kept.view;
  }

  async addOwner(id: string, token?: string): Promise<Infrastructure> {
    const kept = this._records.get(id);
    const client = this.connection.clientFor(kept);
    const auth = await this.connection.auth();
    const imId = idOf(kept);
    await client.addOwner(auth, imId, { token: token?.trim() || (await this.connection.token()).token });
    this._records.change(kept, { owners: await client.owners(auth, imId) });
    return kept.view;
  }

  async adopt(id: string, credential: string): Promise<Infrastructure> {
    const known = this._records.find(id);
    if (known && known.view.state !== 'deleted') {
      this._records.change(
        known,
        { credential, cloud: this.clouds.get(credential).type },
        { request: { ...known.request, credential } }
      );
      this.followers.follow(known);
      return known.view;
    }
    const { type } = this.clouds.get(credential);
    const client = this.connection.client();
    const auth = await this.connection.auth();
    const [view, tosca] = await Promise.all([this._foreignOne(id), client.tosca(auth, id)]);
    const key = `new-${randomBytes(8).toString('hex')}`;
    const steps = newSteps({ register: false, deploy: [] }).map(step => ({ ...step, state: 'done' as const }));
    const kept: IKept = {
      key,
      id,
      im: client.url,
      request: { name: view.name, source: { template: id }, credential, register: false },
      template: { name: id, text: '' },
      view: { ...view, credential, cloud: type, foreign: false, steps }
    };
    delete kept.view.stateDetail;
    const password = at(inputValues(parseTemplate({ name: id, text: tosca ?? '' }).tree), 'oscar_password');
    this._records.add(kept, typeof password === 'string' && password !== '' ? { oscar_password: password } : {});
    this.followers.follow(kept);
    return kept.view;
  }

  // ------------------------------------------------------------------------------------------------ life

  async close(): Promise<void> {
    await this.followers.close();
    this._records.close();
    this.connection.dispose();
  }

  /** Does something that takes minutes, beside; its failure becomes the problem of the infrastructure. */
  private async _operate(
    kept: IKept,
    operation: string,
    work: (client: ImClient, auth: Required<IImAuth>, id: string) => Promise<void>
  ): Promise<Infrastructure> {
    const client = this.connection.clientFor(kept);
    const auth = await this.clouds.authFor(kept);
    const id = idOf(kept);
    this._records.change(kept, { operation, problem: undefined });
    const done = work(client, auth, id)
      .then(
        () => undefined,
        (error: unknown) => this._options.toProblem(error)
      )
      .then(problem => {
        // What the machines are afterwards is read before it is called done.
        this._records.change(kept, { operation: undefined, problem, ...(problem ? {} : { state: 'running' }) });
        this.followers.follow(kept);
      });
    this.followers.add(done);
    this.followers.follow(kept);
    return kept.view;
  }

  /** @throws BridgeError `busy` while something else is done to it */
  private _idle(id: string): IKept {
    const kept = this._records.get(id);
    const { operation, state } = kept.view;
    if (operation !== undefined || state === 'deleting' || kept.deletion) {
      throw new BridgeError({
        type: 'busy',
        title: 'Still busy',
        status: 409,
        detail: `${kept.view.name} is busy: ${operation ?? 'it is being deleted'}.`,
        action: 'Wait until that is done.'
      });
    }
    return kept;
  }

  private async _foreignOne(id: string): Promise<Infrastructure> {
    if (this.connection.url === undefined) {
      throw noSuch('infrastructure', id, 'The list shows those there are.');
    }
    const client = this.connection.client();
    const auth = await this.connection.auth();
    // Says 404 or 403 for those that are not ours.
    await client.vms(auth, id);
    const [view] = await this._foreign.describe(client, auth, [id]);
    return view;
  }

  private readonly _options: IInfrastructuresOptions;
  private readonly _records: Records;
  private readonly _foreign = new Foreign();
}
