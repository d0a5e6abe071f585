import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ICluster, IOscarClient } from '../../src/clusters/interfaces';
import { filesOfService, readiness, type IReadinessOptions } from '../../src/clusters/readiness';
import { parseFdl, withEpilogue, type IOscarService } from '../../src/fdl';
import { BridgeError } from '../../src/http';

const GOLDEN = join(__dirname, '..', 'fixtures', 'oscar-golden');

/** A recorded answer of a real manager. */
function recorded(file: string, id: string): Record<string, unknown> {
  const list = JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')) as { id: string; response?: { body: string } }[];
  return JSON.parse(list.find(item => item.id === id)?.response?.body ?? 'null') as Record<string, unknown>;
}

const SERVICE = {
  name: 'grey',
  image: 'ghcr.io/me/grey:1',
  cpu: '0.5',
  memory: '512Mi',
  log_level: 'CRITICAL',
  script: withEpilogue('#!/bin/sh\necho hello\n'),
  input: [{ storage_provider: 'minio.default', path: 'grey/in' }],
  output: [{ storage_provider: 'minio', path: 'grey/out', suffix: ['.png'] }],
  annotations: { 'jupyterlab-oscar/runtime': 'process' },
  labels: { oscar_service: 'grey', team: 'bio', 'oscar.grycap/user-service': 'true' },
  environment: { variables: { A: 'b', OSCAR_LINKS: '[]' }, secrets: {} },
  synchronous: { min_scale: 0, max_scale: 3 },
  expose: { min_scale: 0, max_scale: 0 },
  enable_gpu: false,
  owner: 'cluster_admin'
} as unknown as IOscarService;

interface ITarget {
  there?: Partial<IOscarService> | BridgeError;
  info?: Record<string, unknown>;
  config?: Record<string, unknown>;
  status?: Record<string, unknown> | BridgeError;
  quota?: Record<string, unknown>;
  features?: string[];
}

function cluster(id: string, target: ITarget): ICluster {
  const give = <T>(value: T | BridgeError): T => {
    if (value instanceof BridgeError) {
      throw value;
    }
    return value;
  };
  const client = {
    features: new Set(target.features ?? []),
    info: async () => ({ version: 'v4.1.2', architecture: 'amd64', ...target.info }),
    config: async () => ({ config: {}, minio_provider: {}, allowed_image_repositories: [], ...target.config }),
    status: async () => give(target.status ?? recorded('r2-status.json', 'status')),
    quota: async () => target.quota,
    service: async () => give(target.there)
  } as unknown as IOscarClient;
  return { id, client } as ICluster;
}

const refused = (type: string): BridgeError => new BridgeError({ type, title: 'No', status: 403, detail: 'No.' });

async function report(
  service: Partial<IOscarService>,
  target: ITarget = {},
  options: IReadinessOptions = {}
): Promise<{ ready: boolean; of: (topic: string) => string }> {
  const source = cluster('here', { there: { ...SERVICE, ...service }, features: ['requirements'] });
  const { ready, items } = await readiness(source, cluster('far', target), 'grey', options);
  return {
    ready,
    of: topic =>
      items
        .filter(item => item.topic === topic)
        .map(item => `${item.state}: ${item.message}`)
        .join('\n')
  };
}

test('a service that fits is ready, and what cannot be known is unknown', async () => {
  const found = await report({});
  expect(found.ready).toBe(true);
  expect(found.of('image')).toMatch(/^unknown/);
  expect(found.of('capacity')).toMatch(/^ok: A job fits: it asks for 0.5 cores and 0.5 GiB/);
  expect(found.of('name')).toMatch(/^ok/);
});

test('a cluster with processes needs no image', async () => {
  const found = await report({ image: 'localhost/x:1' }, { features: ['requirements'] });
  expect(found.of('image')).toMatch(/^ok: far runs it as a process/);
});

test.each<[string, Partial<IOscarService>, ITarget, IReadinessOptions, string, RegExp]>([
  ['an image of this machine', { image: 'localhost/x:1' }, {}, {}, 'image', /^error.*--image/],
  [
    'an image that replaces it',
    { image: 'localhost/x:1' },
    {},
    { image: 'ghcr.io/x:1' },
    'image',
    /^unknown.*ghcr.io\/x:1/
  ],
  [
    'an image that is not allowed',
    {},
    { config: { allowed_image_repositories: ['docker.io/grycap'] } },
    {},
    'image',
    /^error.*docker.io\/grycap only/
  ],
  ['an allowed one', {}, { config: { allowed_image_repositories: ['ghcr.io/me'] } }, {}, 'image', /^unknown/],
  [
    'an image that was never pushed',
    { image: 'mine:1' },
    {},
    { localImage: async () => ({ digests: [] }) },
    'image',
    /^warning.*never pushed/
  ],
  [
    'an image of another architecture',
    {},
    { info: { architecture: 'arm64' } },
    { localImage: async () => ({ digests: ['x@sha256:1'], architecture: 'amd64' }) },
    'architecture',
    /^error.*--platform linux\/arm64/
  ],
  ['an untold architecture', {}, { info: { architecture: '' } }, {}, 'architecture', /^unknown/],
  ['an image for all', { image: 'python:3.12-slim' }, {}, {}, 'architecture', /^ok/],
  [
    'packages that the plain image has not',
    { image: 'python:3.12-slim', annotations: { 'jupyterlab-oscar/requirements': 'numpy>=2\nsix\n' } },
    {},
    {},
    'requirements',
    /^error.*numpy, six.*Dockerfile/
  ],
  [
    'packages that an image may have',
    { annotations: { 'jupyterlab-oscar/requirements': 'numpy\n' } },
    {},
    {},
    'requirements',
    /^unknown.*have to be in ghcr.io\/me\/grey:1/
  ],
  ['too many cores', { cpu: '5' }, {}, {}, 'capacity', /^error: A job asks for 5 cores.*4 cores. Lower cpu/],
  ['cores that are not free', { cpu: '3.9' }, {}, {}, 'capacity', /^warning.*3.7 cores are free/],
  ['too much memory', { memory: '9Gi' }, {}, {}, 'capacity', /^error.*9 GiB.*8 GiB/],
  ['no status', {}, { status: refused('forbidden') }, {}, 'capacity', /^unknown/],
  ['an old status', {}, { status: { numberNodes: 1 } }, {}, 'capacity', /^unknown/],
  ['no GPU', { enable_gpu: true }, {}, {}, 'capacity', /error: It asks for a GPU/],
  ['a GPU', { enable_gpu: true }, { config: { config: { gpu_available: true } } }, {}, 'capacity', /ok: far has a GPU/],
  [
    'a small quota',
    { cpu: '3' },
    { quota: recorded('r2-quotas.json', 'kueue/quota-own') },
    {},
    'quota',
    /^error.*2 cores/
  ],
  [
    'a quota in use',
    {},
    { quota: { resources: { cpu: { max: 1000, used: 800 } } } },
    {},
    'quota',
    /^warning: 0.8 cores of your 1 core/
  ],
  [
    'as many buckets as allowed',
    {},
    { quota: { minio: { buckets: { max: 5, used: 5 } } } },
    {},
    'quota',
    /^error.*5 buckets/
  ],
  [
    'no limit',
    {},
    { quota: { resources: { cpu: { max: -1, used: 0 } }, minio: { buckets: { max: 0, used: 9 } } } },
    {},
    'quota',
    /^$/
  ],
  [
    'secrets',
    { environment: { variables: {}, secrets: { TOKEN: '' } } },
    {},
    {},
    'secrets',
    /^error: It has the secrets TOKEN/
  ],
  ['a name of another', {}, { there: refused('forbidden') }, {}, 'name', /^error: Somebody else/],
  [
    'a name with another script',
    {},
    { there: { ...SERVICE, script: 'other', owner: 'ada' } },
    {},
    'name',
    /^warning.*of ada/
  ],
  ['the same script', {}, { there: { ...SERVICE, script: '#!/bin/sh\necho hello\n' } }, {}, 'name', /^ok.*same script/],
  [
    'another provider',
    { output: [{ storage_provider: 's3.mine', path: 'x/y' }] },
    {},
    {},
    'storage',
    /^error.*s3.mine.*storage_providers/
  ],
  [
    'files of this machine',
    { script: withEpilogue('#!/bin/sh\n# /home/me/no\ncat "/home/me/data/x.csv" /usr/bin/env /nowhere/else\n') },
    {},
    { exists: async path => path.startsWith('/home') || path.startsWith('/usr') },
    'paths',
    /^error: The script uses \/home\/me\/data\/x.csv \(line 3/
  ],
  [
    'temporary files',
    { script: 'cat /tmp/x/y\n' },
    {},
    { exists: async () => true },
    'paths',
    /^warning: The script uses \/tmp\/x\/y/
  ]
])('%s', async (_, service, target, options, topic, expected) => {
  const found = await report(service, target, options);
  expect(found.of(topic)).toMatch(expected);
  expect(found.ready).toBe(!/error: /.test(found.of(topic)));
});

test('a service that is not there is not found', async () => {
  await expect(readiness(cluster('here', {}), cluster('far', {}), 'grey')).rejects.toMatchObject({
    problem: { status: 404 }
  });
});

test('faults are not passed over', async () => {
  const down = refused('unreachable');
  await expect(report({}, { status: down })).rejects.toBe(down);
  await expect(report({}, { there: down })).rejects.toBe(down);
});

test('its files make it again: nothing secret, nothing that the cluster added', async () => {
  const there = {
    ...SERVICE,
    token: 'f'.repeat(64),
    environment: { variables: { A: 'b', OSCAR_LINKS: '[]' }, secrets: { KEY: '' } },
    annotations: { ...SERVICE.annotations, 'jupyterlab-oscar/requirements': 'six\n' }
  };
  const files = await filesOfService(cluster('here', { there }), 'grey', { image: 'x/y:2' });
  const [{ service }] = parseFdl(files.fdl).document.oscar;
  expect(service).toMatchObject({
    image: 'x/y:2',
    labels: { team: 'bio' },
    environment: { variables: { A: 'b' } },
    annotations: { 'jupyterlab-oscar/runtime': 'process' },
    synchronous: { min_scale: 0, max_scale: 3 },
    output: [{ storage_provider: 'minio', path: 'grey/out', suffix: ['.png'] }]
  });
  expect(JSON.stringify(service)).not.toMatch(/OSCAR_LINKS|KEY|ffff|oscar_service/);
  expect(service['expose']).toBeUndefined();
  expect(files).toMatchObject({ script: '#!/bin/sh\necho hello\n', requirements: 'six\n', rawScript: false });
});
