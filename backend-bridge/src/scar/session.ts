import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsContext, AwsContextChange, AwsProfile } from '../contract';
import { BridgeError } from '../http/errors';
import { isProblem } from '../http/failures';
import { AwsClients } from './clients';
import { chain, emulatorKeys, type AwsCredentialIdentityProvider } from './credentials';
import type { IEmulatorDescription } from './emulator';
import { awsError, calling, refused } from './errors';
import { chainSource, readProfiles } from './profiles';
import type { ScarConfig } from './scar-cfg';
import { sdk } from './sdk';

/** What is remembered between starts. No secret is among it. */
interface IStored {
  profile?: string;
  region?: string;
  endpoint?: string;
  role?: string;
  emulator?: boolean;
}

/** Who the calls are made as. */
export interface IIdentity {
  account: string;
  arn: string;
  /** What SCAR writes into the tag `owner`: the id of the user, or of the role without the name of its session. */
  owner: string;
}

interface IPlace {
  readonly profile?: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly emulator: boolean;
  /** ARN of the role of new functions. */
  readonly role?: string;
}

/** An account, a region and the clients for it. */
export interface ITarget extends IPlace {
  readonly clients: AwsClients;
  /** @throws BridgeError no-credentials, expired, unauthorized */
  identity(): Promise<IIdentity>;
}

/** What a call may ask for instead of the context. */
export interface ISelection {
  profile?: string;
  region?: string;
}

/** What the session needs of the emulator. */
export interface IEmulatorEndpoint {
  /** Starts it when needed. */
  ready(): Promise<IEmulatorDescription>;
}

export interface ISessionOptions {
  state: string;
  config: () => ScarConfig;
  emulator: IEmulatorEndpoint;
  onContext?: (context: AwsContext) => void;
}

/** Who somebody is changes seldom; keys that were taken away should be noticed soon. Milliseconds. */
const IDENTITY_KEPT = 60_000;
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** Which account and region calls go to. */
export class AwsSession {
  constructor(private readonly _options: ISessionOptions) {
    this._file = join(_options.state, 'aws.json');
    this._stored = readStored(this._file);
  }

  profiles(): AwsProfile[] {
    return readProfiles();
  }

  /** The clients for what the user chose, or for `selection` in its place. */
  async target(selection: ISelection = {}): Promise<ITarget> {
    const { endpoint, emulator } = await this._endpoint();
    const profile = emulator ? undefined : (selection.profile ?? this._stored.profile) || undefined;
    const region = selection.region ?? (emulator ? (this._stored.region ?? emulator.region) : this._region(profile));
    if (!REGION.test(region)) {
      throw refused(`"${region}" is not a region of AWS.`, 'Write for instance eu-south-2.');
    }
    if (profile !== undefined && !readProfiles().some(item => item.name === profile)) {
      throw new BridgeError({
        type: 'no-credentials',
        title: 'No such profile',
        status: 403,
        detail: `There is no profile "${profile}" in the files of AWS.`,
        action: 'Choose another profile, or make it with "aws configure --profile".'
      });
    }
    const role = emulator ? emulator.role : (this._stored.role ?? this._options.config().role);
    const key = JSON.stringify([profile, region, endpoint, emulator, role]);
    let target = this._targets.get(key);
    if (!target) {
      const credentials = emulator ? emulatorKeys(emulator) : chain(profile, region);
      target = makeTarget({ profile, region, endpoint, emulator: emulator !== undefined, role }, credentials);
      this._targets.set(key, target);
    }
    return target;
  }

  /** What the user chose, and whether it works. Never throws. */
  async context(selection: ISelection = {}): Promise<AwsContext> {
    const { endpoint, emulator = false } = this._stored;
    const shown = {
      region: selection.region ?? this._region((selection.profile ?? this._stored.profile) || undefined),
      emulator,
      ...((selection.profile ?? this._stored.profile) && !emulator
        ? { profile: selection.profile ?? this._stored.profile }
        : {}),
      ...(endpoint === undefined ? {} : { endpoint })
    };
    try {
      const target = await this.target(selection);
      const { account, arn } = await target.identity();
      const keys = await target.clients.credentials();
      return {
        ...shown,
        region: target.region,
        state: 'ready',
        ...(target.endpoint === undefined ? {} : { endpoint: target.endpoint }),
        account,
        arn,
        source: emulator ? 'emulator' : chainSource(target.profile),
        ...(keys.expiration === undefined ? {} : { expiresAt: keys.expiration.toISOString() }),
        ...(target.role === undefined ? {} : { role: target.role })
      };
    } catch (error) {
      const problem = awsError(error, 'say who you are');
      // Keys may have been replaced in the meantime: the next call looks for them again.
      this._targets.clear();
      return {
        ...shown,
        state: isProblem(problem, 'no-credentials')
          ? 'no-credentials'
          : isProblem(problem, 'expired')
            ? 'expired'
            : 'failed',
        problem: problem.problem
      };
    }
  }

  /** What is absent stays. */
  async change(change: AwsContextChange): Promise<AwsContext> {
    const next: IStored = { ...this._stored };
    for (const key of ['profile', 'region', 'endpoint', 'role'] as const) {
      const value = change[key];
      if (value === '') {
        delete next[key];
      } else if (value !== undefined) {
        next[key] = value;
      }
    }
    if (change.region && !REGION.test(change.region)) {
      throw refused(`"${change.region}" is not a region of AWS.`, 'Write for instance eu-south-2.');
    }
    if (change.role && !/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(change.role)) {
      throw refused('The role is an ARN.', 'Write arn:aws:iam::123456789012:role/name.');
    }
    if (change.endpoint && !/^https?:\/\/[^/\s]+/.test(change.endpoint)) {
      throw refused('The address is no URL.', 'Write for instance http://127.0.0.1:5000.');
    }
    if (change.emulator === true) {
      await this._options.emulator.ready();
      next.emulator = true;
      delete next.endpoint;
    } else if (change.emulator === false || change.profile !== undefined || change.endpoint !== undefined) {
      // Who chooses an account or an address does not mean the emulator any more.
      delete next.emulator;
    }
    writeStored(this._options.state, this._file, next);
    this._stored = next;
    this._forget();
    const context = await this.context();
    this._options.onContext?.(context);
    return context;
  }

  dispose(): void {
    this._forget();
  }

  private _forget(): void {
    this._targets.forEach(target => target.clients.dispose());
    this._targets.clear();
  }

  private async _endpoint(): Promise<{ endpoint?: string; emulator?: IEmulatorDescription }> {
    if (this._stored.emulator === true) {
      const emulator = await this._options.emulator.ready();
      return { endpoint: emulator.endpoint, emulator };
    }
    const endpoint = this._stored.endpoint ?? (process.env['AWS_ENDPOINT_URL'] || undefined);
    return endpoint === undefined ? {} : { endpoint };
  }

  private _region(profile: string | undefined): string {
    const env = process.env;
    const profiles = readProfiles();
    const of = (name: string | undefined): string | undefined => profiles.find(item => item.name === name)?.region;
    return (
      this._stored.region ??
      of(profile) ??
      (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined) ??
      of(env['AWS_PROFILE'] ?? 'default') ??
      this._options.config().region ??
      'us-east-1'
    );
  }

  private readonly _file: string;
  private _stored: IStored;
  private readonly _targets = new Map<string, ITarget>();
}

function makeTarget(place: IPlace, credentials: AwsCredentialIdentityProvider): ITarget {
  const clients = new AwsClients({ region: place.region, endpoint: place.endpoint, credentials });
  let known: IIdentity | undefined;
  let seen = 0;
  return {
    ...place,
    clients,
    async identity() {
      if (known && performance.now() - seen < IDENTITY_KEPT) {
        return known;
      }
      const answer = await calling('say who you are', () =>
        clients.sts().send(new (sdk.sts().GetCallerIdentityCommand)({}))
      );
      known = {
        account: answer.Account ?? '',
        arn: answer.Arn ?? '',
        owner: (answer.UserId ?? '').split(':')[0]
      };
      seen = performance.now();
      return known;
    }
  };
}

function readStored(file: string): IStored {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as IStored;
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    // Nothing was chosen yet, or the file is half of one: the default chain is a good start.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return {};
    }
    throw error;
  }
}

function writeStored(folder: string, file: string, value: IStored): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
  renameSync(temporary, file);
}
