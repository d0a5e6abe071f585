import type { IFlow } from '../flow';
import { allNodes, emptyFlow } from '../flow';
import { patchJson } from '../jsontext';
import { fromCanvas, toCanvas, withoutBadges } from '../merge';

// The page's types have no Node: what the tests read with is told here.
declare const __dirname: string;
const fs = jest.requireActual<{
  existsSync(path: string): boolean;
  readdirSync(path: string): string[];
  readFileSync(path: string, encoding: 'utf8'): string;
}>('fs');

const FOLDER = `${__dirname}/../../../../shared/data/pipelines`;
const files = fs.existsSync(FOLDER) ? fs.readdirSync(FOLDER).filter(name => /__v8__.*\.pipeline$/.test(name)) : [];

function read(name: string): { text: string; flow: IFlow } {
  const found = fs.readFileSync(`${FOLDER}/${name}`, 'utf8');
  const flow = withoutBadges(JSON.parse(found) as IFlow);
  // Badges are all that may go.
  const text = patchJson(found, flow);
  expect(text.replace(/,\s*"decorations"[^\]]*\]/g, '')).toBe(found.replace(/,\s*"decorations"[^\]]*\]/g, ''));
  return { text, flow };
}

/** What the canvas does to a pipeline by itself. */
function settle(flow: IFlow): IFlow {
  const canvas = toCanvas(flow);
  for (const { node } of allNodes(canvas)) {
    node.app_data ??= {};
    node.app_data.ui_data = {
      ...node.app_data.ui_data,
      image: 'data:image/svg+xml;utf8,x',
      description: 'Filled in',
      decorations: [{ id: 'error' }]
    };
    node.app_data.component_parameters = {
      dependencies: [],
      env_vars: [],
      include_subdirectories: false,
      kubernetes_secrets: [],
      ...node.app_data.component_parameters
    };
    delete node.description;
    for (const port of node.inputs ?? []) {
      port.links = (port.links ?? []).map(link => ({
        ...link,
        type: 'nodeLink',
        class_name: 'd3-data-link',
        app_data: {}
      }));
    }
  }
  return canvas;
}

/** Lines that differ. */
function changedLines(a: string, b: string): string[] {
  const old = a.split('\n');
  return b.split('\n').filter((line, index) => line !== old[index]);
}

if (files.length === 0) {
  console.warn('SKIPPED: round trips of real pipelines; ../shared/data/pipelines is missing.');
}
const withFiles = files.length > 0 ? describe : describe.skip;

withFiles('Real files', () => {
  it.each(files)('%s: what the canvas does by itself changes nothing', name => {
    const { text, flow } = read(name);
    expect(patchJson(text, fromCanvas(flow, settle(flow)))).toBe(text);
  });

  it.each(files)('%s: a new label changes only the label', name => {
    const { text, flow } = read(name);
    const canvas = settle(flow);
    const node = [...allNodes(canvas)].map(item => item.node).find(item => item.type === 'execution_node')!;
    const had = node.app_data!.label !== undefined;
    node.app_data!.label = 'Another “name”';
    const next = patchJson(text, fromCanvas(flow, canvas));
    const changed = JSON.parse(next) as IFlow;
    const found = [...allNodes(changed)].find(item => item.node.id === node.id)!.node;
    expect(found.app_data!.label).toBe('Another “name”');
    expect(found.app_data!.ui_data!.label).toBe('Another “name”');
    if (had) {
      expect(next.split('\n')).toHaveLength(text.split('\n').length);
      expect(changedLines(text, next).every(line => line.includes('"label": "Another “name”"'))).toBe(true);
      expect(changedLines(text, next).length).toBeLessThanOrEqual(2);
    }
  });

  it.each(files)('%s: a node is removed with its links and nothing else', name => {
    const { text, flow } = read(name);
    const canvas = settle(flow);
    const gone = canvas.pipelines[0].nodes.pop()!;
    for (const { node } of allNodes(canvas)) {
      for (const port of node.inputs ?? []) {
        port.links = port.links?.filter(link => link.node_id_ref !== gone.id);
      }
    }
    for (const comment of canvas.pipelines[0].app_data?.ui_data?.comments ?? []) {
      const refs = comment.associated_id_refs as { node_ref: string }[];
      comment.associated_id_refs = refs.filter(ref => ref.node_ref !== gone.id);
    }
    const next = patchJson(text, fromCanvas(flow, canvas));
    expect(next).not.toContain(gone.id);
    const lines = new Set(text.split('\n').map(line => line.replace(/,$/, '')));
    const fresh = next.split('\n').filter(line => !lines.has(line.replace(/,$/, '')));
    expect(fresh.filter(line => !/\[\]|\{\}/.test(line))).toEqual([]);
  });
});

describe('fromCanvas', () => {
  const file = (): IFlow => {
    const flow = emptyFlow();
    flow.pipelines[0].nodes.push({
      id: 'a',
      type: 'execution_node',
      op: 'execute-python-node',
      mine: true,
      app_data: {
        label: '',
        component_parameters: { filename: 'a.py', custom: { keep: 1 }, outputs: ['x.csv'] },
        ui_data: { label: 'a.py', x_pos: 1, y_pos: 2, description: 'as it was' }
      },
      inputs: [{ id: 'inPort' }],
      outputs: [{ id: 'outPort' }]
    });
    return flow;
  };

  it('keeps what it does not know', () => {
    const flow = file();
    const canvas = toCanvas(flow);
    delete canvas.pipelines[0].nodes[0].mine;
    canvas.pipelines[0].nodes[0].app_data!.ui_data!.x_pos = 50;
    const node = fromCanvas(flow, canvas).pipelines[0].nodes[0];
    expect(node.mine).toBe(true);
    expect(node.app_data!.component_parameters).toEqual({ filename: 'a.py', custom: { keep: 1 }, outputs: ['x.csv'] });
    expect(node.app_data!.ui_data).toEqual({ label: 'a.py', x_pos: 50, y_pos: 2, description: 'as it was' });
  });

  it('names a node that was just dropped', () => {
    const flow = file();
    const canvas = toCanvas(flow);
    canvas.pipelines[0].nodes.push({
      id: 'b',
      type: 'execution_node',
      op: 'oscar-service:ocr',
      app_data: {
        label: '',
        component_parameters: { service: 'ocr', cpu: null },
        ui_data: { label: '', x_pos: 1, y_pos: 1 }
      },
      inputs: [{ id: 'inPort', links: [{ id: 'l', node_id_ref: 'a', port_id_ref: 'outPort', class_name: 'x' }] }]
    });
    const node = fromCanvas(flow, canvas).pipelines[0].nodes[1];
    expect(node.op).toBe('oscar-service');
    expect(node.app_data!.ui_data!.label).toBe('ocr');
    expect(node.app_data!.component_parameters).toEqual({ service: 'ocr' });
    expect(node.inputs![0].links).toEqual([{ id: 'l', node_id_ref: 'a', port_id_ref: 'outPort' }]);
    expect(toCanvas(fromCanvas(flow, canvas)).pipelines[0].nodes[1].op).toBe('oscar-service:ocr');
  });

  it('takes away what the user emptied, and writes no empty rows', () => {
    const flow = file();
    const canvas = toCanvas(flow);
    const values = canvas.pipelines[0].nodes[0].app_data!.component_parameters!;
    values.outputs = [];
    values.env_vars = [{ env_var: 'A', value: '1' }, {}];
    values.dependencies = [null, ''];
    values.cpu = 2;
    const node = fromCanvas(flow, canvas).pipelines[0].nodes[0];
    expect(node.app_data!.component_parameters).toEqual({
      filename: 'a.py',
      custom: { keep: 1 },
      outputs: [],
      env_vars: [{ env_var: 'A', value: '1' }],
      cpu: 2
    });
  });

  it('removes a value that the form removed', () => {
    const flow = file();
    const canvas = toCanvas(flow);
    delete canvas.pipelines[0].nodes[0].app_data!.component_parameters!.outputs;
    expect(fromCanvas(flow, canvas).pipelines[0].nodes[0].app_data!.component_parameters).toEqual({
      filename: 'a.py',
      custom: { keep: 1 }
    });
  });

  it('keeps what is known of nodes that move into a supernode', () => {
    const flow = file();
    const canvas = toCanvas(flow);
    const [node] = canvas.pipelines[0].nodes.splice(0, 1);
    delete node.mine;
    canvas.pipelines[0].nodes.push({ id: 's', type: 'super_node', subflow_ref: { pipeline_id_ref: 'p2' } });
    canvas.pipelines.push({ id: 'p2', nodes: [node], app_data: { ui_data: { comments: [] } }, runtime_ref: '' });
    const next = fromCanvas(flow, canvas);
    expect(next.pipelines[1].nodes[0].mine).toBe(true);
  });
});
