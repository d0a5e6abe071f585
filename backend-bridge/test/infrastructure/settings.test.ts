import { createServer, type Server } from 'node:http';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BridgeError } from '../../src/http';
import { listAddress } from '../../src/infrastructure/templates/catalogue';
import { PROVIDERS } from '../../src/infrastructure/providers';
import { startIssuer, type IIssuer } from './real-im';
import { openRoom, request, TEMPLATES, type IRoom } from './room';

const PNG =
  'tosca_definitions_version: tosca_simple_yaml_1_0\nmetadata: {display_name: A VM}\ntopology_template: {node_templates: {a: {type: tosca.nodes.indigo.Compute}}}\n';
const CHILD =
  'tosca_definitions_version: tosca_simple_yaml_1_0\nmetadata: {display_name: Add-on, parents: [vm.yaml]}\ntopology_template:\n  inputs: {more: {type: string, default: x}}\n  outputs: {o: {value: {get_input: more}}}\n';

let server: Server;
let base: string;
let room: IRoom;
let down = false;
const headers: unknown[] = [];
const asked: string[] = [];

/** A catalogue and an Infrastructure Manager in one; neither knows anything. */
beforeEach(async () => {
  down = false;
  headers.length = 0;
  asked.length = 0;
  server = createServer((incoming, response) => {
    const path = incoming.url ?? '';
    asked.push(path);
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    if (down) {
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<html>down');
      return;
    }
    if (path === '/version') {
      return json({ version: '2.0.0' });
    }
    if (path === '/list') {
      return json([
        { name: 'vm.yaml', type: 'file', download_url: '/raw/vm.yaml' },
        { name: 'child.yml', type: 'file', download_url: `${base}/raw/child.yml` },
        { name: 'README.md', type: 'file', download_url: '/raw/README.md' },
        { name: 'types.yaml', type: 'file', download_url: '/raw/types.yaml' }
      ]);
    }
    if (path.startsWith('/raw/')) {
      const text = path.endsWith('vm.yaml')
        ? PNG.replace('metadata: {', 'metadata: {childs: [child.yml], ')
        : path.endsWith('child.yml')
          ? CHILD
          : 'tosca_definitions_version: x\nnode_types: {}\n';
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(text);
      return;
    }
    headers.push(JSON.parse(incoming.headers.authorization ?? '[]'));
    json(
      path.endsWith('/quotas')
        ? { message: 'Not implemented', code: 400 }
        : path.includes('/images')
          ? { images: [] }
          : { 'uri-list': [] },
      path.endsWith('/quotas') ? 400 : 200
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  room = await openRoom({ im: base, user: 'u' });
});

afterEach(async () => {
  await room.close();
  server.closeAllConnections();
  server.close();
});

describe('credentials of clouds', () => {
  it('each cloud has what it needs, and its secrets are passwords', () => {
    for (const { type, fields } of PROVIDERS) {
      expect(new Set(fields.map(field => field.name)).size).toBe(fields.length);
      for (const { name, type: kind } of fields) {
        expect([type, name, kind === 'password']).toEqual([
          type,
          name,
          /^(password|token|secret)$/.test(name) || (type === 'Linode' && name === 'username')
        ]);
      }
    }
  });

  it('keeps them in one file that only the user reads, and sends one cloud at a time', async () => {
    room.room.setCredential('a', { type: 'EC2', values: { username: 'AK', password: 'secret=key;"with\nall' } });
    room.room.setCredential('b', {
      type: 'OpenNebula',
      values: { host: 'https://one', username: 'u', password: 'other-secret' }
    });
    const file = join(room.folder, 'bridge', 'im-credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await room.room.testCredential('a')).toEqual({ works: true, checked: 'Asked EC2 for the images.' });
    expect(headers.at(-1)).toEqual([
      { type: 'InfrastructureManager', username: 'u', password: 'password-of-u' },
      { id: 'a', type: 'EC2', username: 'AK', password: 'secret=key;"with\nall' }
    ]);
    expect(JSON.stringify(room.room.credentials())).not.toMatch(/secret/);
    room.room.removeCredential('b');
    expect(readFileSync(file, 'utf8')).not.toContain('other-secret');
    down = true;
    expect(await room.room.testCredential('a')).toMatchObject({
      works: false,
      reason: expect.stringMatching(/not an Infrastructure Manager/) as string
    });
  });

  it('does not send them to another server, which a change of the address alone would do', async () => {
    room.room.setCredential('a', { type: 'EC2', values: { username: 'AK', password: 'secret-of-ec2' } });
    await room.room.changeServer({ url: base.replace('127.0.0.1', 'localhost'), user: 'u', password: 'p-of-u-1' });
    const before = headers.length;
    expect(await room.room.testCredential('a')).toMatchObject({
      works: false,
      reason: expect.stringMatching(/given for 127\.0\.0\.1, and would now go to localhost/) as string
    });
    expect(headers).toHaveLength(before);
    room.room.setCredential('a', { type: 'EC2', values: { username: 'AK', password: 'secret-of-ec2' } });
    expect(await room.room.testCredential('a')).toMatchObject({ works: true });
    expect(room.room.credentials()).toContainEqual({
      id: 'a',
      type: 'EC2',
      shown: { username: 'AK' },
      configured: true
    });
  });

  it.each([
    ['Nowhere', {}, /no kind of cloud/],
    [
      'OpenStack',
      { host: 'https://c', username: 'u', tenant: 't' },
      /"Password, secret or token" \(password\) is missing/
    ],
    ['EC2', { username: 'a', password: 'b', region: 'x' }, /no field "region"/],
    ['EC2', { username: 'file(/etc/passwd)', password: 'b' }, /cannot be used/]
  ])('refuses %s %j', (type, values, words) => {
    expect(() => room.room.setCredential('x', { type, values: values as Record<string, string> })).toThrow(words);
  });

  it('uses the token of the user where a cloud takes it', async () => {
    const issuer: IIssuer = await startIssuer();
    try {
      const token = issuer.token('ada');
      await room.room.giveToken(token);
      room.room.setCredential('egi', { type: 'EGI', values: { host: 'SITE', vo: 'vo.x' } });
      const values = {
        host: 'https://s:5000',
        username: 'egi.eu',
        tenant: 'openid',
        auth_version: '3.x_oidc_access_token'
      };
      room.room.setCredential('site', { type: 'OpenStack', values });
      await room.room.images('egi');
      expect(headers.at(-1)).toEqual([expect.anything(), { id: 'egi', type: 'EGI', host: 'SITE', vo: 'vo.x', token }]);
      await room.room.images('site');
      expect(headers.at(-1)).toEqual([
        expect.anything(),
        { id: 'site', type: 'OpenStack', ...values, password: token }
      ]);
      await room.room.giveToken(issuer.token('ada', -1));
      await expect(room.room.images('egi')).rejects.toMatchObject({ problem: { title: 'The token has expired' } });
    } finally {
      await issuer.close();
    }
  });
});

describe('catalogue', () => {
  it('reads a list once, keeps it, and works without the network', async () => {
    await room.room.changeServer({ templates: `${base}/list` });
    const { items, problem } = await room.room.templates();
    expect(problem).toBeUndefined();
    // Add-ons are offered with what they belong to; files of types are no templates.
    expect(items.map(item => item.id)).toEqual(['oscar', 'rehearsal', 'vm.yaml']);
    expect(items[2]).toMatchObject({ title: 'A VM', addons: [{ id: 'child.yml', title: 'Child' }] });
    const form = await room.room.form({ template: 'vm' }, ['child.yml'], undefined);
    expect(form.tabs?.[0].fields.map(field => field.name)).toEqual(['more']);
    expect(asked.filter(path => path === '/list')).toHaveLength(1);
    down = true;
    await room.reopen();
    expect((await room.room.templates()).items).toHaveLength(3);
    // A copy that is old is used when there is no network, and that is said.
    const cache = join(room.folder, 'bridge', 'im-templates');
    const [folder] = readdirSync(cache);
    const file = join(cache, folder, 'catalogue.json');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), at: 0 }));
    const old = await room.room.templates();
    expect(old.items).toHaveLength(3);
    expect(old.problem).toMatchObject({ title: 'The templates may be old' });
    rmSync(cache, { recursive: true });
    await room.reopen();
    const without = await room.room.templates();
    expect(without.items.map(item => item.id)).toEqual(['oscar', 'rehearsal']);
    expect(without.problem?.detail).toMatch(/catalogue of templates/);
  });

  it('reads a folder', async () => {
    const folder = join(room.folder, 'mine');
    mkdirSync(folder);
    writeFileSync(join(folder, 'x.yaml'), PNG);
    writeFileSync(join(folder, 'broken.yaml'), 'a: [');
    await room.room.changeServer({ templates: folder });
    const { items } = await room.room.templates();
    expect(items.map(item => item.id)).toEqual(['oscar', 'rehearsal', 'broken.yaml', 'x.yaml']);
    expect(items[2].problems?.[0]).toMatch(/not valid YAML/);
    await room.room.changeServer({ templates: join(folder, 'nope') });
    expect((await room.room.templates()).problem?.title).toBe('No catalogue of templates');
    await room.room.changeServer({ templates: TEMPLATES });
    await expect(room.room.form({ template: 'nope' }, [], undefined)).rejects.toBeInstanceOf(BridgeError);
  });

  it.each([
    [
      'https://github.com/grycap/tosca/tree/main/templates',
      'https://api.github.com/repos/grycap/tosca/contents/templates?ref=main'
    ],
    ['https://github.com/a/b.git', 'https://api.github.com/repos/a/b/contents/'],
    ['https://example.org/list', 'https://example.org/list']
  ])('%s is listed at %s', (place, address) => {
    expect(listAddress(place)).toBe(address);
  });
});

describe('plan', () => {
  const real = (inputs: Record<string, unknown>): ReturnType<typeof request> =>
    request({ source: { template: 'oscar' }, credential: 'os', inputs: { cert_user_email: 'a@b.org', ...inputs } });
  beforeEach(() => {
    const values = { host: 'https://c:5000', username: 'u', password: 'a-password-9', tenant: 't' };
    room.room.setCredential('os', { type: 'OpenStack', values });
  });

  it('says what has to be mended first, and asks nobody until it is', async () => {
    const before = asked.length;
    const plan = await room.room.plan(real({ cert_user_email: '', wn_cpus: 3, minio_password: 'short' }), undefined);
    expect(plan.problems.join('\n')).toMatch(/cert_user_email\) has to be filled in/);
    expect(plan.problems.join('\n')).toMatch(/wn_cpus\) has to be one of 2, 4/);
    expect(plan.problems.join('\n')).toMatch(/minio_password\) needs 8 characters/);
    expect(plan.problems.join('\n')).toMatch(/Choose an image/);
    expect(asked).toHaveLength(before);
    await expect(room.room.create(real({}), undefined)).rejects.toMatchObject({
      problem: { title: 'This cannot be created yet' }
    });
  });

  it('warns of names that nobody makes', async () => {
    const image = 'ost://c/ubuntu';
    const usual = await room.room.plan({ ...real({}), image }, undefined);
    expect(usual.warnings.join()).toMatch(/only the IM dashboard has/);
    const own = await room.room.plan(
      { ...real({ domain_name: 'example.org', cluster_name: 'mine' }), image },
      undefined
    );
    expect(own.warnings.join()).toMatch(/DNS records for mine\.example\.org and \*\.mine\.example\.org/);
    const wrong = await room.room.plan({ ...real({}), image: 'aws://x/ami-1' }, undefined);
    expect(wrong.problems.join()).toMatch(/begin with ost:/);
  });
});
