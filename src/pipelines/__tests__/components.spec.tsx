import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import * as React from 'react';

import { EventStream } from '../../bridge/events';
import type { PipelineProblem, PipelineRun, PipelineRunNode } from '../../contract';
import { OscarModel } from '../../oscar/model';
import { cluster, Failure, FakeDocument, FakeServer } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { PalettePane } from '../components/PalettePane';
import { ProblemList } from '../components/ProblemList';
import type { IRunActions } from '../components/RunsView';
import { RunsView } from '../components/RunsView';
import { makePalette } from '../palette';

// jsdom has none.
globalThis.structuredClone ??= <T,>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

let server: FakeServer;
let model: OscarModel;

beforeEach(() => {
  server = new FakeServer();
  const clusters = [cluster()];
  Object.assign(server.routes, {
    'GET status': { clusters },
    'GET clusters': { items: clusters },
    'GET clusters/local/services': { items: [] },
    'GET clusters/local/jobs': { items: [] }
  });
  const client = server.client();
  const stream = new EventStream({ source: client, document: new FakeDocument().asDocument(), delay: () => 1 });
  model = new OscarModel({ client, stream });
});

afterEach(() => {
  cleanup();
  model.dispose();
});

function node(id: string, change: Partial<PipelineRunNode> = {}): PipelineRunNode {
  return {
    id,
    label: `${id}.py`,
    kind: 'python',
    service: `sums-${id}`,
    cluster: 'local',
    state: 'done',
    after: [],
    attempt: 1,
    artifacts: [],
    ...change
  };
}

function run(id: string, change: Partial<PipelineRun> = {}): PipelineRun {
  return {
    id,
    pipeline: 'sums',
    file: 'work/sums.pipeline',
    cluster: 'local',
    state: 'done',
    revision: 1,
    parameters: {},
    steps: [],
    nodes: [node('make'), node('report', { after: ['make'] })],
    startedAt: `2026-01-01T00:00:0${id}Z`,
    finishedAt: '2026-01-01T00:01:00Z',
    ...change
  };
}

function actions(): IRunActions & { done: [string, ...unknown[]][] } {
  const done: [string, ...unknown[]][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void done.push([name, ...args.map(item => (typeof item === 'object' ? (item as { id: string }).id : item))]);
  return {
    done,
    runAgain: note('runAgain'),
    rerun: note('rerun'),
    cancel: note('cancel'),
    remove: note('remove'),
    openNotebook: note('openNotebook')
  };
}

async function show(items: PipelineRun[], file?: string): Promise<ReturnType<typeof actions>> {
  server.routes['GET pipelines/runs'] = { items };
  const told = actions();
  renderView(model, <RunsView file={file} actions={told} />);
  await waitFor(() => expect(document.querySelector('.jp-OscarRuns, .jp-OscarRuns-empty')).not.toBeNull());
  return told;
}

describe('the view of runs', () => {
  it('says that there are none, and begins one', async () => {
    const told = await show([], 'work/sums.pipeline');
    fireEvent.click(await screen.findByRole('button', { name: 'Run on cluster…' }));
    expect(told.done).toEqual([['runAgain']]);
  });

  it('says what went wrong when the history cannot be read', async () => {
    server.routes['GET pipelines/runs'] = new Failure(503, { title: 'The bridge is away', detail: 'It ended.' });
    renderView(model, <RunsView actions={actions()} />);
    expect((await screen.findByRole('alert')).textContent).toContain('The bridge is away');
  });

  it('lists the runs of the file, newest first, and deletes one that has ended', async () => {
    const told = await show(
      [run('1'), run('2', { state: 'failed' }), run('3', { file: 'other.pipeline' })],
      'work/sums.pipeline'
    );
    const rows = within(screen.getByRole('navigation', { name: 'Runs' }));
    expect(document.querySelectorAll('.jp-OscarRunRow')).toHaveLength(2);
    expect(document.querySelector('.jp-OscarRun')!.getAttribute('data-oscar-run')).toBe('2');
    fireEvent.click(rows.getAllByRole('button', { name: 'Delete this run…' })[1]);
    expect(told.done).toEqual([['remove', '1']]);
    fireEvent.click(document.querySelector('.jp-OscarRunRow[data-oscar-run="1"] button')!);
    expect(document.querySelector('.jp-OscarRun')!.getAttribute('data-oscar-run')).toBe('1');
  });

  it('shows what failed first, with its reason, and goes on from there or from a node', async () => {
    const told = await show(
      [
        run('1', {
          state: 'failed',
          nodes: [
            node('make'),
            node('breaks', { state: 'failed', exitCode: 3, reason: 'It ended with exit code 3.', after: ['make'] }),
            node('after', { state: 'skipped', after: ['breaks'] })
          ]
        })
      ],
      'work/sums.pipeline'
    );
    expect(screen.getByRole('region', { name: 'breaks.py' }).textContent).toContain('exit code 3');
    fireEvent.click(screen.getByRole('button', { name: 'Run again from what failed' }));
    fireEvent.click(document.querySelector('[data-oscar-node="make"]')!);
    fireEvent.click(screen.getByRole('button', { name: 'Run again from here' }));
    fireEvent.click(document.querySelector('[data-oscar-node="after"]')!);
    // It has not run: there is nothing to run again.
    expect(screen.queryByRole('button', { name: 'Run again from here' })).toBeNull();
    expect(screen.getByText(/has not begun/)).toBeTruthy();
    expect(told.done).toEqual([
      ['rerun', '1'],
      ['rerun', '1', 'make']
    ]);
  });

  it('offers only to cancel while it goes on, and moves between steps with the arrows', async () => {
    const told = await show(
      [run('1', { state: 'running', finishedAt: undefined, nodes: [node('make'), node('sum', { state: 'running' })] })],
      'work/sums.pipeline'
    );
    expect(screen.queryByRole('button', { name: 'New run…' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Delete this run…' })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(told.done).toEqual([['cancel', '1']]);
    const steps = screen.getByRole('group', { name: 'Steps' });
    const [first, second] = steps.querySelectorAll<HTMLElement>('.jp-OscarRunNode');
    first.focus();
    fireEvent.keyDown(first, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(second);
  });
});

describe('the palette', () => {
  it('is searched by name and description, and adds with keys', () => {
    const added: string[] = [];
    const view = { trans: { __: (text: string) => text } as never, clusters: [], images: [], used: [] };
    const palette = makePalette({ ...view, services: [{ name: 'ocr', exposed: false }] });
    renderView(model, <PalettePane palette={palette} onAdd={op => added.push(op)} />);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'OCR' } });
    const entries = screen.getAllByRole('button');
    expect(entries).toHaveLength(1);
    fireEvent.keyDown(entries[0], { key: 'Enter' });
    fireEvent.keyDown(entries[0], { key: ' ' });
    fireEvent.keyDown(entries[0], { key: 'x' });
    fireEvent.doubleClick(entries[0]);
    expect(added).toEqual(['oscar-service:ocr', 'oscar-service:ocr', 'oscar-service:ocr']);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'nothing like this' } });
    expect(screen.getByText('Nothing has this name.')).toBeTruthy();
  });
});

describe('the list of problems', () => {
  const problem = (change: Partial<PipelineProblem>): PipelineProblem => ({
    code: 'c',
    severity: 'error',
    message: 'Wrong.',
    file: 'f',
    line: 1,
    column: 1,
    endLine: 1,
    endColumn: 1,
    ...change
  });

  it('counts, names the node once, and leads to it', () => {
    const chosen: string[] = [];
    const { container } = renderView(
      model,
      <ProblemList
        problems={[
          problem({ severity: 'warning', message: 'Of the pipeline.' }),
          problem({ node: 'super/a', label: 'make.py', message: 'It has no image.' }),
          problem({ node: 'b', label: 'last', message: '“last” has no command.' })
        ]}
        onSelect={node => chosen.push(node)}
      />
    );
    expect(container.textContent).toContain('2 errors, 1 warning');
    expect([...container.querySelectorAll('strong')].map(item => item.textContent)).toEqual(['make.py']);
    container.querySelectorAll<HTMLElement>('button.jp-OscarPipeline-problem').forEach(item => item.click());
    expect(chosen).toEqual(['a', 'b']);
    fireEvent.click(screen.getByRole('button', { expanded: true }));
    expect(container.querySelector('ul')).toBeNull();
  });

  it('is not there when there is nothing to say', () => {
    const { container } = renderView(model, <ProblemList problems={[]} onSelect={() => undefined} />);
    expect(container.textContent).toBe('');
  });
});
