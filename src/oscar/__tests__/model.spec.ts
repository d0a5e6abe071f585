import { EventStream } from '../../bridge/events';
import type { Job } from '../../contract';
import { cluster, Failure, FakeDocument, FakeServer, job, service, until } from '../../testing/fake';
import { OscarModel } from '../model';

describe('OscarModel', () => {
  let server: FakeServer;
  let doc: FakeDocument;
  let model: OscarModel;

  beforeEach(() => {
    server = new FakeServer();
    doc = new FakeDocument();
    const clusters = [cluster(), cluster({ id: 'far', current: false, removable: true })];
    Object.assign(server.routes, {
      'GET status': { clusters },
      'GET clusters': { items: clusters },
      'GET clusters/local/services': { items: [service('ocr'), service('cowsay')] },
      'GET clusters/local/jobs': { items: [job('ocr-1', { createdAt: '2026-01-01T00:00:01Z' })], next: 'p2' },
      'GET clusters/far/services': { items: [service('remote', { cluster: 'far' })] },
      'GET clusters/far/jobs': { items: [] },
      'POST clusters/far/use': {}
    });
    const client = server.client();
    const stream = new EventStream({ source: client, document: doc.asDocument(), delay: () => 1 });
    model = new OscarModel({ client, stream });
  });

  afterEach(() => model.dispose());

  async function start(): Promise<void> {
    await model.start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(model.state.jobs.phase).toBe('ready'));
    await until(() => expect(model.state.examples.phase).toBe('ready'));
  }

  const names = (): string[] => model.state.services.items.map(item => item.name);

  it('asks for nothing by itself, and wakes nothing by peeking', async () => {
    expect(server.requests).toEqual([]);
    server.routes['GET bridge'] = { state: 'idle' };
    await model.peek();
    expect(server.requests.map(request => request.path)).toEqual(['bridge']);
    expect(model.state.phase).toBe('idle');
  });

  it('shows what runs already', async () => {
    await model.peek();
    expect(server.count('GET status')).toBe(1);
  });

  it('does not lose a service that comes while another cluster is read', async () => {
    await start();
    let answer: (body: unknown) => void = () => undefined;
    server.routes['GET clusters/far/services'] = () => new Promise(resolve => (answer = resolve));
    server.stream.send('cluster', { cluster: cluster({ id: 'far', removable: true }) });
    await until(() => expect(server.count('GET clusters/far/services')).toBe(1));
    server.stream.send('service', { cluster: 'far', name: 'new', service: service('new', { cluster: 'far' }) });
    server.stream.send('job', { cluster: 'far', id: 'j', job: job('j', { cluster: 'far' }) });
    await until(() => expect(server.count('GET clusters/far/jobs')).toBe(1));
    answer({ items: [] });
    await until(() => expect(names()).toEqual(['new']));
  });

  it('reads the snapshot once and sorts it', async () => {
    await start();
    expect(model.state.phase).toBe('ready');
    expect(names()).toEqual(['cowsay', 'ocr']);
    expect(server.count('GET clusters/local/services')).toBe(1);
  });

  it('follows events', async () => {
    await start();
    server.stream.send('service', { cluster: 'local', name: 'new', service: service('new', { state: 'creating' }) });
    server.stream.send('service', { cluster: 'local', name: 'ocr', service: null });
    server.stream.send('service', { cluster: 'far', name: 'x', service: service('x', { cluster: 'far' }) });
    server.stream.send('job', {
      cluster: 'local',
      id: 'ocr-2',
      job: job('ocr-2', { createdAt: '2026-01-01T00:00:02Z' })
    });
    await until(() => expect(model.state.jobs.items.map(item => item.id)).toEqual(['ocr-2', 'ocr-1']));
    expect(names()).toEqual(['cowsay', 'new']);
  });

  it('tells once that a job ended', async () => {
    const ended: Job[] = [];
    model.jobEnded.connect((_, item) => void ended.push(item));
    await start();
    const done = job('ocr-1', { state: 'succeeded' });
    server.stream.send('job', { cluster: 'local', id: 'ocr-1', job: done });
    server.stream.send('job', { cluster: 'local', id: 'ocr-1', job: done });
    server.stream.send('job', { cluster: 'local', id: 'ocr-9', job: null });
    await until(() => expect(ended).toEqual([done]));
  });

  it('loses no change that happens while the snapshot is read', async () => {
    let answer: (body: unknown) => void = () => undefined;
    server.routes['GET clusters/local/services'] = () => new Promise(resolve => (answer = resolve));
    await model.start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(server.count('GET clusters/local/services')).toBe(1));
    server.stream.send('service', { cluster: 'local', name: 'ocr', service: null });
    await new Promise(resolve => setTimeout(resolve, 20));
    answer({ items: [service('ocr')] });
    await until(() => expect(model.state.services.phase).toBe('ready'));
    await until(() => expect(names()).toEqual([]));
  });

  it('reads everything again after reset and after another boot, but not after a mere break', async () => {
    await start();
    server.stream.end();
    await until(() => expect(server.streams.length).toBe(2));
    expect(model.state.stale).toBe(true);
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(model.state.stale).toBe(false));
    expect(server.count('GET clusters/local/services')).toBe(1);
    server.stream.send('reset', {});
    await until(() => expect(server.count('GET clusters/local/services')).toBe(2));
    server.stream.send('hello', { boot: 'other' });
    await until(() => expect(server.count('GET clusters/local/services')).toBe(3));
  });

  it('shows another cluster, without rows of the first', async () => {
    await start();
    await model.use('far');
    expect(model.current?.id).toBe('far');
    expect(names()).toEqual(['remote']);
    expect(model.state.jobs.items).toEqual([]);
  });

  it('keeps the rows and says why when reading again fails', async () => {
    await start();
    server.routes['GET clusters/local/services'] = new Failure(502, { title: 'Gone' });
    await model.refresh();
    expect(model.state.services).toMatchObject({ phase: 'failed', problem: { title: 'Gone' } });
    expect(names()).toEqual(['cowsay', 'ocr']);
  });

  it('says why the bridge cannot start, and starts again on retry', async () => {
    const problem = { type: 'urn:x', title: 'Node.js was not found', status: 503, detail: 'd', action: 'a' };
    const status = server.routes['GET status'];
    server.routes['GET status'] = new Failure(503, { title: 'no bridge' });
    server.routes['GET bridge'] = { state: 'failed', problem };
    await model.start();
    expect(model.state).toMatchObject({ phase: 'failed', problem });
    expect(server.streams.length).toBe(0);
    server.routes['GET status'] = status;
    server.routes['POST bridge/retry'] = {};
    await model.retry();
    expect(model.state.phase).toBe('ready');
  });

  it('listens again when a sleeping bridge is used', async () => {
    await start();
    server.stream.send('bye', {});
    server.stream.end();
    await until(() => expect(model.state.phase).toBe('idle'));
    expect(names()).toEqual(['cowsay', 'ocr']);
    await model.client.services('local');
    await until(() => expect(server.streams.length).toBe(2));
    server.stream.send('hello', { boot: 'c' });
    await until(() => expect(model.state.phase).toBe('ready'));
  });

  it('reads older jobs page by page without repeating any', async () => {
    await start();
    server.routes['GET clusters/local/jobs?page=p2'] = {
      items: [job('ocr-1', { createdAt: '2026-01-01T00:00:01Z' }), job('ocr-0', { createdAt: '2026-01-01T00:00:00Z' })]
    };
    await model.loadMoreJobs();
    expect(model.state.jobs.items.map(item => item.id)).toEqual(['ocr-1', 'ocr-0']);
    expect(model.state.jobs.next).toBeUndefined();
  });

  it('ignores an older revision of an operation and keeps a dismissed one away', async () => {
    await start();
    const operation = (revision: number, state: string): object => ({
      operation: { id: 'o', kind: 'apply', title: 't', state, revision, steps: [], startedAt: '' }
    });
    server.stream.send('operation', operation(2, 'done'));
    server.stream.send('operation', operation(1, 'running'));
    await until(() => expect(model.state.operations.length).toBe(1));
    expect(model.state.operations[0].state).toBe('done');
    model.dismissOperation('o');
    server.stream.send('operation', operation(3, 'done'));
    server.stream.send('job', { cluster: 'local', id: 'ocr-7', job: job('ocr-7') });
    await until(() => expect(model.state.jobs.items.length).toBe(2));
    expect(model.state.operations).toEqual([]);
  });

  it('uploads a file of the desktop and submits it', async () => {
    await start();
    server.routes['POST uploads'] = { id: 'u1', name: 'a.txt', size: 3, received: 0 };
    server.routes['PUT uploads/u1?offset=0'] = { id: 'u1', name: 'a.txt', size: 3, received: 3 };
    server.routes['POST clusters/local/services/ocr/submissions'] = {
      id: 's1',
      cluster: 'local',
      service: 'ocr',
      done: false,
      revision: 1,
      items: []
    };
    const seen: number[] = [];
    model.stateChanged.connect((_, state) => void seen.push(state.uploads.length));
    await model.submitFiles('local', 'ocr', [new File(['abc'], 'a.txt')]);
    expect(server.requests.at(-1)?.body).toEqual({ files: [{ upload: 'u1' }] });
    expect(seen).toContain(1);
    expect(model.state.uploads).toEqual([]);
    expect(model.state.submissions.map(item => item.id)).toEqual(['s1']);
  });
});
