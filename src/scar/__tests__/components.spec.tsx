import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import * as React from 'react';

import { EventStream } from '../../bridge/events';
import { CommandIDs } from '../../commands';
import { OscarModel } from '../../oscar/model';
import { Failure, FakeDocument, FakeServer, until } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { Apis } from '../components/Apis';
import { BatchJobs } from '../components/BatchJobs';
import { ContextBar } from '../components/ContextBar';
import { Functions } from '../components/Functions';
import { FunctionView } from '../components/FunctionView';
import { FunctionDeleteForm, ProcessForm } from '../forms';
import { scarModelOf } from '../model';
import { TabChoice } from '../tabs';
import { PIP_LINE } from '../words';
import { awsFunction, batchJob, context } from './fixtures';
import { nullTranslator } from '@jupyterlab/translation';

let server: FakeServer;
let model: OscarModel;
const trans = nullTranslator.load('jupyterlab_oscar');

beforeEach(() => {
  server = new FakeServer();
  Object.assign(server.routes, {
    'GET status': { clusters: [] },
    'GET aws/context': context(),
    'GET aws/profiles': {
      items: [
        { name: 'work', kind: 'sso' },
        { name: 'mine', kind: 'keys' }
      ]
    },
    'GET aws/emulator': { installed: true, state: 'stopped', notCovered: ['IAM', 'cold starts'] },
    'GET aws/functions': { items: [awsFunction('grey')] },
    'GET aws/functions/grey': awsFunction('grey', { fdl: 'functions: {}', drift: ['The memory is 512 MB.'] }),
    'GET aws/batch-jobs': { items: [] },
    'GET aws/apis': { items: [] },
    'GET aws/buckets': { items: [] }
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
    await scarModelOf(model).start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
  });

const soon = (check: () => void): Promise<void> => waitFor(check, { timeout: 5000 });

describe('ContextBar', () => {
  it('switches profile and region', async () => {
    const { executed } = renderView(model, <ContextBar />);
    expect(screen.getByRole('status').textContent).toBe('checking…');
    await start();
    expect(screen.getByRole('status').textContent).toBe('ready');
    fireEvent.change(screen.getByRole('combobox', { name: 'AWS profile' }), { target: { value: 'work' } });
    fireEvent.change(screen.getByRole('combobox', { name: 'AWS region' }), { target: { value: 'us-east-1' } });
    expect(executed).toEqual([
      [CommandIDs.useAwsProfile, { profile: 'work' }],
      [CommandIDs.useAwsRegion, { region: 'us-east-1' }]
    ]);
    expect(screen.queryByText(/emulator: nothing runs/)).toBeNull();
  });

  it('says how credentials are added, and offers the emulator', async () => {
    server.routes['GET aws/context'] = context({ state: 'no-credentials', account: undefined });
    const { executed, container } = renderView(model, <ContextBar />);
    await start();
    expect(container.textContent).toContain('AWS_ACCESS_KEY_ID');
    expect(container.textContent).toContain('~/.aws');
    expect(container.textContent).toContain('aws sso login');
    fireEvent.click(screen.getByRole('button', { name: 'Use the local AWS emulator' }));
    expect(executed).toEqual([[CommandIDs.useAwsEmulator, {}]]);
  });

  it('gives the line that installs an emulator that is not there', async () => {
    server.routes['GET aws/context'] = context({ state: 'no-credentials' });
    server.routes['GET aws/emulator'] = { installed: false, state: 'stopped', notCovered: [] };
    renderView(model, <ContextBar />);
    await start();
    expect(screen.getByText(PIP_LINE)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Use the local AWS emulator' })).toBeNull();
  });

  it('says that credentials have expired and how they are renewed', async () => {
    server.routes['GET aws/context'] = context({ state: 'expired', source: 'sso', profile: 'work' });
    renderView(model, <ContextBar />);
    await start();
    expect(screen.getByRole('alert').textContent).toContain('aws sso login --profile work');
  });

  it('gives the line that signs in when the chosen profile has not', async () => {
    server.routes['GET aws/profiles'] = { items: [{ name: 'work', kind: 'sso' }] };
    server.routes['GET aws/context'] = context({ state: 'no-credentials', source: undefined, profile: 'work' });
    renderView(model, <ContextBar />);
    await start();
    const { textContent } = screen.getByRole('alert');
    expect(textContent).toContain('Not signed in to AWS');
    expect(textContent).toContain('aws sso login --profile work');
  });

  it('says why calls fail', async () => {
    server.routes['GET aws/context'] = context({
      state: 'failed',
      problem: { type: 'x', title: 'AWS cannot be reached', status: 502, detail: '', action: 'Check the network.' }
    });
    renderView(model, <ContextBar />);
    await start();
    expect(screen.getByRole('alert').textContent).toContain('Check the network.');
  });

  it('says on top that it is the emulator, and what that does not do', async () => {
    server.routes['GET aws/context'] = context({ emulator: true, endpoint: 'http://127.0.0.1:5000' });
    const { executed } = renderView(model, <ContextBar />);
    await start();
    const note = screen.getByRole('note');
    expect(note.textContent).toContain('Local AWS emulator: nothing runs on AWS');
    expect(note.textContent).toContain('cold starts');
    fireEvent.click(within(note).getByRole('button', { name: 'Leave' }));
    expect(executed).toEqual([[CommandIDs.leaveAwsEmulator, {}]]);
  });
});

describe('lists', () => {
  it('of functions shows state, triggers, API, image and memory', async () => {
    server.routes['GET aws/functions'] = {
      items: [
        awsFunction('grey', { api: { kind: 'rest', endpoint: 'https://x', open: true } }),
        awsFunction('bad', { state: 'failed', stateReason: 'The image is gone.', ours: false })
      ]
    };
    const { executed } = renderView(model, <Functions />);
    await start();
    const [bad, grey] = within(screen.getByRole('list', { name: 'Functions' })).getAllByRole('listitem');
    expect(grey.textContent).toContain('1024 MB');
    expect(grey.textContent).toContain('from photos/in/*.jpg');
    expect(grey.textContent).toContain('open API');
    expect(bad.textContent).toContain('The image is gone.');
    expect(bad.textContent).toContain('by SCAR');
    fireEvent.click(within(grey).getByRole('button', { name: 'Invoke grey' }));
    fireEvent.click(within(grey).getByRole('button', { name: 'Log of grey' }));
    fireEvent.click(within(grey).getByRole('button', { name: 'Delete grey…' }));
    expect(executed.map(([id]) => id)).toEqual([
      CommandIDs.invokeFunction,
      CommandIDs.functionLog,
      CommandIDs.deleteFunction
    ]);
  });

  it('of functions offers the one thing that helps when it is empty', async () => {
    server.routes['GET aws/functions'] = { items: [] };
    const { executed } = renderView(model, <Functions />);
    expect(screen.getByRole('status', { name: 'Loading functions…' })).toBeTruthy();
    await start();
    fireEvent.click(screen.getByRole('button', { name: 'Deploy an FDL file…' }));
    expect(executed).toEqual([[CommandIDs.deployAws, {}]]);
  });

  it('of functions says why it could not be read', async () => {
    server.routes['GET aws/functions'] = new Failure(403, { title: 'AWS refused', action: 'Ask for a right.' });
    const { executed } = renderView(model, <Functions />);
    await start();
    expect(screen.getByRole('alert').textContent).toContain('Ask for a right.');
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(executed).toEqual([[CommandIDs.refreshAws, {}]]);
  });

  it('of jobs says what a job waits for, and cancels it', async () => {
    server.routes['GET aws/batch-jobs'] = {
      items: [batchJob('1'), batchJob('2', { state: 'failed', reason: 'Out of memory', exitCode: 137 })]
    };
    const { executed } = renderView(model, <BatchJobs />);
    await start();
    expect(screen.getByText('Waiting for a machine')).toBeTruthy();
    expect(screen.getByText('Exit status 137 · Out of memory')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel job name-1' }));
    expect(executed).toEqual([[CommandIDs.cancelBatchJob, { job: '1' }]]);
  });

  it('of APIs warns of open ones and copies a curl line', async () => {
    server.routes['GET aws/apis'] = {
      items: [{ id: 'a', name: 'grey', kind: 'rest', function: 'grey', endpoint: 'https://x/y', open: true }]
    };
    const { executed } = renderView(model, <Apis />);
    await start();
    expect(screen.getByRole('img', { name: /anybody who knows the address/ })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Copy a curl line for grey' }));
    expect(executed).toEqual([[CommandIDs.copyCurl, { endpoint: 'https://x/y' }]]);
  });

  it('shows what is being done on AWS, and not the deploys of a cluster', async () => {
    const operation = (id: string, kind: string): object => ({
      id,
      kind,
      title: `title ${id}`,
      state: 'running',
      revision: 1,
      steps: [],
      startedAt: '2026-01-01T00:00:00Z'
    });
    renderView(model, <Functions />);
    await start();
    await act(async () => {
      server.stream.send('operation', { operation: operation('1', 'aws-process') });
      server.stream.send('operation', { operation: operation('2', 'apply') });
      await until(() => expect(model.state.operations).toHaveLength(2));
    });
    expect(screen.getByText('title 1')).toBeTruthy();
    expect(screen.queryByText('title 2')).toBeNull();
  });
});

describe('FunctionView', () => {
  it('says what is not as it was deployed', async () => {
    renderView(model, <FunctionView name="grey" choice={new TabChoice()} />);
    await start();
    await soon(() => expect(screen.getByText('The memory is 512 MB.')).toBeTruthy());
    expect(screen.getByText('a new file in photos/in/*.jpg')).toBeTruthy();
    fireEvent.click(screen.getByRole('tab', { name: 'FDL' }));
    await soon(() => expect(screen.getByText('functions: {}')).toBeTruthy());
  });

  it('invokes with what was typed, and shows what came back', async () => {
    server.routes['POST aws/functions/grey/invoke'] = {
      function: 'grey',
      requestId: 'r-1',
      status: 200,
      state: 'succeeded',
      text: 'hello back',
      files: [],
      seconds: 1.25,
      memoryUsed: 80,
      cost: 0.0000021,
      log: 'END'
    };
    const { executed } = renderView(model, <FunctionView name="grey" choice={new TabChoice('run')} />);
    await start();
    const form = await screen.findByRole('form', { name: 'Invoke grey' });
    fireEvent.click(within(form).getByRole('radio', { name: 'JSON' }));
    fireEvent.change(within(form).getByRole('textbox', { name: 'Input' }), { target: { value: '{"a": 1}' } });
    fireEvent.submit(form);
    const result = await screen.findByRole('region', { name: 'Result' });
    expect(result.textContent).toContain('hello back');
    expect(result.textContent).toContain('about $0.0000021');
    const sent = server.requests.find(request => request.path === 'aws/functions/grey/invoke');
    expect(sent?.body).toEqual({ json: { a: 1 } });
    fireEvent.click(within(result).getByRole('button', { name: 'Log of this request' }));
    expect(executed).toEqual([[CommandIDs.functionLog, { function: 'grey', request: 'r-1' }]]);
  });

  it('says what is no JSON before anything is sent', async () => {
    renderView(model, <FunctionView name="grey" choice={new TabChoice('run')} />);
    await start();
    const form = await screen.findByRole('form', { name: 'Invoke grey' });
    fireEvent.click(within(form).getByRole('radio', { name: 'JSON' }));
    fireEvent.change(within(form).getByRole('textbox', { name: 'Input' }), { target: { value: '{a' } });
    fireEvent.submit(form);
    expect((await screen.findByRole('alert')).textContent).toContain('JSON');
    expect(server.requests.some(request => request.path.endsWith('/invoke'))).toBe(false);
  });

  it('draws figures, and says that there are none', async () => {
    server.routes['GET aws/functions/grey/metrics'] = {
      period: 300,
      invocations: [{ time: new Date(Date.now() - 60_000).toISOString(), value: 7 }],
      errors: [],
      duration: [{ time: new Date(Date.now() - 60_000).toISOString(), value: 250 }],
      cost: { dollars: 0.01, pricesOf: '2026-01-01' }
    };
    renderView(model, <FunctionView name="grey" choice={new TabChoice('metrics')} />);
    await start();
    expect(await screen.findByRole('img', { name: 'Invocations: 7 in the last 24 hours' })).toBeTruthy();
    expect(screen.getByRole('img', { name: 'Duration: 250 ms on average' })).toBeTruthy();
    server.routes['GET aws/functions/grey/metrics'] = { period: 300, invocations: [], errors: [], duration: [] };
    fireEvent.click(screen.getByRole('button', { name: 'Refresh' }));
    await soon(() => expect(screen.getByText(/No calls in this time/)).toBeTruthy());
  });

  it('says that it is the emulator', async () => {
    server.routes['GET aws/context'] = context({ emulator: true });
    renderView(model, <FunctionView name="grey" choice={new TabChoice()} />);
    await start();
    await soon(() => expect(screen.getByRole('note').textContent).toContain('nothing runs on AWS'));
  });
});

describe('dialogs', () => {
  it('of a delete says what goes and what stays', () => {
    const form = new FunctionDeleteForm(
      {
        function: 'grey',
        goes: [{ kind: 'function', name: 'grey' }],
        stays: [{ kind: 'bucket', name: 'photos', reason: 'It has 12 files.' }]
      },
      trans
    );
    expect(form.node.textContent).toMatch(/These go:.*function: grey.*These stay:.*photos.*It has 12 files\./);
  });

  it('of processing takes prefix and suffix of the trigger, and keeps the number of calls in bounds', () => {
    const form = new ProcessForm(awsFunction('grey'), trans);
    expect(form.getValue()).toEqual({ bucket: 'photos', prefix: 'in/', suffix: '.jpg', concurrency: 50, wait: true });
    form.node.querySelector<HTMLInputElement>('input[type=number]')!.value = '99999';
    expect(form.getValue().concurrency).toBe(1000);
  });
});
