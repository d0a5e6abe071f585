import { EventStream } from '../../bridge/events';
import { OscarModel } from '../../oscar/model';
import { Failure, FakeDocument, FakeServer, until } from '../../testing/fake';
import { InfrastructureModel } from '../model';
import { infrastructure } from './fixtures';

let server: FakeServer;
let model: OscarModel;
let list: InfrastructureModel;

beforeEach(() => {
  server = new FakeServer();
  Object.assign(server.routes, {
    'GET status': { clusters: [] },
    'GET infrastructures': {
      items: [
        infrastructure('theirs', { foreign: true, createdAt: '2026-03-01T00:00:00Z' }),
        infrastructure('old'),
        infrastructure('new', { createdAt: '2026-02-01T00:00:00Z' })
      ]
    },
    'GET im': { url: 'https://im', state: 'ok', authentication: 'token', templates: '' },
    'GET tokens': { source: 'file', vos: ['vo.a'], state: 'valid', refreshable: false }
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
  list = new InfrastructureModel(model);
});

afterEach(() => model.dispose());

async function start(): Promise<void> {
  await list.start();
  await until(() => expect(server.streams.length).toBe(1));
  server.stream.send('hello', { boot: 'b' });
}

it('asks no cloud before it is started', async () => {
  await model.start();
  await until(() => expect(server.streams.length).toBe(1));
  server.stream.send('hello', { boot: 'b' });
  server.stream.send('infrastructure', { id: 'x', infrastructure: infrastructure('x') });
  await until(() => expect(server.count('GET clusters')).toBe(1));
  expect(server.count('GET infrastructures')).toBe(0);
  expect(list.state.items).toEqual([]);
});

it('shows ours first, newest first, and follows what changes', async () => {
  await start();
  expect(list.state.items.map(item => item.id)).toEqual(['new', 'old', 'theirs']);
  server.stream.send('infrastructure', { id: 'old', infrastructure: infrastructure('old', { state: 'stopped' }) });
  server.stream.send('infrastructure', { id: 'new', infrastructure: null });
  await until(() => expect(list.state.items.map(item => item.id)).toEqual(['old', 'theirs']));
  expect(list.get('old')?.state).toBe('stopped');
  await until(() => expect(list.state.token?.vos).toEqual(['vo.a']));
});

it('does not lose an event that comes while the list is read', async () => {
  await start();
  let answer: (body: unknown) => void = () => undefined;
  server.routes['GET infrastructures'] = () => new Promise(resolve => (answer = resolve));
  const reading = list.refresh();
  await until(() => expect(server.count('GET infrastructures')).toBe(2));
  server.stream.send('infrastructure', { id: 'late', infrastructure: infrastructure('late') });
  await until(() => expect(server.count('GET tokens')).toBe(2));
  answer({ items: [] });
  await reading;
  await until(() => expect(list.state.items.map(item => item.id)).toEqual(['late']));
});

it('does not take an older answer for the newest', async () => {
  await start();
  list.keep(infrastructure('old', { revision: 5, state: 'stopped' }));
  list.keep(infrastructure('old', { revision: 4, state: 'configured' }));
  expect(list.get('old')?.state).toBe('stopped');
});

it('shows ours when the server cannot be read, with the reason', async () => {
  server.routes['GET infrastructures'] = {
    items: [infrastructure('mine')],
    problem: { type: 'x', title: 'IM does not answer', status: 502, detail: '' }
  };
  await start();
  expect(list.state).toMatchObject({ phase: 'ready', serverProblem: { title: 'IM does not answer' } });
  expect(list.state.items).toHaveLength(1);
});

it('can be started again after a failure', async () => {
  server.routes['GET infrastructures'] = new Failure(500, { title: 'No' });
  await list.start();
  expect(list.state).toMatchObject({ phase: 'failed', problem: { title: 'No' } });
  server.routes['GET infrastructures'] = { items: [] };
  await list.start();
  expect(list.state.phase).toBe('ready');
});
