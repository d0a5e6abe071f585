import type { CloudProvider, FormField } from '../contract';

type Extra = Partial<Omit<FormField, 'name' | 'title'>>;

function field(name: string, title: string, extra: Extra = {}): FormField {
  return { name, title, type: 'text', required: true, ...extra };
}

const optional = (name: string, title: string, extra: Extra = {}): FormField =>
  field(name, title, { required: false, ...extra });
const secret = (name: string, title: string, extra: Extra = {}): FormField =>
  field(name, title, { type: 'password', ...extra });
const address = (example: string): Extra => ({ description: `For instance ${example}` });
const TOKEN = 'The token at hand is used when this is empty.';

/** A cloud, and what its images are called. */
export interface IProvider extends CloudProvider {
  /** Begins the address of an image; undefined: the template names it. */
  image?: string;
  /** Taken when no image is chosen. */
  defaultImage?: string;
  /** True: `token` may be left empty, the user's own token is used. */
  ownToken?: boolean;
}

/**
 * The clouds and the fields of their credentials.
 *
 * Source: the documentation of IM's Authorization header.
 */
export const PROVIDERS: IProvider[] = [
  {
    type: 'EGI',
    title: 'EGI Federated Cloud',
    image: 'egi://',
    ownToken: true,
    fields: [
      optional('host', 'Site', { description: 'For instance CESNET-MCC; empty: chosen for each infrastructure.' }),
      field('vo', 'Virtual organisation', address('vo.access.egi.eu')),
      secret('token', 'Access token', { required: false, description: TOKEN })
    ]
  },
  {
    type: 'OpenStack',
    title: 'OpenStack',
    image: 'ost://',
    fields: [
      field('host', 'Address of Keystone', address('https://cloud.example:5000')),
      field('username', 'User, or id of an application credential'),
      secret('password', 'Password, secret or token'),
      field('tenant', 'Project', { description: 'With a token: openid.' }),
      optional('auth_version', 'Way to sign in', {
        type: 'select',
        options: ['3.x_password', '3.x_appcred', '3.x_oidc_access_token', '2.0_password'],
        default: '3.x_password'
      }),
      optional('domain', 'Domain, or id of the project'),
      optional('service_region', 'Region'),
      optional('tenant_id', 'Id of the project'),
      optional('tenant_domain_id', "Id of the project's domain"),
      optional('api_version', 'Version of the API'),
      optional('vo', 'Virtual organisation')
    ]
  },
  {
    type: 'EC2',
    title: 'Amazon EC2',
    image: 'aws://',
    fields: [
      field('username', 'Access key'),
      secret('password', 'Secret key'),
      secret('token', 'Session token', { required: false })
    ]
  },
  {
    type: 'GCE',
    title: 'Google Cloud',
    image: 'gce://',
    fields: [
      field('username', 'E-mail of the service account'),
      secret('password', 'Private key', { description: 'PEM or JSON; may have many lines.' }),
      field('project', 'Project')
    ]
  },
  {
    type: 'Azure',
    title: 'Microsoft Azure',
    image: 'azr://',
    fields: [
      field('subscription_id', 'Subscription'),
      optional('client_id', 'Id of the application'),
      secret('secret', 'Secret of the application', { required: false }),
      optional('tenant', 'Directory'),
      optional('username', 'User'),
      secret('password', 'Password', { required: false })
    ]
  },
  {
    type: 'Kubernetes',
    title: 'Kubernetes',
    image: 'docker://',
    ownToken: true,
    fields: [
      field('host', 'Address of the API', address('https://kubernetes.example:6443')),
      secret('token', 'Token', { required: false, description: TOKEN }),
      optional('namespace', 'Namespace'),
      optional('apps_dns', 'Domain of its applications')
    ]
  },
  {
    type: 'OSCAR',
    title: 'OSCAR cluster',
    image: 'docker://',
    ownToken: true,
    fields: [
      field('host', 'Address of the cluster', address('https://oscar.example')),
      optional('username', 'User'),
      secret('password', 'Password', { required: false }),
      secret('token', 'Token', { required: false, description: `${TOKEN} Not with a user.` })
    ]
  },
  {
    type: 'Lambda',
    title: 'AWS Lambda',
    image: 'docker://',
    fields: [
      field('username', 'Access key'),
      secret('password', 'Secret key'),
      field('region', 'Region'),
      field('role', 'Role')
    ]
  },
  ...(
    [
      ['OpenNebula', 'OpenNebula', 'one://', address('https://cloud.example:2633')],
      ['CloudStack', 'CloudStack', 'cst://', address('https://cloud.example:8080')],
      ['vSphere', 'VMware vSphere', 'vsp://', address('https://vcenter.example')],
      ['Orange', 'Orange Flexible Engine', 'ora://', undefined],
      ['Linode', 'Linode', 'lin://', undefined]
    ] as const
  ).map(([type, title, image, host]): IProvider => ({
    type,
    title,
    image,
    fields: [
      ...(host ? [field('host', 'Address', host)] : []),
      field('username', type === 'Linode' ? 'Access token' : 'User', type === 'Linode' ? { type: 'password' } : {}),
      ...(type === 'Linode' ? [] : [secret('password', 'Password')]),
      ...(type === 'Orange' ? [field('tenant', 'Project'), field('domain', 'Domain'), field('region', 'Region')] : [])
    ]
  })),
  {
    type: 'Dummy',
    title: 'Rehearsal (makes no machines)',
    image: 'mock0://',
    defaultImage: 'mock0://linux.for.ev.er/image1',
    fields: []
  }
];

export function providerOf(type: string): IProvider | undefined {
  return PROVIDERS.find(provider => provider.type === type);
}
