import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import * as React from 'react';

import { EventStream } from '../../bridge/events';
import { CommandIDs } from '../../commands';
import type { ComputeJob, ComputePart } from '../../contract';
import { OscarModel } from '../../oscar/model';
import { cluster, Failure, FakeDocument, FakeServer, until } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { JobList } from '../components/JobList';
import { JobPane } from '../components/JobPane';
import { valueText } from '../components/Results';
import { progressOf } from '../words';

let server: FakeServer;
let model: OscarModel;
let boxes: number;

function compute(id: string, change: Partial<ComputeJob> = {}): ComputeJob {
  return {
    id,
    kind: 'mapreduce',
    name: `name of ${id}`,
    engine: 'local',
    state: 'running',
    revision: 1,
    phases: [
      {
        name: 'map',
        total: 1000,
        done: 400,
        doing: 100,
        parts: { total: 10, running: 1, done: 4, failed: 1, cached: 0 },
        startedAt: '2026-01-01T00:00:01Z'
      },
      { name: 'reduce', total: 0, done: 0, doing: 0, parts: { total: 0, running: 0, done: 0, failed: 0, cached: 0 } }
    ],
    workers: [{ id: 'w1', state: 'busy', pid: 42, speed: 10, parts: 4, memory: 5e6 }],
    counters: {
      recordsIn: 1234,
      recordsOut: 55,
      bytesIn: 5e6,
      bytesOut: 100,
      skipped: 2,
      spills: 3,
      combineIn: 1000,
      combineOut: 100,
      userSeconds: 1.5,
      peakMemory: 7e6
    },
    eta: 12,
    createdAt: new Date(Date.now() - 10_000).toISOString(),
    startedAt: '2026-01-01T00:00:01Z',
    notes: ['There is no combiner.'],
    ...change
  };
}

const part = (number: number, change: Partial<ComputePart> = {}): ComputePart => ({
  phase: 'map',
  part: number,
  attempt: 1,
  worker: 'w1',
  state: 'done',
  first: number * 100,
  count: 100,
  start: number,
  end: number + 0.5,
  ...change
});

const ERROR = {
  class: 'user' as const,
  type: 'ValueError',
  message: 'bad number',
  traceback: 'Traceback\n  line 3, in mapper',
  record: 'text.txt:900: apple',
  phase: 'map',
  part: 3,
  attempts: 2
};

beforeEach(() => {
  server = new FakeServer();
  boxes = 0;
  const clusters = [cluster()];
  Object.assign(server.routes, {
    'GET status': { clusters },
    'GET clusters': { items: clusters },
    'GET clusters/local/services': { items: [] },
    'GET clusters/local/jobs': { items: [] },
    'GET jobs': { items: [] }
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
  const context = new Proxy({} as Record<string, unknown>, {
    get: (target, name) => target[String(name)] ?? (name === 'fillRect' ? () => void boxes++ : () => undefined)
  });
  jest.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never);
  jest.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  globalThis.ResizeObserver = class {
    constructor(private readonly _changed: ResizeObserverCallback) {}
    observe(): void {
      this._changed([], this);
    }
    unobserve(): void {
      // Nothing is kept.
    }
    disconnect(): void {
      // Nothing is kept.
    }
  };
});

afterEach(() => {
  cleanup();
  model.dispose();
  jest.restoreAllMocks();
});

async function start(): Promise<void> {
  await act(async () => {
    await model.start();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(server.count('GET jobs')).toBeGreaterThan(0));
  });
}

const soon = (check: () => void): Promise<void> => waitFor(check, { timeout: 8000 });

class Visible {
  value = true;
  changed = new Signal<this, void>(this);
}

/** A log that ends at once. */
function logOf(text: string): unknown {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream<Uint8Array>({
    start: controller => {
      controller.enqueue(bytes);
      controller.close();
    }
  });
}

describe('JobList', () => {
  it('asks for nothing before the bridge is used, then shows jobs and what becomes of them', async () => {
    server.routes['GET jobs'] = { items: [compute('mr-1')] };
    const { executed } = renderView(model, <JobList />);
    expect(server.requests).toEqual([]);
    await start();
    const row = (await screen.findByText('name of mr-1')).closest('li')!;
    expect(within(row).getByText('12 s left')).toBeTruthy();
    expect(within(row).getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    fireEvent.click(within(row).getByRole('button', { name: 'Cancel job name of mr-1' }));
    fireEvent.click(row.querySelector('.jp-OscarRow-main')!);
    expect(executed).toEqual([
      [CommandIDs.cancelCompute, { job: 'mr-1' }],
      [CommandIDs.openCompute, { job: 'mr-1' }]
    ]);
    server.stream.send('compute-job', {
      type: 'compute-job',
      id: 'mr-1',
      job: compute('mr-1', { state: 'failed', error: ERROR })
    });
    await soon(() => expect(row.dataset.oscarState).toBe('failed'));
    expect(row.textContent).toContain('ValueError: bad number');
    server.stream.send('compute-job', { type: 'compute-job', id: 'mr-1', job: null });
    await soon(() => expect(screen.queryByText('name of mr-1')).toBeNull());
  });

  it('says why the jobs could not be read, and tries again', async () => {
    server.routes['GET jobs'] = new Failure(500, { title: 'The journal is broken' });
    renderView(model, <JobList />);
    await start();
    await soon(() => expect(screen.getByRole('alert').textContent).toContain('The journal is broken'));
    server.routes['GET jobs'] = { items: [compute('mr-2')] };
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await soon(() => expect(screen.getByText('name of mr-2')).toBeTruthy());
  });
});

describe('JobPane', () => {
  it('reads only the parts that changed, and shows head, charts, workers, counters and failures', async () => {
    server.routes['GET jobs/mr-1'] = compute('mr-1');
    server.routes['GET jobs/mr-1/parts?since=0'] = {
      items: [part(0), part(1), part(2, { worker: 'w2' }), part(3, { state: 'failed', error: ERROR })],
      next: 7
    };
    server.routes['GET jobs/mr-1/parts?since=7'] = { items: [part(4)], next: 8 };
    const { executed } = renderView(model, <JobPane id="mr-1" visibility={new Visible()} />);
    await start();
    await soon(() => expect(screen.getByRole('application').getAttribute('aria-label')).toContain('4 attempts'));
    expect(boxes).toBeGreaterThanOrEqual(4);
    const map = document.querySelector('[data-oscar-phase="map"]')!;
    expect(map.textContent).toContain('50 %');
    expect(map.textContent).toContain('4 of 10 parts done');
    expect(screen.getByText('There is no combiner.')).toBeTruthy();
    expect(screen.getByRole('img', { name: '3 parts, half of them within 500 ms, the longest 500 ms' })).toBeTruthy();
    expect(screen.getByRole('region', { name: 'Workers' }).textContent).toContain('200 B/s');
    expect(screen.getByRole('region', { name: 'Counters' }).textContent).toContain('1,000 to 100 pairs (10 ×)');
    expect(screen.getByRole('region', { name: 'Failed parts' }).textContent).toContain('text.txt:900: apple');
    fireEvent.click(screen.getByRole('button', { name: 'Pause' }));
    expect(executed).toEqual([[CommandIDs.pauseCompute, { job: 'mr-1' }]]);

    server.stream.send('compute-job', { type: 'compute-job', id: 'mr-1', job: compute('mr-1', { revision: 2 }) });
    await soon(() => expect(screen.getByRole('application').getAttribute('aria-label')).toContain('5 attempts'));
    expect(server.count('GET jobs/mr-1/parts?since=0')).toBe(1);
  });

  it('zooms by keys and shows all again', async () => {
    server.routes['GET jobs/mr-1'] = compute('mr-1', { state: 'cancelled' });
    server.routes['GET jobs/mr-1/parts'] = { items: [part(0), part(9)], next: 2 };
    renderView(model, <JobPane id="mr-1" visibility={new Visible()} />);
    await start();
    const canvas = await screen.findByRole('application');
    const range = (): string => `${canvas.dataset.oscarFrom} ${canvas.dataset.oscarTo}`;
    expect(range()).toBe('0.0000 9.5000');
    fireEvent.keyDown(canvas, { key: '+' });
    fireEvent.keyDown(canvas, { key: 'End' });
    expect(Number(canvas.dataset.oscarFrom)).toBeCloseTo(9.5 - 9.5 / 1.4, 3);
    expect(canvas.dataset.oscarTo).toBe('9.5000');
    fireEvent.keyDown(canvas, { key: '0' });
    expect(range()).toBe('0.0000 9.5000');
  });

  it('shows the error with the traceback and the record', async () => {
    server.routes['GET jobs/mr-1'] = compute('mr-1', { state: 'failed', error: ERROR });
    server.routes['GET jobs/mr-1/parts'] = { items: [], next: 0 };
    const { executed } = renderView(model, <JobPane id="mr-1" visibility={new Visible()} />);
    await start();
    const alert = (await screen.findByText('ValueError: bad number')).closest<HTMLElement>('[role=alert]')!;
    expect(within(alert).getByLabelText('Traceback').textContent).toContain('line 3, in mapper');
    expect(within(alert).getByLabelText('Record').textContent).toBe('text.txt:900: apple');
    expect(alert.textContent).toContain('Map · part 3 · after 2 attempts');
    fireEvent.click(screen.getByRole('button', { name: 'Retry what is missing' }));
    expect(executed).toEqual([[CommandIDs.retryCompute, { job: 'mr-1' }]]);
  });

  it('shows the result page by page, with its files', async () => {
    server.routes['GET jobs/mr-1'] = compute('mr-1', {
      state: 'succeeded',
      results: 60,
      finishedAt: '2026-01-01T00:01:00Z'
    });
    server.routes['GET jobs/mr-1/parts'] = { items: [part(0)], next: 1 };
    const files = [{ name: 'a b/0_results', path: '/x', size: 12 }];
    server.routes['GET jobs/mr-1/result?offset=0&limit=50'] = { total: 60, items: [['one', 1]], files };
    server.routes['GET jobs/mr-1/result?offset=50&limit=50'] = { total: 60, items: [['last', { $py: 'nan' }]], files };
    renderView(model, <JobPane id="mr-1" visibility={new Visible()} />);
    await start();
    expect(await screen.findByRole('cell', { name: 'one' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Download a b/0_results' }).getAttribute('href')).toContain(
      'v1/jobs/mr-1/files/a%20b/0_results'
    );
    fireEvent.click(screen.getByRole('button', { name: 'Next' }));
    expect(await screen.findByRole('cell', { name: 'nan' })).toBeTruthy();
    expect(screen.getByText('51 to 60 of 60')).toBeTruthy();
  });

  it('follows the log, and says when the job is not there', async () => {
    server.routes['GET jobs/mr-1'] = compute('mr-1');
    server.routes['GET jobs/mr-1/parts'] = { items: [], next: 0 };
    const { request } = server;
    server.request = async (path, init) =>
      path.includes('/log')
        ? ({ ok: true, status: 200, body: logOf('[map 0] hello\n') } as unknown as Response)
        : request.call(server, path, init);
    const visible = new Visible();
    const { unmount } = renderView(model, <JobPane id="mr-1" visibility={visible} />);
    await start();
    expect(await screen.findByText('[map 0] hello')).toBeTruthy();
    await act(async () => {
      visible.value = false;
      visible.changed.emit();
    });
    expect(screen.queryByText('[map 0] hello')).toBeNull();
    unmount();
    renderView(model, <JobPane id="gone" visibility={new Visible()} />);
    await soon(() => expect(screen.getByRole('alert').textContent).toContain('Not found'));
  });
});

describe('words', () => {
  it('knows progress only when there is something to do', () => {
    expect(progressOf(compute('a', { phases: [] }))).toBeUndefined();
    expect(progressOf(compute('a'))).toBe(0.25);
  });

  it('shows values as Python does', () => {
    expect([valueText('a'), valueText({ $py: '{1, 2}' }), valueText([1, null]), valueText(undefined)]).toEqual([
      'a',
      '{1, 2}',
      '[1,null]',
      ''
    ]);
  });
});
