import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImTemplate, Infrastructure, InfrastructurePlan, Problem, TokenInfo } from '../../src/contract';
import { cleanUp, openEvents, start, temporaryFolder, type IBridge } from '../server/harness';
import { onRealIm, useIm } from './real-im';
import { FDL, finished, TEMPLATES } from './room';

jest.setTimeout(180_000);
afterEach(cleanUp);

interface IClusterList {
  items: { id: string; endpoint: string }[];
}

const PAGE = { 'x-oscar-client': 'page' };

function handshake(folder: string): Record<string, unknown> {
  const examples = join(folder, 'examples');
  mkdirSync(join(examples, 'services', 'hello'), { recursive: true });
  cpSync(TEMPLATES, join(examples, 'tosca'), { recursive: true });
  writeFileSync(join(examples, 'services', 'hello', 'fdl.yaml'), FDL);
  writeFileSync(join(examples, 'services', 'hello', 'script.sh'), '#!/bin/sh\necho hello > "$TMP_OUTPUT_DIR/h.txt"\n');
  writeFileSync(
    join(examples, 'examples.json'),
    JSON.stringify([{ name: 'hello', title: 'Hello', description: 'Says hello', services: ['hello'] }])
  );
  return {
    examples,
    contentsRoot: folder,
    localCluster: { enabled: true, runtime: 'process', cpus: 2, memory: 2 * 1024 ** 3 }
  };
}

async function ready(bridge: IBridge, id: string): Promise<Infrastructure> {
  let found = (await bridge.call(`/v1/infrastructures/${id}`)).json<Infrastructure>();
  for (const end = Date.now() + 90_000; !finished(found);) {
    if (Date.now() > end || found.steps.some(step => step.state === 'failed')) {
      throw new Error(`did not come: ${JSON.stringify(found)}`);
    }
    found = (await bridge.call(`/v1/infrastructures/${id}?since=${found.revision}&wait=5`)).json<Infrastructure>();
  }
  return found;
}

describe('without a server', () => {
  it('tells what is missing, and forms of our templates need no network', async () => {
    const folder = temporaryFolder();
    const bridge = await start({ folder, handshake: { ...handshake(folder), localCluster: { enabled: false } } });
    expect((await bridge.call('/v1/im')).json()).toMatchObject({ state: 'unset', authentication: 'none' });
    expect((await bridge.call('/v1/infrastructures')).json()).toEqual({ items: [] });
    const form = (await bridge.call('/v1/im/templates/form', { json: { template: 'oscar' } })).json<ImTemplate>();
    expect(form).toMatchObject({ id: 'oscar', oscar: true, source: 'package', kind: 'tosca' });
    expect(form.tabs?.map(tab => tab.title)).toEqual(['Machines', 'Access', 'Users']);
    writeFileSync(join(folder, 'mine.radl'), 'system front ()\ndeploy front 1\n');
    const radl = await bridge.call('/v1/im/templates/form', {
      json: { file: { contents: 'mine.radl' } },
      headers: PAGE
    });
    expect(radl.json()).toMatchObject({ kind: 'radl', source: 'file', tabs: [] });
    expect((await bridge.call('/v1/im/templates/form', { json: {} })).status).toBe(400);
    const refused = await bridge.call('/v1/im', { method: 'PUT', json: { templates: '/etc' }, headers: PAGE });
    expect(refused.json<Problem>().detail).toMatch(/not folders of the machine/);
    const providers = (await bridge.call('/v1/im/providers')).json<{ items: { type: string }[] }>();
    expect(providers.items.map(item => item.type)).toEqual(
      expect.arrayContaining(['EGI', 'OpenStack', 'EC2', 'GCE', 'Azure', 'Kubernetes', 'OpenNebula', 'OSCAR', 'Dummy'])
    );
    const set = await bridge.call('/v1/im/credentials/my-cloud', {
      method: 'PUT',
      json: {
        type: 'OpenStack',
        values: { host: 'https://c:5000', username: 'u', password: 'never-shown-7', tenant: 't' }
      }
    });
    expect(set.json()).toEqual({
      id: 'my-cloud',
      type: 'OpenStack',
      shown: { host: 'https://c:5000', username: 'u', tenant: 't' },
      configured: true
    });
    expect((await bridge.call('/v1/im/credentials')).text).not.toContain('never-shown-7');
    const wrong = await bridge.call('/v1/im/credentials/1bad', { method: 'PUT', json: { type: 'Dummy', values: {} } });
    expect(wrong.status).toBe(400);
    expect((await bridge.call('/v1/im/credentials/my-cloud', { method: 'DELETE' })).status).toBe(204);
    expect((await bridge.call('/v1/tokens')).json<TokenInfo>()).toMatchObject({ source: 'none', state: 'none' });
    const plan = await bridge.call('/v1/infrastructures/plan', {
      json: { source: { template: 'oscar' }, credential: 'x' }
    });
    expect(plan.status).toBe(404);
    expect(bridge.log()).not.toContain('never-shown-7');
    const helm = await bridge.call('/v1/infrastructures/existing', {
      json: { way: 'helm', domain: 'oscar.example.org' }
    });
    expect(helm.text).toContain('helm install');
    const k3s = await bridge.call('/v1/infrastructures/existing', {
      json: {
        way: 'k3s',
        architecture: 'arm64',
        hosts: [{ address: '192.168.1.5' }, { address: 'pi2.local', user: 'me' }]
      }
    });
    const files = k3s.json<{ files: { name: string; text: string }[] }>().files;
    expect(files.find(file => file.name === 'hosts')?.text).toBe('[front]\nfront\n\n[wn]\nwn1\n');
    expect(files.find(file => file.name === 'vars.yaml')?.text).toContain("lookup('env', 'OSCAR_PASSWORD')");
    const bad = await bridge.call('/v1/infrastructures/existing', {
      json: { way: 'k3s', hosts: [{ address: 'a; rm -rf /' }] }
    });
    expect(bad.status).toBe(400);
    await bridge.stop();
  });
});

onRealIm('a bridge with the real Infrastructure Manager', () => {
  const manager = useIm();

  it('goes from nothing to a service, with the embedded cluster as the new one, over a kill of the bridge', async () => {
    const folder = temporaryFolder();
    const settings = handshake(folder);
    let bridge = await start({ folder, handshake: settings });
    const server = await bridge.call('/v1/im', {
      method: 'PUT',
      json: { url: manager.im.url, user: 'ada', password: 'secret-of-ada-1', templates: TEMPLATES }
    });
    expect(server.json()).toMatchObject({ state: 'ok', version: '2.0.0', authentication: 'password' });
    await bridge.call('/v1/im/credentials/rehearsal', { method: 'PUT', json: { type: 'Dummy', values: {} } });
    const tested = await bridge.call('/v1/im/credentials/rehearsal/test', { method: 'POST' });
    expect(tested.json()).toEqual({ works: true, checked: 'Asked Dummy for the quotas.' });
    const images = (await bridge.call('/v1/im/credentials/rehearsal/images')).json<{ items: { uri: string }[] }>();
    expect(images.items[0].uri).toBe('mock0://linux.for.ev.er/image1');
    const { items } = (await bridge.call('/v1/im/templates')).json<{ items: ImTemplate[] }>();
    expect(items.map(item => `${item.source} ${item.id}`)).toEqual([
      'package oscar',
      'package rehearsal',
      'catalogue oscar.yaml',
      'catalogue rehearsal.yaml'
    ]);
    for (;;) {
      const status = await bridge.call('/v1/clusters/local/services');
      if (status.status === 200) {
        break;
      }
    }
    const endpoint = (await bridge.call('/v1/clusters')).json<IClusterList>().items[0].endpoint;
    const body = {
      name: 'rehearsed',
      source: { template: 'rehearsal' },
      credential: 'rehearsal',
      endpoint,
      deploy: ['hello'],
      inputs: { wn_num: 2, wn_cpus: 2 }
    };
    const plan = (await bridge.call('/v1/infrastructures/plan', { json: body })).json<InfrastructurePlan>();
    // Dummy says that it has 10 GiB; that is advice, and nothing is refused for it.
    expect(plan).toMatchObject({ problems: [], fits: false, name: 'rehearsed' });
    expect(plan.warnings.join()).toContain('ram: 12 needed, 9 free');
    const unknown = await bridge.call('/v1/infrastructures', { json: { ...body, deploy: ['nope'] } });
    expect(unknown.json<Problem>().detail).toMatch(/no example "nope"/);
    const events = await openEvents(bridge.socket);
    const made = await bridge.call('/v1/infrastructures', { json: body });
    expect(made.status).toBe(201);
    const { id } = made.json<Infrastructure>();
    await bridge.kill('SIGKILL');
    events.close();

    bridge = await start({ folder, handshake: settings });
    // The embedded cluster listens elsewhere after each start, and this is where it was asked for.
    const again = await openEvents(bridge.socket);
    let now = (await bridge.call(`/v1/infrastructures/${id}`)).json<Infrastructure>();
    expect(now.id).toBe(id);
    if (!finished(now)) {
      now = await ready(bridge, id);
    }
    expect(now).toMatchObject({ state: 'configured', cluster: 'local', oscar: true });
    const services = (await bridge.call('/v1/clusters/local/services')).json<{ items: { name: string }[] }>();
    expect(services.items.map(item => item.name)).toEqual(['hello']);

    expect((await bridge.call(`/v1/infrastructures/${id}/template`)).text).not.toMatch(/default: [A-Za-z0-9]{24}/);
    expect((await bridge.call(`/v1/infrastructures/${id}/log`)).text).toContain('Contextualization disabled');
    const secret = await bridge.call(`/v1/infrastructures/${id}/secrets`, { method: 'POST' });
    expect(secret.headers['cache-control']).toBe('no-store');
    const { password } = secret.json<{ password: string }>();
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    const login = await bridge.call(`/v1/infrastructures/${id}/vms/0/ssh-key`, { method: 'POST' });
    expect(login.json()).toMatchObject({ user: 'username', host: '10.0.0.1' });
    const scaled = await bridge.call(`/v1/infrastructures/${id}/scale`, { json: { count: 1 } });
    expect(scaled.json<Infrastructure>().operation).toBe('removing 1 machine of wn');
    await again.next(
      event => event.type === 'infrastructure' && (event.data['infrastructure'] as Infrastructure).vms.length === 2
    );
    await ready(bridge, id);
    const unconfirmed = await bridge.call(`/v1/infrastructures/${id}`, { method: 'DELETE' });
    expect(unconfirmed.status).toBe(400);
    const gone = await bridge.call(`/v1/infrastructures/${id}?confirm=rehearsed`, { method: 'DELETE' });
    expect(gone.status).toBe(202);
    await again.next(
      event => event.type === 'infrastructure' && event.data['id'] === id && event.data['infrastructure'] === null
    );
    // What was there before stays in the list of clusters.
    expect((await bridge.call('/v1/clusters')).json<IClusterList>().items.map(item => item.id)).toEqual(['local']);
    const shown = bridge.log() + JSON.stringify(again.events);
    expect(shown).not.toContain(password);
    expect(shown).not.toContain('secret-of-ada-1');
    again.close();
    await bridge.stop();
  });
});
