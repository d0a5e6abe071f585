import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BridgeError } from '../../src/http';
import { imFailure, messageOf, withNetworkHint } from '../../src/infrastructure/failures';
import { ImClient } from '../../src/infrastructure/im-client';
import { barsOf } from '../../src/infrastructure/plan';
import { readProgress } from '../../src/infrastructure/progress';
import { planScale } from '../../src/infrastructure/scale';
import { stateOfAll, vmOf } from '../../src/infrastructure/states';
import { outputsOf, maskTemplate } from '../../src/infrastructure/masking';
import type { ImVm, VmState } from '../../src/contract';

/** Bodies as a 2.0.0 server sends them. */
const AUTH = {
  im: { type: 'InfrastructureManager', username: 'u', password: 'p' },
  cloud: { id: 'dummy', type: 'Dummy' }
};
const ID = '0e14be0c-e5df-11f1-a735-02fc00000001';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let handler: Handler;
let client: ImClient;
const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = [];

beforeEach(async () => {
  seen.length = 0;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => (body += String(chunk)));
    request.on('end', () => {
      if (request.url === '/version') {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"version":"2.0.0"}');
        return;
      }
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      handler(request, response, body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  client = new ImClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, timeout: 2000 });
});

afterEach(async () => {
  client.dispose();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

const answer =
  (status: number, text: string, type = 'application/json'): Handler =>
  (_request, response) =>
    response.writeHead(status, { 'Content-Type': type }).end(text);

describe('answers', () => {
  it('reads the nested state', async () => {
    handler = answer(200, '{"state":{"state":"running","vm_states":{"0":"running","1":"pending"}}}');
    expect(await client.state(AUTH, ID)).toEqual({ state: 'running', vms: { '0': 'running', '1': 'pending' } });
  });

  it('does not parse the empty answers of changes', async () => {
    handler = answer(200, '', 'text/plain');
    await client.control(AUTH, ID, 'stop');
    await client.controlVm(AUTH, ID, '1', 'reboot');
    await client.remove(AUTH, ID, true);
    expect(seen.map(item => `${item.method} ${item.url}`)).toEqual([
      `PUT /infrastructures/${ID}/stop`,
      `PUT /infrastructures/${ID}/vms/1/reboot`,
      `DELETE /infrastructures/${ID}?async=1&force=1`
    ]);
  });

  it('sends JSON wishes, one IM and one cloud, and TOSCA as YAML', async () => {
    handler = answer(200, `{"uri":"http://other/infrastructures/${ID}"}`);
    expect(await client.create(AUTH, { kind: 'tosca', text: 'a: b' })).toBe(ID);
    expect(seen[0]).toMatchObject({ url: '/infrastructures?async=1', body: 'a: b' });
    expect(seen[0].headers).toMatchObject({ accept: 'application/json', 'content-type': 'text/yaml' });
    expect(JSON.parse(String(seen[0].headers.authorization))).toEqual([AUTH.im, AUTH.cloud]);
  });

  it('lists without the line of a cloud', async () => {
    handler = answer(200, `{"uri-list":[{"uri":"http://h/infrastructures/${ID}"}]}`);
    expect(await client.list(AUTH)).toEqual([ID]);
    expect(JSON.parse(String(seen[0].headers.authorization))).toEqual([AUTH.im]);
  });

  it('reads estimate, quotas, and tells what fits', async () => {
    handler = answer(
      200,
      '{"dummy":{"cloudType":"Dummy","cloudEndpoint":"http://:80","compute":[{"cpuCores":4,"memoryInMegabytes":4295,"publicIP":1},{"cpuCores":2,"memoryInMegabytes":4295,"diskSizeInGigabytes":21}],"storage":[{"sizeInGigabytes":54},{"sizeInGigabytes":21}]}}'
    );
    const estimate = await client.estimate(AUTH, { kind: 'tosca', text: '' });
    handler = answer(
      200,
      '{"quotas":{"cores":{"used":5,"limit":10},"ram":{"used":1,"limit":-1},"instances":{"used":1,"limit":10},"floating_ips":{"used":1,"limit":1},"security_groups":{"used":1,"limit":10}}}'
    );
    const bars = barsOf((await client.quotas(AUTH)) ?? {}, estimate);
    expect(bars).toEqual([
      { resource: 'cores', used: 5, needed: 6, limit: 10, fits: false },
      { resource: 'ram', used: 1, needed: 8, limit: -1, fits: true },
      { resource: 'instances', used: 1, needed: 2, limit: 10, fits: true },
      { resource: 'floating_ips', used: 1, needed: 1, limit: 1, fits: false },
      { resource: 'security_groups', used: 1, needed: 2, limit: 10, fits: true }
    ]);
  });

  it('has no template for an infrastructure from RADL', async () => {
    for (const status of [400, 403]) {
      handler = answer(
        status,
        '{"message":"Error Getting Inf. prop: \'tosca\' infrastructure property is not valid in this infrastructure","code":403}'
      );
      expect(await client.tosca(AUTH, ID)).toBeUndefined();
    }
  });

  it.each(['../x', 'a/b', '..', 'a?b'])('never puts %j into a path', async id => {
    handler = answer(200, '{}');
    await expect(client.state(AUTH, id)).rejects.toMatchObject({ problem: { status: 404 } });
    expect(seen).toEqual([]);
  });
});

describe('answers that say no', () => {
  it.each([
    [
      401,
      '{"message":"Error Getting Inf. List: Invalid InfrastructureManager credentials. OIDC auth Token expired.","code":401}',
      'unauthorized',
      /expired/
    ],
    [
      400,
      '{"message":"Error Getting Inf. info: Invalid InfrastructureManager credentials. OIDC auth Token expired.","code":400}',
      'unauthorized',
      /expired/
    ],
    [400, '{"message":"Error trying to decode OIDC auth token: x","code":400}', 'unauthorized', /token/],
    [401, '{"message":"No authentication data provided","code":401}', 'unauthorized', /credentials/],
    [
      404,
      '{"message":"Error Getting Inf. prop: Invalid infrastructure ID or access not granted.","code":404}',
      'not-found',
      /not there/
    ],
    [
      403,
      '{"message":"Error Getting Inf. prop: Access to this infrastructure not granted.","code":403}',
      'forbidden',
      /somebody else/
    ],
    [409, '{"message":"Error Destroying Inf: resources are being added","code":409}', 'busy', /being added/],
    [400, '{"message":"Error Creating Inf.: No cloud provider available","code":400}', 'invalid', /no cloud/i],
    [
      422,
      '{"detail":[{"type":"bool_parsing","loc":["query","async"],"msg":"Input should be a valid boolean","input":"x"}]}',
      'invalid',
      /query\.async: Input should/
    ],
    [405, '{"detail":"Method Not Allowed"}', 'invalid', /Method Not Allowed/],
    [500, '{"message":"Incorrect value in auth item id: 1bad","code":500}', 'remote-error', /error of its own/]
  ])('%i %s', async (status, body, type, words) => {
    handler = answer(status, body);
    const error = await client.state(AUTH, ID).catch((caught: unknown) => caught as BridgeError);
    expect(error).toBeInstanceOf(BridgeError);
    expect((error as BridgeError).problem.type).toMatch(new RegExp(`:${type}$`));
    expect(JSON.stringify((error as BridgeError).problem)).toMatch(words);
  });

  it('leaves out the lines of the server’s stack', () => {
    expect(
      messageOf('{"message":"Error Creating Inf.: bad template\\n\\tFile \\"/usr/lib/x.py\\", line 3","code":400}')
    ).toBe('Error Creating Inf.: bad template');
  });

  it.each([
    ['a web page', answer(200, '<!DOCTYPE html><p>Welcome', 'text/html'), /not an Infrastructure Manager/],
    ['a web page as an error', answer(403, '<html>', 'text/html'), /not an Infrastructure Manager/],
    ['text', answer(200, 'hello', 'text/plain'), /not an Infrastructure Manager/],
    [
      'a redirect to elsewhere',
      ((_, response) => response.writeHead(302, { Location: 'http://127.0.0.2:1/x' }).end()) as Handler,
      /sends the call on/
    ],
    ['silence', (() => undefined) as Handler, /did not answer in time/]
  ])(
    '%s',
    async (_what, how, words) => {
      handler = how;
      await expect(client.list(AUTH)).rejects.toThrow(words);
    },
    30_000
  );

  it('says that a hub forbids private addresses', () => {
    const error = new BridgeError({ type: 'unreachable', title: 't', status: 502, detail: 'd' });
    const hinted = withNetworkHint(error, 'https://10.1.2.3:8800/im', { JUPYTERHUB_USER: 'ada' }) as BridgeError;
    expect(hinted.problem.action).toMatch(/network policy of this hub/);
    expect(withNetworkHint(error, 'https://im.egi.eu/im', { JUPYTERHUB_USER: 'ada' })).toBe(error);
  });

  it('never repeats what looks like a secret', () => {
    const { problem } = imFailure({
      who: 'it',
      what: 'x',
      status: 400,
      contentType: '',
      text: '{"message":"bad password: hunter2hunter2"}'
    });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });
});

describe('states', () => {
  const all = (...states: VmState[]): { state: VmState }[] => states.map(state => ({ state }));
  it.each([
    [all('stopped', 'configured'), 'stopped', 'configured'],
    [all('configured', 'stopped'), 'configured', 'configured'],
    [all('stopped', 'stopped'), 'stopped', 'stopped'],
    [all('configured', 'unconfigured'), 'unconfigured', 'unconfigured'],
    [all('running', 'pending'), 'pending', 'pending'],
    [all('configured', 'failed'), 'failed', 'failed'],
    [all('configured'), 'deleting', 'deleting'],
    [[], 'failed', 'failed'],
    [[], 'something new', 'unknown']
  ])('%j with %s is %s', (vms, told, expected) => {
    expect(stateOfAll(vms, told)).toBe(expected);
  });

  it('reads a machine', () => {
    expect(
      vmOf('1', 'configured', [
        { class: 'network', id: 'public' },
        {
          class: 'system',
          id: 'wn',
          'cpu.count_min': 2,
          'memory.size_min': 4294967296,
          'net_interface.0.ip': '10.0.0.1',
          'disk.0.os.credentials.password': 'x'
        }
      ])
    ).toEqual({
      id: '1',
      role: 'wn',
      frontEnd: false,
      state: 'configured',
      cpus: 2,
      memory: 4294967296,
      addresses: ['10.0.0.1']
    });
  });
});

describe('the log', () => {
  const line = (text: string): string => `2026-11-20 10:00:00.123456: ${text}\n`;
  it('tells how far it is', () => {
    const some = line('Select master VM') + line('Wait master VM to boot');
    const more =
      some +
      line('Ansible successfully configured in the master VM.') +
      line('Copying YAML, hosts and inventory files.');
    const tasks = `${more}VM 0:\nTASK [install kubernetes] ***\nok\nTASK [start] ***\n`;
    expect(readProgress(some)).toMatchObject({ detail: 'Wait master VM to boot', errors: [] });
    expect(readProgress(some).progress).toBeGreaterThan(0);
    expect(readProgress(more).progress).toBeGreaterThan(readProgress(some).progress);
    expect(readProgress(tasks).progress).toBeGreaterThan(readProgress(more).progress);
    expect(readProgress(tasks).detail).toBe('start');
    expect(readProgress('')).toEqual({ progress: 0, errors: [] });
  });

  it('finds what failed, and leaves out what was ignored', () => {
    const text = `${line('Contextualization Error: Error Waiting the Master VM to have the SSH active: Timeout waiting the VM to get a public IP.')}fatal: [a]: FAILED\n...ignoring\nfatal: [b]: UNREACHABLE\n${line('Error configuring master node: [Errno None] Unable to connect to port 22 on 10.0.0.1')}`;
    expect(readProgress(text).errors).toEqual([
      expect.stringContaining('Error Waiting the Master VM'),
      'fatal: [b]: UNREACHABLE',
      expect.stringContaining('Unable to connect to port 22')
    ]);
  });
});

describe('scaling', () => {
  const vm = (id: string, role = 'wn'): ImVm => ({
    id,
    role,
    frontEnd: id === '0',
    state: 'configured',
    addresses: []
  });
  const vms = [vm('0', 'front'), vm('2'), vm('5'), vm('4')];
  const tosca = (count: string, more = ''): string =>
    `topology_template:\n  inputs: {wn_num: {type: integer, default: 9}}\n  node_templates:\n    front: {type: tosca.nodes.indigo.Compute}\n    wn:\n      type: tosca.nodes.indigo.Compute\n      capabilities: {scalable: {properties: {count: ${count}${more}}}}\n`;

  it('names the newest as many as go, whatever was removed before and whatever the stored number is', () => {
    const plan = planScale(tosca('{get_input: wn_num}', ", removal_list: ['3', '1', '9']"), vms, { count: 1 });
    expect(plan?.operation).toBe('removing 2 machines of wn');
    expect(plan?.document.text).toMatch(/default: 1\b/);
    expect(plan?.document.text.replace(/\s+/g, ' ')).toMatch(/removal_list: ?(\[ ?|- )"5"(, | - )"4"/);
  });

  it('names nobody when it grows, and writes a literal number', () => {
    const plan = planScale(tosca('1', ", removal_list: ['3']"), vms, { count: 5 });
    expect(plan?.operation).toBe('adding 2 machines of wn');
    expect(plan?.document.text).toMatch(/count: 5/);
    expect(plan?.document.text).not.toContain('removal_list');
  });

  it('does nothing when there are as many', () => {
    expect(planScale(tosca('1'), vms, { count: 3 })).toBeUndefined();
  });

  it.each([
    [{ count: 2, remove: ['0'] }, /front end/],
    [{ role: 'front', count: 0 }, /front end/],
    [{ count: 2, remove: ['5', '4'] }, /1 go, but 2 are named/],
    [{ count: 2, remove: ['3'] }, /no living machine/],
    [{ role: 'gpu', count: 1 }, /no number of machines for "gpu"/]
  ])('refuses %j', (request, words) => {
    expect(() => planScale(tosca('1'), vms, request)).toThrow(words);
  });

  it('adds to RADL, and takes nothing away', () => {
    expect(planScale(undefined, vms, { count: 4 })?.document).toEqual({ kind: 'radl', text: 'deploy wn 1\n' });
    expect(() => planScale(undefined, vms, { count: 1 })).toThrow(/RADL/);
  });
});

describe('what is shown', () => {
  it('never shows the address that has the password, and masks others', () => {
    expect(
      outputsOf(
        {
          oscarui_endpoint: 'https://dashboard.example?endpoint=x&password=topsecret1',
          local_oscarui_endpoint: 'https://a.b/',
          other: 'https://x/?p=topsecret1',
          some_password: 'abc',
          list: ['a'],
          nothing: null
        },
        ['topsecret1']
      )
    ).toEqual([
      { name: 'local_oscarui_endpoint', value: 'https://a.b/', kind: 'url' },
      { name: 'other', value: '[redacted]', kind: 'secret' },
      { name: 'some_password', value: '[redacted]', kind: 'secret' },
      { name: 'list', value: '["a"]', kind: 'text' }
    ]);
  });

  it('masks a template wherever a secret is', () => {
    const text = maskTemplate(
      'topology_template:\n  inputs:\n    oscar_password: {type: string, default: short}\n    n: {default: 1}\n  node_templates:\n    a: {properties: {im_auth: abc def, password: {get_input: oscar_password}, script: "use short here"}}\n',
      ['short']
    );
    expect(text).not.toContain('short');
    expect(text).not.toContain('abc def');
    expect(text).toMatch(/get_input: oscar_password/);
    expect(text).toMatch(/default: 1/);
  });
});
