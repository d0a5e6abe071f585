import { Type, type Static } from '@sinclair/typebox';
import { FileRef } from './files';
import { Problem } from './problem';

/** Clusters on any cloud through the Infrastructure Manager (IM): `/v1/infrastructures`, `/v1/im`, `/v1/tokens`. */

/** States of IM for one VM; `deleted` is ours: the server answers 404. */
export const VmState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('running', { description: 'Booted, being configured.' }),
  Type.Literal('configured'),
  Type.Literal('unconfigured', { description: 'Its configuration failed.' }),
  Type.Literal('stopped'),
  Type.Literal('off'),
  Type.Literal('failed'),
  Type.Literal('unknown'),
  Type.Literal('deleting'),
  Type.Literal('deleted')
]);
export type VmState = Static<typeof VmState>;

/** `GET /v1/im`, `PUT /v1/im {url, ca?}`. */
export const ImServer = Type.Object(
  {
    url: Type.String(),
    version: Type.Optional(Type.String()),
    state: Type.Union([
      Type.Literal('ok'),
      Type.Literal('unreachable'),
      Type.Literal('refused'),
      Type.Literal('unset')
    ]),
    authentication: Type.Union([Type.Literal('token'), Type.Literal('password'), Type.Literal('none')], {
      description: 'How calls prove who the user is.'
    }),
    templates: Type.String({ description: 'Where templates are read: an address or a folder.' }),
    problem: Type.Optional(Problem)
  },
  { $id: 'ImServer' }
);
export type ImServer = Static<typeof ImServer>;

/** One field of a form. Made from a TOSCA input, or from the fields of a cloud's credentials. */
export const FormField = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    type: Type.Union([
      Type.Literal('text'),
      Type.Literal('textarea'),
      Type.Literal('password'),
      Type.Literal('integer'),
      Type.Literal('number'),
      Type.Literal('boolean'),
      Type.Literal('select'),
      Type.Literal('size'),
      Type.Literal('list'),
      Type.Literal('map'),
      Type.Literal('ports'),
      Type.Literal('file')
    ]),
    description: Type.Optional(Type.String()),
    default: Type.Optional(Type.Unknown()),
    required: Type.Boolean(),
    options: Type.Optional(Type.Array(Type.Unknown())),
    minimum: Type.Optional(Type.Number()),
    maximum: Type.Optional(Type.Number()),
    minLength: Type.Optional(Type.Integer()),
    maxLength: Type.Optional(Type.Integer()),
    pattern: Type.Optional(Type.String()),
    enabledBy: Type.Optional(Type.String({ description: 'Name of the boolean that this one hangs on.' })),
    hidden: Type.Optional(Type.Boolean({ description: 'Filled in or generated; not asked.' })),
    generated: Type.Optional(Type.Boolean({ description: 'A secret that the bridge makes when it is left empty.' })),
    ignored: Type.Optional(Type.Boolean({ description: 'The template takes it and does nothing with it.' }))
  },
  { $id: 'FormField' }
);
export type FormField = Static<typeof FormField>;

export const FormTab = Type.Object({ title: Type.String(), fields: Type.Array(FormField) }, { $id: 'FormTab' });
export type FormTab = Static<typeof FormTab>;

/** A kind of cloud that IM can use. `GET /v1/im/providers`. */
export const CloudProvider = Type.Object(
  {
    type: Type.String({ description: "IM's own word: OpenStack, EGI, EC2, …" }),
    title: Type.String(),
    fields: Type.Array(FormField)
  },
  { $id: 'CloudProvider' }
);
export type CloudProvider = Static<typeof CloudProvider>;

/** Credentials of a cloud. Values go in once and never come out. */
export const CloudCredential = Type.Object(
  {
    id: Type.String(),
    type: Type.String(),
    /** Fields that are no secrets: host, project, user name. */
    shown: Type.Record(Type.String(), Type.String()),
    configured: Type.Boolean(),
    expiresAt: Type.Optional(Type.String())
  },
  { $id: 'CloudCredential' }
);
export type CloudCredential = Static<typeof CloudCredential>;

/** `PUT /v1/im/credentials/:id`; not echoed. */
export const CloudCredentialSet = Type.Object(
  { type: Type.String(), values: Type.Record(Type.String(), Type.String()) },
  { $id: 'CloudCredentialSet', additionalProperties: false }
);
export type CloudCredentialSet = Static<typeof CloudCredentialSet>;

/** `POST /v1/im/credentials/:id/test`. */
export const CredentialTest = Type.Object(
  {
    works: Type.Boolean(),
    reason: Type.Optional(Type.String()),
    checked: Type.String({ description: 'What was tried.' })
  },
  { $id: 'CredentialTest' }
);
export type CredentialTest = Static<typeof CredentialTest>;

/** A template of the catalogue, of this package, or of the user. */
export const ImTemplate = Type.Object(
  {
    id: Type.String(),
    title: Type.String(),
    description: Type.Optional(Type.String()),
    kind: Type.Union([Type.Literal('tosca'), Type.Literal('radl')]),
    source: Type.Union([Type.Literal('package'), Type.Literal('catalogue'), Type.Literal('file')]),
    oscar: Type.Boolean({ description: 'True: makes an OSCAR cluster.' }),
    addons: Type.Array(
      Type.Object({ id: Type.String(), title: Type.String(), experimental: Type.Optional(Type.String()) })
    ),
    tabs: Type.Optional(Type.Array(FormTab, { description: 'With one template only.' })),
    problems: Type.Optional(Type.Array(Type.String()))
  },
  { $id: 'ImTemplate' }
);
export type ImTemplate = Static<typeof ImTemplate>;

export const TemplateRef = Type.Union(
  [
    Type.Object({ template: Type.String() }, { additionalProperties: false }),
    Type.Object({ file: FileRef }, { additionalProperties: false })
  ],
  { $id: 'TemplateRef' }
);
export type TemplateRef = Static<typeof TemplateRef>;

/** `POST /v1/infrastructures/plan` and `POST /v1/infrastructures`. */
export const InfrastructureRequest = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 100 })),
    source: TemplateRef,
    addons: Type.Optional(Type.Array(Type.String())),
    inputs: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    credential: Type.String({ description: 'Id of cloud credentials.' }),
    image: Type.Optional(Type.String({ description: "IM's image URI: ost://…, egi://…, mock0://…" })),
    networks: Type.Optional(Type.String()),
    site: Type.Optional(Type.String({ description: "EGI: this site instead of the credentials' own." })),
    /** What follows when it is configured. */
    register: Type.Optional(Type.Boolean({ description: 'Add it to the clusters; default true for OSCAR.' })),
    clusterId: Type.Optional(Type.String()),
    endpoint: Type.Optional(Type.String({ description: 'Default: the output `local_oscarui_endpoint`.' })),
    deploy: Type.Optional(Type.Array(Type.String({ description: 'Examples to deploy on it, for instance `ocr`.' }))),
    idempotencyKey: Type.Optional(Type.String())
  },
  { $id: 'InfrastructureRequest', additionalProperties: false }
);
export type InfrastructureRequest = Static<typeof InfrastructureRequest>;

/** `GET /v1/im/egi/sites?vo=`: sites of the EGI federation that a virtual organisation may use, with their images. */
export const EgiSite = Type.Object(
  {
    name: Type.String(),
    images: Type.Array(Type.Object({ name: Type.String(), uri: Type.String({ description: 'egi://…' }) })),
    problem: Type.Optional(Type.String({ description: 'Why its images are not known.' }))
  },
  { $id: 'EgiSite' }
);
export type EgiSite = Static<typeof EgiSite>;

/** `POST /v1/infrastructures/sites` InfrastructureRequest: whether it fits, site by site; those that fit come first. */
export const SiteFit = Type.Object(
  {
    site: Type.String(),
    fits: Type.Boolean(),
    image: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ description: 'Why not.' }))
  },
  { $id: 'SiteFit' }
);
export type SiteFit = Static<typeof SiteFit>;

export const QuotaBar = Type.Object({
  resource: Type.String({ description: 'cores, ram (GiB), instances, floating_ips, volumes, volume_storage (GB), …' }),
  used: Type.Number(),
  needed: Type.Number(),
  limit: Type.Number({ description: '-1: no limit.' }),
  fits: Type.Boolean()
});

export const InfrastructurePlan = Type.Object(
  {
    name: Type.String(),
    vms: Type.Array(
      Type.Object({
        role: Type.String(),
        count: Type.Integer(),
        cpus: Type.Integer(),
        memory: Type.Integer({ description: 'Bytes.' }),
        disk: Type.Optional(Type.Integer({ description: 'Bytes.' })),
        publicIp: Type.Boolean()
      })
    ),
    storage: Type.Optional(Type.Integer({ description: 'Bytes of volumes.' })),
    quotas: Type.Optional(Type.Array(QuotaBar)),
    fits: Type.Optional(Type.Boolean()),
    costNote: Type.String({ description: 'One sentence. IM knows no prices.' }),
    warnings: Type.Array(Type.String({ description: 'DNS, expiring token, ignored inputs, …' })),
    problems: Type.Array(Type.String({ description: 'What has to be mended first.' })),
    template: Type.String({ description: 'What is sent, secrets masked.' })
  },
  { $id: 'InfrastructurePlan' }
);
export type InfrastructurePlan = Static<typeof InfrastructurePlan>;

export const ImVm = Type.Object(
  {
    id: Type.String(),
    role: Type.String({ description: 'Name of its system: front, wn.' }),
    frontEnd: Type.Boolean(),
    state: VmState,
    cpus: Type.Optional(Type.Integer()),
    memory: Type.Optional(Type.Integer({ description: 'Bytes.' })),
    addresses: Type.Array(Type.String())
  },
  { $id: 'ImVm' }
);
export type ImVm = Static<typeof ImVm>;

/** One step of the way from nothing to an inference. */
export const InfrastructureStep = Type.Object(
  {
    name: Type.Union([
      Type.Literal('create'),
      Type.Literal('boot'),
      Type.Literal('configure'),
      Type.Literal('health'),
      Type.Literal('register'),
      Type.Literal('deploy')
    ]),
    title: Type.String(),
    state: Type.Union([
      Type.Literal('waiting'),
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('skipped')
    ]),
    detail: Type.Optional(Type.String()),
    progress: Type.Optional(Type.Number({ description: '0 to 1.' }))
  },
  { $id: 'InfrastructureStep' }
);
export type InfrastructureStep = Static<typeof InfrastructureStep>;

export const Infrastructure = Type.Object(
  {
    id: Type.String({ description: "IM's uuid, or `new-…` before IM gave one." }),
    name: Type.String(),
    state: VmState,
    stateDetail: Type.Optional(Type.String({ description: 'What the state means here, and what to do.' })),
    cloud: Type.Optional(Type.String()),
    credential: Type.Optional(Type.String()),
    oscar: Type.Boolean(),
    cluster: Type.Optional(Type.String({ description: 'Id it is registered as.' })),
    vms: Type.Array(ImVm),
    owners: Type.Array(Type.String()),
    createdAt: Type.Optional(Type.String()),
    updatedAt: Type.Optional(Type.String({ description: 'When IM was last asked with success.' })),
    quietMinutes: Type.Optional(Type.Integer({ description: 'No news in its log for so long.' })),
    revision: Type.Integer(),
    steps: Type.Array(InfrastructureStep),
    outputs: Type.Array(
      Type.Object({
        name: Type.String(),
        value: Type.String({ description: 'Secrets masked.' }),
        kind: Type.Union([Type.Literal('url'), Type.Literal('text'), Type.Literal('secret')])
      }),
      { description: 'Empty until it is configured.' }
    ),
    operation: Type.Optional(Type.String({ description: 'What is being done now: scaling, stopping, …' })),
    foreign: Type.Boolean({ description: 'True: found on the server, created elsewhere.' }),
    problem: Type.Optional(Problem)
  },
  { $id: 'Infrastructure' }
);
export type Infrastructure = Static<typeof Infrastructure>;

/** `POST /v1/infrastructures/:id/scale`. */
export const ScaleRequest = Type.Object(
  {
    role: Type.Optional(Type.String({ description: 'Default: wn.' })),
    count: Type.Integer({ minimum: 0 }),
    remove: Type.Optional(Type.Array(Type.String({ description: 'Ids of the VMs that go; default: the newest.' })))
  },
  { $id: 'ScaleRequest', additionalProperties: false }
);
export type ScaleRequest = Static<typeof ScaleRequest>;

/** How many workers there are and would be needed. An estimate. */
export const Elasticity = Type.Object(
  {
    workers: Type.Integer({ description: 'As IM sees them.' }),
    nodes: Type.Optional(Type.Integer({ description: 'As the cluster sees them.' })),
    freeCores: Type.Optional(Type.Number()),
    pendingJobs: Type.Optional(Type.Integer()),
    needed: Type.Optional(Type.Integer({ description: 'Workers more that the pending jobs would fill; an estimate.' })),
    note: Type.String()
  },
  { $id: 'Elasticity' }
);
export type Elasticity = Static<typeof Elasticity>;

/** Who the token at hand says the user is. The token itself never comes out. `GET /v1/tokens`. */
export const TokenInfo = Type.Object(
  {
    source: Type.String({ description: 'file, environment, oidc-agent, given; `none`: there is none.' }),
    subject: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    issuer: Type.Optional(Type.String()),
    vos: Type.Array(Type.String()),
    expiresAt: Type.Optional(Type.String()),
    state: Type.Union([Type.Literal('valid'), Type.Literal('expiring'), Type.Literal('expired'), Type.Literal('none')]),
    refreshable: Type.Boolean()
  },
  { $id: 'TokenInfo' }
);
export type TokenInfo = Static<typeof TokenInfo>;

/** Files that help to make a cluster where IM cannot. `POST /v1/infrastructures/existing`. */
export const ExistingClusterRequest = Type.Object(
  {
    way: Type.Union([Type.Literal('k3s'), Type.Literal('helm'), Type.Literal('kind')]),
    hosts: Type.Optional(Type.Array(Type.Object({ address: Type.String(), user: Type.Optional(Type.String()) }))),
    domain: Type.Optional(Type.String()),
    architecture: Type.Optional(Type.Union([Type.Literal('amd64'), Type.Literal('arm64')]))
  },
  { $id: 'ExistingClusterRequest', additionalProperties: false }
);
export type ExistingClusterRequest = Static<typeof ExistingClusterRequest>;

export const ExistingClusterFiles = Type.Object(
  { files: Type.Array(Type.Object({ name: Type.String(), text: Type.String() })), steps: Type.Array(Type.String()) },
  { $id: 'ExistingClusterFiles' }
);
export type ExistingClusterFiles = Static<typeof ExistingClusterFiles>;
