import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import * as React from 'react';

import { EventStream } from '../../bridge/events';
import { CommandIDs } from '../../commands';
import { OscarModel } from '../../oscar/model';
import { Failure, FakeDocument, FakeServer, until } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { ExistingCluster } from '../components/ExistingCluster';
import { InfrastructureList } from '../components/InfrastructureList';
import { InfrastructureView } from '../components/InfrastructureView';
import { InfrastructureDeleteForm, ServerForm, TokenForm } from '../forms';
import { infrastructuresOf } from '../model';
import { Wizard } from '../wizard/Wizard';
import { infrastructure, PLAN, TEMPLATE, vm } from './fixtures';

let server: FakeServer;
let model: OscarModel;
const trans = nullTranslator.load('jupyterlab_oscar');

beforeEach(() => {
  server = new FakeServer();
  Object.assign(server.routes, {
    'GET status': { clusters: [] },
    'GET infrastructures': { items: [] },
    'GET im': { url: 'https://im', version: '2.0.0', state: 'ok', authentication: 'token', templates: '' },
    'GET tokens': { source: 'none', vos: [], state: 'none', refreshable: false },
    'GET im/templates': {
      items: [
        { ...TEMPLATE, id: 'other', title: 'Slurm', source: 'catalogue', oscar: false, addons: [] },
        { ...TEMPLATE, id: 'full', title: 'OSCAR, full', source: 'catalogue', addons: [] },
        TEMPLATE
      ]
    },
    'POST im/templates/form': TEMPLATE,
    'GET im/credentials': { items: [] },
    'GET im/providers': {
      items: [
        {
          type: 'OpenStack',
          title: 'OpenStack',
          fields: [
            { name: 'host', title: 'Address', type: 'text', required: true },
            { name: 'password', title: 'Password', type: 'password', required: true, default: 'never shown' }
          ]
        }
      ]
    },
    'GET examples': { items: [{ name: 'ocr', title: 'Read text', description: 'From a page', services: ['ocr'] }] },
    'POST infrastructures/plan': PLAN
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
});

afterEach(() => {
  cleanup();
  model.dispose();
});

const start = (): Promise<void> =>
  act(async () => {
    await infrastructuresOf(model).start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(infrastructuresOf(model).state.token).toBeDefined());
  });

const soon = (check: () => void): Promise<void> => waitFor(check, { timeout: 5000 });

describe('the list', () => {
  it('offers a new cluster and an existing one when it is empty', async () => {
    const { executed } = renderView(model, <InfrastructureList />);
    expect(screen.getByRole('status', { name: 'Loading infrastructures…' })).toBeTruthy();
    await start();
    fireEvent.click(screen.getByRole('button', { name: 'New cluster' }));
    fireEvent.click(screen.getByRole('button', { name: 'Add an existing cluster' }));
    expect(executed.map(([id]) => id)).toEqual([CommandIDs.newInfrastructure, CommandIDs.existingCluster]);
  });

  it('marks foreign ones, says what is done now and what went wrong', async () => {
    server.routes['GET infrastructures'] = {
      items: [
        infrastructure('a', { foreign: true }),
        infrastructure('b', { operation: 'Adding 2 workers' }),
        infrastructure('c', {
          state: 'running',
          steps: [{ name: 'configure', title: 'Configure', state: 'running', progress: 0.4 }]
        }),
        infrastructure('d', { state: 'unknown', stateDetail: 'The cloud does not answer.' })
      ]
    };
    renderView(model, <InfrastructureList />);
    await start();
    const row = (id: string): HTMLElement => screen.getByText(`name-${id}`).closest('li')!;
    expect(row('a').textContent).toContain('made elsewhere');
    expect(row('a').textContent).toContain('2 VMs · 4 CPUs · 8 GiB');
    expect(row('b').textContent).toContain('Adding 2 workers');
    expect(within(row('c')).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('40');
    expect(row('d').textContent).toContain('The cloud does not answer.');
  });

  it('says why those of the server are not there, and how the server is changed', async () => {
    server.routes['GET infrastructures'] = {
      items: [],
      problem: { type: 'x', title: 'IM does not answer', status: 502, detail: '', action: 'Check its address.' }
    };
    const { executed } = renderView(model, <InfrastructureList />);
    await start();
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('Check its address.');
    fireEvent.click(within(alert).getByRole('button', { name: 'Server…' }));
    expect(executed).toEqual([[CommandIDs.imServer, {}]]);
  });

  it('says who the user is and until when, and asks for another token', async () => {
    server.routes['GET tokens'] = {
      source: 'file',
      name: 'Ada',
      vos: ['vo.a', 'vo.b'],
      state: 'expiring',
      expiresAt: new Date(Date.now() + 4 * 60_000).toISOString(),
      refreshable: false
    };
    const { executed, container } = renderView(model, <InfrastructureList />);
    await start();
    expect(container.textContent).toContain('Ada · valid for 4 min');
    expect(container.textContent).toContain('VOs: vo.a, vo.b');
    fireEvent.click(screen.getByRole('button', { name: 'Paste a token' }));
    expect(executed).toEqual([[CommandIDs.pasteToken, {}]]);
  });
});

describe('the view', () => {
  const show = async (change: Parameters<typeof infrastructure>[1]): Promise<ReturnType<typeof renderView>> => {
    const item = infrastructure('i', change);
    server.routes['GET infrastructures'] = { items: [item] };
    server.routes['GET infrastructures/i'] = item;
    server.routes['GET infrastructures/i/elasticity'] = {
      workers: 1,
      freeCores: 0.5,
      pendingJobs: 3,
      needed: 2,
      note: 'From pending jobs and free cores.'
    };
    const view = renderView(model, <InfrastructureView id="i" />);
    await start();
    return view;
  };

  it('shows steps, and goes on with the one that failed', async () => {
    await show({
      state: 'unconfigured',
      steps: [
        { name: 'create', title: 'Create', state: 'done' },
        { name: 'configure', title: 'Configure', state: 'failed', detail: 'No route to the front end.' }
      ]
    });
    expect(screen.getByText('No route to the front end.')).toBeTruthy();
    server.routes['POST infrastructures/i/retry'] = infrastructure('i', { state: 'running', revision: 2 });
    fireEvent.click(screen.getByRole('button', { name: 'Go on from here' }));
    await soon(() => expect(server.count('POST infrastructures/i/retry')).toBe(1));
    await soon(() => expect(screen.queryByRole('button', { name: 'Go on from here' })).toBeNull());
  });

  it('opens web addresses only, and gives secrets on request, unseen', async () => {
    await show({
      outputs: [
        { name: 'dashboard_endpoint', value: 'https://oscar.example', kind: 'url' },
        { name: 'bad_endpoint', value: 'javascript:alert(1)', kind: 'url' },
        { name: 'note', value: 'hello', kind: 'text' }
      ]
    });
    expect(screen.getByRole('link', { name: 'Open dashboard' }).getAttribute('href')).toBe('https://oscar.example');
    expect(screen.queryAllByRole('link').filter(link => link.getAttribute('href')?.startsWith('javascript'))).toEqual(
      []
    );
    server.routes['POST infrastructures/i/secrets'] = { user: 'oscar', password: 'pass-word-1' };
    fireEvent.click(screen.getByRole('button', { name: 'Get user and password' }));
    await soon(() => expect(screen.getByRole('button', { name: 'Copy the password' })).toBeTruthy());
    expect(document.body.innerHTML).not.toContain('pass-word-1');
  });

  it('adds workers, and never counts the front end', async () => {
    await show({ vms: [vm('0'), vm('1'), vm('2')] });
    const number = screen.getByRole('spinbutton', { name: 'Number of workers' }) as HTMLInputElement;
    expect(number.value).toBe('2');
    fireEvent.change(number, { target: { value: '0' } });
    expect(screen.getByText(/The newest workers go/)).toBeTruthy();
    fireEvent.change(number, { target: { value: '-4' } });
    expect(number.value).toBe('0');
    fireEvent.change(number, { target: { value: '3' } });
    server.routes['POST infrastructures/i/scale'] = infrastructure('i', {
      vms: [vm('0'), vm('1'), vm('2')],
      operation: 'Adding 1 worker',
      revision: 2
    });
    fireEvent.click(screen.getByRole('button', { name: 'Add 1 worker' }));
    await soon(() => expect(screen.getAllByText(/Adding 1 worker/).length).toBeGreaterThan(0));
    expect(server.requests.find(request => request.path.endsWith('/scale'))?.body).toEqual({ count: 3, role: 'wn' });
  });

  it('gives a key on request, unseen', async () => {
    await show({});
    server.routes['POST infrastructures/i/vms/1/ssh-key'] = { user: 'cloudadm', host: '10.0.0.2', key: 'BEGIN-KEY' };
    fireEvent.click(within(screen.getByText('wn').closest('tr')!).getByRole('button', { name: 'Log in…' }));
    await soon(() => expect(screen.getByText('ssh -i key.pem cloudadm@10.0.0.2')).toBeTruthy());
    expect(document.body.innerHTML).not.toContain('BEGIN-KEY');
    fireEvent.click(screen.getByRole('button', { name: 'Forget' }));
    expect(screen.queryByRole('button', { name: 'Copy the private key' })).toBeNull();
  });

  it('labels what would be needed an estimate', async () => {
    await show({});
    await soon(() => expect(screen.getByText('Needs about 2 more workers')).toBeTruthy());
    expect(screen.getByText('estimate')).toBeTruthy();
  });

  it('gets its machines, outputs and steps while it is looked at', async () => {
    await show({ id: 'i', state: 'pending', vms: [] });
    await act(async () => {
      const grown = infrastructure('i', {
        revision: 2,
        steps: [{ name: 'create', title: 'Ask for the machines', state: 'done' }],
        outputs: [{ name: 'note', value: 'hello', kind: 'text' }]
      });
      server.stream.send('infrastructure', { id: 'i', infrastructure: grown });
      await until(() => expect(infrastructuresOf(model).get('i')?.vms).toHaveLength(2));
    });
    expect(screen.getByText('Ask for the machines')).toBeTruthy();
    expect(screen.getByRole('region', { name: 'Machines' })).toBeTruthy();
    expect(screen.getByText('hello')).toBeTruthy();
  });

  it('says when it is gone', async () => {
    await show({});
    await act(async () => {
      server.stream.send('infrastructure', { id: 'i', infrastructure: null });
      await until(() => expect(infrastructuresOf(model).get('i')).toBeUndefined());
    });
    expect(screen.getByText('name-i has been deleted.')).toBeTruthy();
  });
});

describe('the wizard', () => {
  const next = (): void => void fireEvent.click(screen.getByRole('button', { name: 'Next' }));

  it('goes from a template to a cluster', async () => {
    const done = jest.fn();
    renderView(model, <Wizard onDone={done} />);
    await start();
    // Ours comes first and is chosen; what makes no OSCAR is not in the way.
    const first = (await screen.findAllByRole('radio'))[0] as HTMLInputElement;
    await soon(() => expect(first.checked).toBe(true));
    expect(first.closest('label')!.textContent).toContain('OSCAR, small');
    expect(screen.queryByText('Slurm')).toBeNull();
    expect(await screen.findByText('Drivers may be missing.')).toBeTruthy();
    next();

    // A cloud is needed; its password begins empty whatever the form says.
    const form = await screen.findByRole('form', { name: 'Credentials of a cloud' });
    next();
    expect(screen.getByText('Choose the cloud that it is made on.')).toBeTruthy();
    const password = within(form).getByLabelText(/Password/) as HTMLInputElement;
    expect([password.type, password.value]).toEqual(['password', '']);
    fireEvent.submit(form);
    expect(within(form).getAllByRole('alert')).toHaveLength(2);
    fireEvent.change(within(form).getByLabelText(/Address/), { target: { value: 'https://keystone' } });
    fireEvent.change(password, { target: { value: 'secret' } });
    server.routes['PUT im/credentials/openstack'] = { id: 'openstack', type: 'OpenStack', shown: {}, configured: true };
    server.routes['GET im/credentials'] = {
      items: [{ id: 'openstack', type: 'OpenStack', shown: { host: 'https://keystone' }, configured: true }]
    };
    fireEvent.submit(form);
    expect(((await screen.findByRole('radio', { name: 'openstack' })) as HTMLInputElement).checked).toBe(true);
    expect(document.body.innerHTML).not.toContain('secret');
    server.routes['POST im/credentials/openstack/test'] = { works: false, reason: 'Wrong project.', checked: 'quotas' };
    fireEvent.click(screen.getByRole('button', { name: 'Test' }));
    expect(await screen.findByText(/Wrong project\./)).toBeTruthy();
    next();

    // The form of the template: faults are told on the tab where they are.
    next();
    expect(await screen.findByText('1 field has to be mended.')).toBeTruthy();
    expect((screen.getByLabelText(/GPU number/) as HTMLInputElement).disabled).toBe(true);
    fireEvent.change(screen.getByLabelText(/Worker number/), { target: { value: '2' } });
    fireEvent.click(screen.getByRole('tab', { name: 'Network (to mend)' }));
    fireEvent.change(screen.getByLabelText(/Domain name/), { target: { value: 'example.org' } });
    expect(screen.getByText(/1 input is not asked/)).toBeTruthy();
    next();

    fireEvent.click(await screen.findByRole('checkbox', { name: /Read text/ }));
    next();

    expect(await screen.findByText('The name has to point to the front end.')).toBeTruthy();
    expect(screen.getByText(PLAN.costNote)).toBeTruthy();
    expect(screen.getByRole('img', { name: /ram \(GiB\): 10 used, 16 needed, of 20/ })).toBeTruthy();
    expect(screen.getByText('Too much')).toBeTruthy();
    server.routes['POST infrastructures'] = infrastructure('new-1', { state: 'pending' });
    fireEvent.click(screen.getByRole('button', { name: 'Create oscar' }));
    await soon(() => expect(done).toHaveBeenCalledWith(expect.objectContaining({ id: 'new-1' })));
    const sent = server.requests.filter(
      request => request.path.startsWith('infrastructures') && request.method === 'POST'
    );
    expect(sent[sent.length - 1].body).toEqual({
      name: 'oscar',
      source: { template: 'package:oscar' },
      credential: 'openstack',
      inputs: { wn_num: 2, domain_name: 'example.org' },
      register: true,
      deploy: ['ocr'],
      idempotencyKey: expect.any(String) as string
    });
    expect(sent[0].body).toEqual(sent[sent.length - 1].body);
  });

  it('creates nothing while something has to be mended', async () => {
    server.routes['GET im/credentials'] = { items: [{ id: 'c', type: 'OpenStack', shown: {}, configured: true }] };
    server.routes['POST im/templates/form'] = { ...TEMPLATE, addons: [], tabs: [] };
    server.routes['POST infrastructures/plan'] = { ...PLAN, problems: ['There is no such image.'] };
    renderView(model, <Wizard onDone={jest.fn()} />);
    await start();
    await soon(() => expect(server.count('POST im/templates/form')).toBe(1));
    next();
    await soon(() => expect((screen.getByRole('radio', { name: 'c' }) as HTMLInputElement).checked).toBe(true));
    next();
    await soon(() => expect(screen.getByText(/asks for nothing/)).toBeTruthy());
    next();
    next();
    expect(await screen.findByText('There is no such image.')).toBeTruthy();
    expect((screen.getByRole('button', { name: 'Create oscar' }) as HTMLButtonElement).disabled).toBe(true);
  });

  it('goes on with the templates of the package when the catalogue cannot be read, and says why', async () => {
    server.routes['GET im/templates'] = {
      items: [TEMPLATE],
      problem: { type: 'x', title: 'No catalogue', status: 502, detail: 'Its host does not answer.' }
    };
    renderView(model, <Wizard onDone={jest.fn()} />);
    await start();
    expect(await screen.findByText(/could not be read: Its host does not answer/)).toBeTruthy();
    expect((screen.getAllByRole('radio')[0] as HTMLInputElement).checked).toBe(true);
  });

  it('says why there are no templates', async () => {
    server.routes['GET im/templates'] = new Failure(502, {
      title: 'The catalogue cannot be read',
      action: 'Try later.'
    });
    renderView(model, <Wizard onDone={jest.fn()} />);
    await start();
    expect((await screen.findByRole('alert')).textContent).toContain('Try later.');
  });
});

describe('an existing cluster', () => {
  it('gets files and steps for machines that the user has', async () => {
    server.routes['POST infrastructures/existing'] = {
      files: [{ name: 'inventory.yaml', text: 'all: {}' }],
      steps: ['Run ansible-playbook.']
    };
    const saved = jest.fn(() => Promise.resolve('Untitled Folder'));
    renderView(model, <ExistingCluster save={saved} />);
    fireEvent.change(screen.getByLabelText(/Machines, one on each line/), {
      target: { value: 'pi@10.0.0.2\n10.0.0.3' }
    });
    fireEvent.click(screen.getByRole('checkbox', { name: /ARM/ }));
    fireEvent.submit(screen.getByRole('form', { name: 'Files that install OSCAR' }));
    expect(await screen.findByText('Run ansible-playbook.')).toBeTruthy();
    expect(server.requests.find(request => request.path === 'infrastructures/existing')?.body).toEqual({
      way: 'k3s',
      hosts: [{ user: 'pi', address: '10.0.0.2' }, { address: '10.0.0.3' }],
      architecture: 'arm64'
    });
    fireEvent.click(screen.getByRole('button', { name: 'Save the files here' }));
    expect(await screen.findByText('Saved in Untitled Folder')).toBeTruthy();
    expect(saved).toHaveBeenCalledWith([{ name: 'inventory.yaml', text: 'all: {}' }]);
  });
});

describe('dialogs', () => {
  it('ask for the name before anything is deleted', () => {
    const form = new InfrastructureDeleteForm(infrastructure('i', { cluster: 'lab', foreign: true }), trans);
    expect(form.node.textContent).toContain('made elsewhere');
    expect(form.node.textContent).toContain('lab');
    expect(form.getValue()).toEqual({ confirm: '', force: false });
    form.node.querySelector<HTMLInputElement>('input[type=text]')!.value = 'name-i ';
    expect(form.getValue().confirm).toBe('name-i');
  });

  it('take a token as a password, and fill in none', () => {
    const input = new TokenForm(trans).node.querySelector('input')!;
    expect([input.type, input.value, input.autocomplete]).toEqual(['password', '', 'off']);
  });

  it('send only what was changed of the server', () => {
    const form = new ServerForm(
      { url: 'https://im', state: 'ok', authentication: 'none', templates: 'https://t' },
      trans
    );
    expect(form.getValue()).toEqual({});
    const [url, , user, password] = form.node.querySelectorAll('input');
    url.value = 'http://127.0.0.1:8800';
    user.value = 'ada';
    password.value = 'p';
    expect(form.getValue()).toEqual({ url: 'http://127.0.0.1:8800', user: 'ada', password: 'p' });
  });
});
