import type { IClusters } from '../clusters';
import type {
  CloudCredential,
  CloudCredentialSet,
  CloudProvider,
  CredentialTest,
  EgiSite,
  Elasticity,
  ExistingClusterFiles,
  ExistingClusterRequest,
  ImServer,
  ImTemplate,
  Infrastructure,
  InfrastructurePlan,
  InfrastructureRequest,
  PlanStep,
  Problem,
  ScaleRequest,
  SiteFit,
  TemplateRef,
  TokenInfo
} from '../contract';
import type { Tokens } from '../credentials';
import type { IImChange } from './connection';
import type { ITemplateText } from './templates/parse';

export interface IDeployHandle {
  onSteps: (steps: PlanStep[]) => void;
  signal: AbortSignal;
}

export interface IInfrastructuresOptions {
  /** Folder of settings, credentials and copies of templates, shared by the bridges of one user. */
  data: string;
  /** Folder of the journal: one process alone may have it open. */
  state: string;
  clusters: IClusters;
  /** The user's own tokens, shared with the clusters; absent: those of the environment. */
  tokens?: Tokens;
  /** Folder of the templates of this package. */
  templates: string | null;
  /** Names of the examples that there are; absent: not checked beforehand. */
  examples?: () => Promise<string[]>;
  /** Deploys an example on a cluster; resolves when it is ready. */
  deploy: (cluster: string, example: string, handle: IDeployHandle) => Promise<void>;
  onEvent: (id: string, infrastructure: Infrastructure | null) => void;
  toProblem: (error: unknown) => Problem;
  log: (line: string) => void;
  env?: NodeJS.ProcessEnv;
  /** Pauses between two looks, milliseconds: after a change the first, then growing to the longest. Default 1000 and 30 000. */
  poll?: { first: number; longest: number };
  /** How long a configured cluster may take until it answers. Milliseconds, default 20 minutes. */
  healthTimeout?: number;
}

/** A template that the caller has read from a file; absent: the request names one of the catalogue. */
export type TemplateFile = ITemplateText | undefined;

export interface IInfrastructures {
  server(): Promise<ImServer>;
  changeServer(change: IImChange): Promise<ImServer>;
  providers(): CloudProvider[];

  credentials(): CloudCredential[];
  setCredential(id: string, credential: CloudCredentialSet): CloudCredential;
  removeCredential(id: string): void;
  testCredential(id: string): Promise<CredentialTest>;
  images(id: string, filter?: string): Promise<{ uri: string; name: string }[]>;

  /** Sites of EGI that a virtual organisation may use, with their images. */
  egiSites(vo: string): Promise<EgiSite[]>;

  templates(): Promise<{ items: ImTemplate[]; problem?: Problem }>;
  form(source: TemplateRef, addons: string[], file: TemplateFile): Promise<ImTemplate>;

  tokens(): Promise<TokenInfo>;
  giveToken(token: string): Promise<TokenInfo>;
  forgetToken(): void;

  /** Those begun here, and those that the server has beside. */
  list(): Promise<{ items: Infrastructure[]; problem?: Problem }>;
  plan(request: InfrastructureRequest, file: TemplateFile): Promise<InfrastructurePlan>;
  /** Sites of EGI that take the request, those that fit first. */
  sites(request: InfrastructureRequest, file: TemplateFile): Promise<SiteFit[]>;
  create(request: InfrastructureRequest, file: TemplateFile): Promise<Infrastructure>;
  get(id: string, options?: { since?: number; wait?: number; signal?: AbortSignal }): Promise<Infrastructure>;
  /** `confirm` is the name; it is followed until it is gone. */
  remove(id: string, options: { confirm?: string; force?: boolean }): Promise<Infrastructure>;
  log(id: string, options?: { follow?: boolean; vm?: string; signal?: AbortSignal }): AsyncIterable<string>;
  template(id: string): Promise<string>;
  elasticity(id: string): Promise<Elasticity>;
  control(id: string, verb: 'start' | 'stop' | 'reconfigure'): Promise<Infrastructure>;
  retry(id: string): Promise<Infrastructure>;
  register(id: string): Promise<Infrastructure>;
  scale(id: string, request: ScaleRequest): Promise<Infrastructure>;
  controlVm(id: string, vm: string, verb: 'start' | 'stop' | 'reboot'): Promise<Infrastructure>;
  addOwner(id: string, token?: string): Promise<Infrastructure>;
  /** Takes one that was created elsewhere under these credentials, so that its state can be asked for. */
  adopt(id: string, credential: string): Promise<Infrastructure>;
  sshKey(id: string, vm: string): Promise<{ user: string; host: string; key?: string; password?: string }>;
  secrets(id: string): Promise<{ user: string; password: string }>;
  existing(request: ExistingClusterRequest): ExistingClusterFiles;

  /** How many are worked on now. */
  running(): number;
  /** Goes on with what a killed bridge had begun; the second call does nothing. */
  resume(): void;
  close(): Promise<void>;
}
