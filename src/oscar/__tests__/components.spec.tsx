import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import * as React from 'react';

import { EventStream } from '../../bridge/events';
import { CommandIDs } from '../../commands';
import { cluster, Failure, FakeDocument, FakeServer, job, service, until } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { Buckets } from '../components/Buckets';
import { ClusterBar } from '../components/ClusterBar';
import { Jobs } from '../components/Jobs';
import { JobView } from '../components/JobView';
import { Services } from '../components/Services';
import { ServiceView } from '../components/ServiceView';
import { OscarModel } from '../model';

let server: FakeServer;
let model: OscarModel;

beforeEach(() => {
  server = new FakeServer();
  const clusters = [cluster({ features: ['data-usage'] })];
  Object.assign(server.routes, {
    'GET status': { clusters },
    'GET clusters': { items: clusters },
    'GET clusters/local/services': { items: [] },
    'GET clusters/local/jobs': { items: [] },
    'GET clusters/local/data': { path: '/d', total: 2e6, parts: [{ id: 'jobs', bytes: 1, clearable: 1, detail: '' }] },
    'GET examples': {
      items: [
        { name: 'ocr', title: 'Read text', description: 'From a page', services: ['ocr'], size: 312e6 },
        { name: 'cow', title: 'Cowsay', description: 'Moo', services: ['cow'], size: 0 }
      ]
    }
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
});

afterEach(() => {
  cleanup();
  model.dispose();
});

async function start(): Promise<void> {
  await act(async () => {
    await model.start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(model.state.examples.phase).toBe('ready'));
    await until(() => expect(model.state.jobs.phase).toBe('ready'));
  });
}

const send = (event: string, data: unknown): Promise<void> =>
  act(async () => {
    const before = model.state;
    server.stream.send(event, data);
    await until(() => expect(model.state).not.toBe(before));
  });

describe('ClusterBar', () => {
  it('says how the cluster is', async () => {
    renderView(model, <ClusterBar />);
    expect(screen.getByRole('status').textContent).toBe('not started');
    await start();
    expect(screen.getByRole('status').textContent).toBe('ready');
    expect((screen.getByRole('combobox', { name: 'Cluster' }) as HTMLSelectElement).selectedOptions[0].text).toBe(
      'Local cluster'
    );
  });

  it('says why the bridge does not start, what to do, and offers to retry', async () => {
    server.routes['GET status'] = new Failure(503, {
      title: 'Node.js was not found',
      detail: 'Version 24 is needed.',
      action: 'Install it.',
      cause: 'looked at /usr/bin/node'
    });
    const { executed } = renderView(model, <ClusterBar />);
    await act(() => model.start());
    expect(screen.getByRole('status').textContent).toBe('not available');
    const alert = screen.getByRole('alert');
    for (const text of ['Node.js was not found', 'Version 24 is needed.', 'Install it.', 'looked at /usr/bin/node']) {
      expect(alert.textContent).toContain(text);
    }
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(executed).toEqual([[CommandIDs.retryBridge, {}]]);
  });

  it('tells when the connection is lost', async () => {
    renderView(model, <ClusterBar />);
    await start();
    await act(async () => {
      server.stream.end();
      await until(() => expect(model.state.stale).toBe(true));
    });
    expect(screen.getByRole('status').textContent).toBe('reconnecting…');
  });

  it('switches and adds clusters', async () => {
    const { executed } = renderView(model, <ClusterBar />);
    await start();
    await send('cluster', { cluster: cluster({ id: 'far', current: false, removable: true }) });
    const select = screen.getByRole('combobox');
    fireEvent.change(select, { target: { value: 'far' } });
    fireEvent.change(select, { target: { value: '\0add' } });
    expect(executed).toEqual([
      [CommandIDs.useCluster, { cluster: 'far' }],
      [CommandIDs.addCluster, {}]
    ]);
  });
});

describe('Services', () => {
  it('shows bars while it loads, then the examples with their sizes', async () => {
    const { executed } = renderView(model, <Services />);
    expect(screen.getByRole('status', { name: 'Loading services…' })).toBeTruthy();
    await start();
    const buttons = within(screen.getByRole('list', { name: 'Examples' })).getAllByRole('button');
    expect(buttons.map(button => button.textContent)).toEqual(['Read text312 MBFrom a page', 'Cowsayno downloadMoo']);
    fireEvent.click(buttons[0]);
    expect(executed).toEqual([[CommandIDs.deployExample, { example: 'ocr' }]]);
  });

  it('shows progress and the state in words, and what can be done', async () => {
    const { executed } = renderView(model, <Services />);
    await start();
    const making = service('ocr', { state: 'creating', progress: 0.4, reason: 'Making the environment' });
    await send('service', { cluster: 'local', name: 'ocr', service: making });
    expect(screen.getByRole('img', { name: 'Creating…' })).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('40');
    expect((screen.getByRole('button', { name: 'Run ocr with a file…' }) as HTMLButtonElement).disabled).toBe(true);
    await send('service', { cluster: 'local', name: 'ocr', service: service('ocr') });
    expect(screen.queryByRole('progressbar')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Run ocr with a file…' }));
    fireEvent.click(screen.getByRole('button', { name: 'Delete ocr…' }));
    const args = { cluster: 'local', service: 'ocr' };
    expect(executed).toEqual([
      [CommandIDs.invokeService, args],
      [CommandIDs.deleteService, args]
    ]);
  });

  it('offers what an exposed service can do', async () => {
    renderView(model, <Services />);
    await start();
    await send('service', { cluster: 'local', name: 'embed', service: service('embed', { exposed: true }) });
    expect(screen.getByRole('button', { name: 'Open embed in a new tab' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Stop embed' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: /with a file/ })).toBeNull();
    const stopped = service('embed', { exposed: true, state: 'stopped' });
    await send('service', { cluster: 'local', name: 'embed', service: stopped });
    expect(screen.getByRole('button', { name: 'Start embed' })).toBeTruthy();
  });

  it('unfolds to recent jobs by keyboard and moves between rows with the arrows', async () => {
    renderView(model, <Services />);
    await start();
    await send('service', { cluster: 'local', name: 'a', service: service('a') });
    await send('service', { cluster: 'local', name: 'b', service: service('b') });
    await send('job', { cluster: 'local', id: 'a-1', job: job('a-1', { service: 'a' }) });
    const rows = [...document.querySelectorAll<HTMLElement>('.jp-OscarService .jp-OscarRow-main')];
    rows[0].focus();
    fireEvent.keyDown(rows[0], { key: 'ArrowDown' });
    expect(document.activeElement).toBe(rows[1]);
    fireEvent.keyDown(rows[1], { key: 'Home' });
    expect(document.activeElement).toBe(rows[0]);
    fireEvent.keyDown(rows[0], { key: 'ArrowRight' });
    expect(within(screen.getByRole('list', { name: 'Jobs of a' })).getAllByRole('listitem').length).toBe(1);
    fireEvent.keyDown(rows[0], { key: 'ArrowLeft' });
    expect(screen.queryByRole('list', { name: 'Jobs of a' })).toBeNull();
  });

  it('shows the steps of a deploy, its failure, and goes away when dismissed', async () => {
    renderView(model, <Services />);
    await start();
    const operation = {
      id: 'o',
      kind: 'apply',
      title: 'Deploy ocr',
      cluster: 'local',
      state: 'running',
      revision: 1,
      startedAt: '',
      steps: [
        { action: 'create', kind: 'bucket', name: 'ocr', state: 'done' },
        {
          action: 'create',
          kind: 'environment',
          name: 'rapidocr',
          state: 'running',
          progress: 0.5,
          detail: '12 of 24 MB'
        }
      ]
    };
    await send('operation', { operation });
    expect(screen.getByText('12 of 24 MB')).toBeTruthy();
    expect(screen.getByText('1/2')).toBeTruthy();
    const problem = { type: 'urn:x', title: 'No space', status: 507, detail: 'The disk is full.' };
    await send('operation', { operation: { ...operation, state: 'failed', revision: 2, problem } });
    expect(screen.getByRole('alert').textContent).toContain('The disk is full.');
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByText('Deploy ocr')).toBeNull();
  });
});

describe('Jobs', () => {
  it('changes without being asked to, and never tells by colour alone', async () => {
    const { executed } = renderView(model, <Jobs />);
    await start();
    expect(screen.getByText(/No jobs yet/)).toBeTruthy();
    const waiting = job('ocr-1', {
      state: 'pending',
      reason: 'Waits for 1 CPU',
      input: { bucket: 'ocr', key: 'in/page.png', name: 'page.png' }
    });
    await send('job', { cluster: 'local', id: 'ocr-1', job: waiting });
    expect(screen.getByRole('img', { name: 'Waiting' })).toBeTruthy();
    expect(screen.getByText('Waits for 1 CPU')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel job page.png' }));
    const done = {
      ...waiting,
      state: 'succeeded',
      reason: undefined,
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:03.5Z'
    };
    await send('job', { cluster: 'local', id: 'ocr-1', job: done });
    expect(screen.getByRole('img', { name: 'Done' })).toBeTruthy();
    expect(screen.getByText('3.5 s')).toBeTruthy();
    await send('job', { cluster: 'local', id: 'ocr-1', job: { ...done, warning: 'Finished without output' } });
    expect(screen.getByRole('img', { name: 'Finished without output' }).className).toContain('jp-mod-warn');
    expect(executed).toEqual([[CommandIDs.cancelJob, { cluster: 'local', job: 'ocr-1' }]]);
  });
});

describe('Buckets', () => {
  it('lists folders when they are unfolded, page by page, and says how much is kept', async () => {
    server.routes['GET clusters/local/buckets'] = { items: [{ name: 'ocr' }] };
    const path = 'GET clusters/local/buckets/ocr/objects';
    server.routes[`${path}?prefix=&delimiter=%2F&limit=200`] = {
      items: [{ key: 'a b.txt', size: 1500 }],
      prefixes: ['in/'],
      next: 'p2'
    };
    server.routes[`${path}?prefix=&delimiter=%2F&page=p2&limit=200`] = { items: [{ key: 'z', size: 1 }], prefixes: [] };
    const { executed } = renderView(model, <Buckets />);
    await start();
    expect(server.requests.some(request => request.path.includes('/objects'))).toBe(false);
    fireEvent.click(await screen.findByRole('button', { name: 'ocr' }));
    const link = (await screen.findByTitle('Download a b.txt')) as HTMLAnchorElement;
    expect(link.href).toContain('/buckets/ocr/objects/a%20b.txt?download=true');
    fireEvent.click(screen.getByRole('button', { name: 'Show more' }));
    expect(await screen.findByTitle('Download z')).toBeTruthy();
    expect(screen.getByText('Local data: 2 MB')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Clear…' }));
    expect(executed).toEqual([[CommandIDs.clearData, {}]]);
  });
});

describe('JobView', () => {
  it('follows the log, then shows the result', async () => {
    server.routes['GET clusters/local/jobs/ocr-1'] = job('ocr-1');
    server.routes['POST log-subscriptions'] = { id: 's1' };
    server.routes['DELETE log-subscriptions/s1'] = {};
    server.routes['GET clusters/local/jobs/ocr-1/result'] = {
      cluster: 'local',
      service: 'ocr',
      via: 'upload',
      state: 'succeeded',
      text: 'What was printed',
      files: [{ name: 'a.zip', mediaType: 'application/zip', size: 5000, href: '/results/1/a.zip' }]
    };
    const { unmount } = renderView(model, <JobView cluster="local" id="ocr-1" />);
    await start();
    expect(await screen.findByText('Waiting for output…')).toBeTruthy();
    server.stream.send('log', { subscription: 's1', text: 'line one\nline two\n', end: false });
    expect(await screen.findByText('line two')).toBeTruthy();
    expect(server.count('GET clusters/local/jobs/ocr-1/result')).toBe(0);
    server.stream.send('job', { cluster: 'local', id: 'ocr-1', job: job('ocr-1', { state: 'succeeded' }) });
    const link = await screen.findByRole('link', { name: 'Download a.zip' });
    expect(link.getAttribute('href')).toContain('/v1/results/1/a.zip');
    // With files, what was printed is in the log.
    expect(screen.queryByText('What was printed')).toBeNull();
    unmount();
    await until(() => expect(server.count('DELETE log-subscriptions/s1')).toBe(1));
  });

  it('draws only the lines that can be seen', async () => {
    server.routes['GET clusters/local/jobs/ocr-1'] = job('ocr-1');
    server.routes['POST log-subscriptions'] = { id: 's1' };
    const { container } = renderView(model, <JobView cluster="local" id="ocr-1" />);
    await start();
    await until(() => expect(server.count('POST log-subscriptions')).toBe(1));
    const text = Array.from({ length: 50000 }, (_, index) => `line ${index}\n`).join('');
    server.stream.send('log', { subscription: 's1', text, end: true });
    expect(await screen.findByText('line 0')).toBeTruthy();
    expect(container.querySelectorAll('.jp-OscarLog-line').length).toBeLessThan(100);
  });

  it('says when there is no such job', async () => {
    renderView(model, <JobView cluster="local" id="gone" />);
    expect((await screen.findByRole('alert')).textContent).toContain('Not found');
  });
});

describe('ServiceView', () => {
  it('runs typed text and shows the answer', async () => {
    server.routes['GET clusters/local/services/cow'] = service('cow', {
      definition: { name: 'cow', script: 'echo\n' }
    });
    server.routes['POST clusters/local/services/cow/invoke'] = {
      cluster: 'local',
      service: 'cow',
      via: 'run',
      state: 'succeeded',
      text: '< moo >',
      files: []
    };
    renderView(model, <ServiceView cluster="local" name="cow" />);
    fireEvent.change(await screen.findByRole('textbox'), { target: { value: '{"say": "moo"}' } });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(await screen.findByText('< moo >')).toBeTruthy();
    const call = server.requests.find(request => request.path.endsWith('/invoke'));
    expect(call?.init.headers).toMatchObject({ 'Content-Type': 'application/json' });
    fireEvent.keyDown(screen.getByRole('tab', { name: 'Run' }), { key: 'ArrowLeft' });
    expect(screen.getByRole('tab', { selected: true }).textContent).toBe('FDL');
    expect(screen.getByText(/name: cow/)).toBeTruthy();
  });
});
