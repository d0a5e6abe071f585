import { EventStream } from '../../bridge/events';
import { OscarModel } from '../../oscar/model';
import { Failure, FakeDocument, FakeServer, until } from '../../testing/fake';
import { ScarModel } from '../model';
import { awsFunction, batchJob, context } from './fixtures';

let server: FakeServer;
let model: OscarModel;
let scar: ScarModel;

beforeEach(() => {
  server = new FakeServer();
  Object.assign(server.routes, {
    'GET status': { clusters: [] },
    'GET aws/context': context(),
    'GET aws/profiles': { items: [{ name: 'work', kind: 'sso' }] },
    'GET aws/emulator': { installed: true, state: 'stopped', notCovered: [] },
    'GET aws/functions': { items: [awsFunction('zeta'), awsFunction('alpha')] },
    'GET aws/batch-jobs': { items: [] },
    'GET aws/apis': { items: [] }
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
  scar = new ScarModel(model, { pause: 5 });
});

afterEach(() => {
  scar.watch(false);
  model.dispose();
});

async function start(): Promise<void> {
  await scar.start();
  await until(() => expect(server.streams.length).toBe(1));
  server.stream.send('hello', { boot: 'b' });
}

it('asks for nothing before it is started', async () => {
  await model.start();
  await until(() => expect(server.streams.length).toBe(1));
  server.stream.send('hello', { boot: 'b' });
  server.stream.send('aws-function', { name: 'alpha', function: awsFunction('alpha') });
  await until(() => expect(server.count('GET clusters')).toBe(1));
  expect(server.requests.some(request => request.path.startsWith('aws/'))).toBe(false);
  expect(scar.state.functions.items).toEqual([]);
});

it('reads functions by name, and follows what changes', async () => {
  await start();
  expect(scar.state.functions.items.map(item => item.name)).toEqual(['alpha', 'zeta']);
  server.stream.send('aws-function', { name: 'beta', function: awsFunction('beta') });
  server.stream.send('aws-function', { name: 'zeta', function: null });
  // Of another region nothing is shown.
  server.stream.send('aws-function', { name: 'far', function: awsFunction('far', { region: 'us-east-1' }) });
  server.stream.send('aws-function', { name: 'alpha', function: awsFunction('alpha', { state: 'failed' }) });
  await until(() => expect(scar.function('alpha')?.state).toBe('failed'));
  expect(scar.state.functions.items.map(item => item.name)).toEqual(['alpha', 'beta']);
});

it('does not ask for functions without credentials', async () => {
  server.routes['GET aws/context'] = context({ state: 'no-credentials' });
  await start();
  expect(scar.state.phase).toBe('ready');
  expect(scar.state.functions.phase).toBe('none');
  expect(server.count('GET aws/functions')).toBe(0);
});

it('reads all anew in another region, and forgets what was there', async () => {
  await start();
  server.routes['PUT aws/context'] = context({ region: 'us-east-1' });
  server.routes['GET aws/functions'] = { items: [awsFunction('far', { region: 'us-east-1' })] };
  const seen: string[][] = [];
  scar.changed.connect(() => void seen.push(scar.state.functions.items.map(item => item.name)));
  await scar.change({ region: 'us-east-1' });
  expect(scar.state.functions.items.map(item => item.name)).toEqual(['far']);
  expect(seen.some(names => names.length === 0)).toBe(true);
  expect(scar.state.switching).toBe(false);
});

it('tells who changed the context why it failed, and is as before', async () => {
  await start();
  server.routes['PUT aws/context'] = new Failure(409, { title: 'The emulator does not start' });
  await expect(scar.change({ emulator: true })).rejects.toThrow('The emulator does not start');
  expect(scar.state.switching).toBe(false);
  expect(scar.state.context?.emulator).toBe(false);
  expect(scar.state.functions.items).toHaveLength(2);
});

it('follows a switch that another tab made', async () => {
  await start();
  server.routes['GET aws/functions'] = { items: [awsFunction('tried')] };
  server.stream.send('aws-context', { context: context({ emulator: true, endpoint: 'http://127.0.0.1:5000' }) });
  await until(() => expect(scar.state.functions.items.map(item => item.name)).toEqual(['tried']));
  expect(scar.state.context?.emulator).toBe(true);
});

it('says why the lists could not be read, each on its own', async () => {
  server.routes['GET aws/batch-jobs'] = new Failure(403, { title: 'AWS refused', action: 'Ask for batch:ListJobs.' });
  await start();
  expect(scar.state.functions.phase).toBe('ready');
  expect(scar.state.jobs).toMatchObject({ phase: 'failed', problem: { title: 'AWS refused' } });
});

it('reads jobs of Batch again while one runs and somebody looks', async () => {
  server.routes['GET aws/batch-jobs'] = { items: [batchJob('1')] };
  await start();
  const read = server.count('GET aws/batch-jobs');
  scar.watch(true);
  await until(() => expect(server.count('GET aws/batch-jobs')).toBeGreaterThan(read + 2));
  server.routes['GET aws/batch-jobs'] = { items: [batchJob('1', { state: 'succeeded' })] };
  await until(() => expect(scar.state.jobs.items[0].state).toBe('succeeded'));
  const last = server.count('GET aws/batch-jobs');
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(server.count('GET aws/batch-jobs')).toBe(last);
});

it('finds jobs that a file in a bucket has started, where a function uses Batch', async () => {
  server.routes['GET aws/functions'] = { items: [awsFunction('alpha', { mode: 'batch' })] };
  await start();
  scar.watch(true);
  server.routes['GET aws/batch-jobs'] = { items: [batchJob('1', { state: 'succeeded' })] };
  await until(() => expect(scar.state.jobs.items.map(job => job.id)).toEqual(['1']));
  scar.watch(false);
  const last = server.count('GET aws/batch-jobs');
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(server.count('GET aws/batch-jobs')).toBe(last);
});

it('can be started again after a failure', async () => {
  server.routes['GET aws/context'] = new Failure(500, { title: 'No' });
  await scar.start();
  expect(scar.state).toMatchObject({ phase: 'failed', problem: { title: 'No' } });
  server.routes['GET aws/context'] = context();
  await scar.start();
  expect(scar.state.phase).toBe('ready');
});
