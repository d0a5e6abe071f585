import { Signal } from '@lumino/signaling';

import type { PipelineProblem } from '../../contract';
import { until } from '../../testing/fake';
import { createEmptyText } from '../constants';
import { PipelineDocument } from '../document';
import type { IFlow } from '../flow';
import { emptyFlow } from '../flow';
import type { ILanguage } from '../language';

class FakeModel {
  dirty = false;
  readonly contentChanged = new Signal<this, void>(this) as never;

  constructor(private _text: string) {}

  toString(): string {
    return this._text;
  }

  fromString(text: string): void {
    this._text = text;
    (this.contentChanged as unknown as Signal<this, void>).emit();
  }
}

const found = (code: string): PipelineProblem => ({
  code,
  severity: 'error',
  message: code,
  file: 'a.pipeline',
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 1
});

/** Files that hold `old` are of an older version; those that hold `bad-op` have a problem. */
const language: ILanguage = {
  check: text => [
    ...(text.includes('bad-op') ? [found('bad-op')] : []),
    ...(text.includes('"nodes": []') ? [found('no-nodes')] : [])
  ],
  migrate: text => {
    try {
      const flow = JSON.parse(text) as IFlow;
      return { flow, changes: text.includes('"old"') ? ['It was old.'] : [], problems: [] };
    } catch {
      return { changes: [], problems: [found('json')] };
    }
  }
};

function flowOf(...ids: string[]): IFlow {
  const flow = emptyFlow();
  flow.pipelines[0].nodes = ids.map(id => ({
    id,
    type: 'execution_node',
    op: 'oscar-command',
    app_data: { label: id, component_parameters: { command: 'true' }, ui_data: { label: id } }
  }));
  return flow;
}

const text = (flow: IFlow): string => JSON.stringify(flow, null, 2);

async function opened(content: string): Promise<{ model: FakeModel; document: PipelineDocument }> {
  const model = new FakeModel(content);
  const document = new PipelineDocument({
    model: model as never,
    language: async () => language,
    checkOptions: () => ({ file: 'a.pipeline' })
  });
  await until(() => expect(document.state.phase).not.toBe('loading'));
  return { model, document };
}

describe('a pipeline between text and canvas', () => {
  it('is not changed by being opened', async () => {
    const { model, document } = await opened(text(flowOf('a')));
    document.edit(JSON.parse(JSON.stringify(document.state.flow)) as IFlow);
    expect(model.dirty).toBe(false);
    expect(model.toString()).toBe(text(flowOf('a')));
    document.dispose();
  });

  it('writes an edit into the text, and only that', async () => {
    const { model, document } = await opened(text(flowOf('a', 'b')));
    const canvas = JSON.parse(JSON.stringify(document.state.flow)) as IFlow;
    canvas.pipelines[0].nodes[1].app_data!.component_parameters!.command = 'false';
    document.edit(canvas);
    const lines = text(flowOf('a', 'b')).split('\n');
    const changed = model
      .toString()
      .split('\n')
      .filter((line, index) => line !== lines[index]);
    expect(changed.map(line => line.trim())).toEqual(['"command": "false"']);
    expect(model.dirty).toBe(true);
    document.dispose();
  });

  it('takes what was written from outside, and not its own words for that', async () => {
    const { model, document } = await opened(text(flowOf('a')));
    const first = document.state.flow;
    model.fromString(text(flowOf('a')));
    expect(document.state.flow).toBe(first);
    model.fromString(text(flowOf('a', 'b')));
    await until(() => expect(document.state.flow?.pipelines[0].nodes).toHaveLength(2));
    document.dispose();
  });

  it('tells what an old file was changed in, and what cannot be read, and comes back when it is mended', async () => {
    const old = flowOf('a');
    old.pipelines[0].nodes[0].app_data!.label = 'old';
    const { model, document } = await opened(text(old));
    expect(document.state.migration).toEqual(['It was old.']);
    model.fromString('{"pipelines": [');
    await until(() => expect(document.state.phase).toBe('broken'));
    expect(document.state).toMatchObject({ flow: null, problems: [{ code: 'json' }] });
    // There is nothing to edit.
    document.edit(flowOf('x'));
    expect(model.toString()).toBe('{"pipelines": [');
    model.fromString(text(flowOf('a')));
    await until(() => expect(document.state.phase).toBe('ready'));
    document.dispose();
  });

  it('is ready at once when it is empty, without a word of that; a fuller check may say it', async () => {
    for (const content of ['', createEmptyText()]) {
      const { document } = await opened(content);
      expect(document.state.flow?.pipelines[0].nodes).toEqual([]);
      await new Promise(resolve => setTimeout(resolve, 20));
      expect(document.state.problems).toEqual([]);
      document.show([found('no-nodes')]);
      expect(document.state.problems).toHaveLength(1);
      document.dispose();
    }
  });

  it('checks after an edit and when the cluster is another', async () => {
    const { document } = await opened(text(flowOf('a')));
    const canvas = JSON.parse(JSON.stringify(document.state.flow)) as IFlow;
    canvas.pipelines[0].nodes[0].app_data!.component_parameters!.command = 'bad-op';
    document.edit(canvas);
    await until(() => expect(document.state.problems.map(item => item.code)).toEqual(['bad-op']));
    document.show([]);
    document.recheck();
    await until(() => expect(document.state.problems).toHaveLength(1));
    document.dispose();
    // Nothing is told after the end.
    document.show([]);
    expect(document.state.problems).toHaveLength(1);
  });
});
