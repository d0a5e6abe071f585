import { until } from '../../testing/fake';
import type { IOpenFile } from './support';
import { openFile, TWO } from './support';

// jsdom does not have it; every browser does.
globalThis.structuredClone ??= <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

let file: IOpenFile;

const open = (text: string): IOpenFile => (file = openFile(text));
const ids = (): string[] => file.model.state.graph.nodes.map(node => node.id);

afterEach(() => file.close());

describe('the graph of a document', () => {
  it('shows what stands in the text, and follows it', async () => {
    const { model, shared } = open(TWO);
    expect(ids()).toEqual([
      'cluster:local',
      'service:local/grey',
      'service:local/read',
      'place:minio.default:grey/in',
      'place:minio.default:grey/out'
    ]);
    expect(model.state.empty).toBe(false);
    const at = shared.source.indexOf('name: read');
    shared.updateSource(at + 6, at + 10, 'look');
    await until(() => expect(ids()).toContain('service:local/look'));
    expect(model.state.selected).toBeNull();
  });

  it('writes what is done on it, as one step of undo', () => {
    const { model, shared } = open(TWO);
    const action = { type: 'add-service', name: 'third', image: 'a', script: 'b.sh', cluster: 'local' } as const;
    expect(model.run(action, 'done')).toBe(true);
    expect(shared.source).toMatch(/^# two services\n[^]*name: third\n/);
    expect(model.state).toMatchObject({ selected: 'service:local/third', message: { text: 'done', refused: false } });
    expect(model.canUndo).toBe(true);
    model.undo();
    expect(shared.source).toBe(TWO);
    expect(model.canRedo).toBe(true);
    model.redo();
    expect(shared.source).toContain('name: third');
  });

  it('says why something is refused, and changes nothing', () => {
    const { model, shared } = open(TWO);
    expect(model.run({ type: 'rename', node: 'service:local/grey', name: 'read' })).toBe(false);
    expect(model.state.message).toEqual({ text: 'The file has a service read already.', refused: true });
    expect(shared.source).toBe(TWO);
  });

  it('renames a service wherever it is named, as the command does', () => {
    const { model, shared, session } = open(TWO);
    const { text } = session.language.renameService(TWO, 'grey', 'gray');
    expect(model.run({ type: 'rename', node: 'service:local/grey', name: 'gray' })).toBe(true);
    expect(shared.source).toBe(text);
    expect(text).toContain('path: gray/in');
    expect(ids()).toContain('place:minio.default:gray/out');
    model.undo();
    expect(shared.source).toBe(TWO);
  });

  it('keeps the last picture while the text cannot be read', async () => {
    const { model, shared } = open(TWO);
    shared.updateSource(0, 0, 'a: [\n');
    await until(() => expect(model.state.stale).toBe(true));
    expect(ids()).toContain('service:local/grey');
    expect(model.remove('service:local/grey')).toBe(false);
    expect(model.state.message?.refused).toBe(true);
    shared.updateSource(0, 5, '');
    await until(() => expect(model.state.stale).toBe(false));
  });

  it('holds folders that nothing is connected to', () => {
    const { model, shared } = open(TWO);
    const id = model.addPlace('minio.default', 'new/out');
    expect([model.isLoose(id), model.state.selected, shared.source]).toEqual([true, id, TWO]);
    expect(model.run({ type: 'connect', from: { node: 'service:local/read' }, to: { node: id } })).toBe(true);
    expect(shared.source).toContain('path: new/out');
    expect([model.isLoose(id), ids().filter(item => item === id)]).toEqual([false, [id]]);
    const other = model.addPlace('minio.default', 'gone/out');
    expect(model.remove(other)).toBe(true);
    expect(ids()).not.toContain(other);
  });

  it('marks what has problems', () => {
    const { model } = open(TWO.replace('image: python:3.12-slim\n      script: read.sh', 'script: read.sh'));
    expect(model.state.marks.get('service:local/read')).toBe('error');
    expect(model.state.marks.has('service:local/grey')).toBe(false);
    expect(model.state.problems.some(problem => problem.severity === 'error')).toBe(true);
  });

  it('is empty for an empty file, and takes a first service', () => {
    const { model, shared } = open('');
    expect(model.state).toMatchObject({ empty: true, stale: false });
    model.run({ type: 'add-service', name: 'one', image: 'a', script: 'b.sh', cluster: 'local' });
    expect(shared.source).toMatch(/^functions:\n {2}oscar:\n/);
    expect(model.state.empty).toBe(false);
  });

  it('does nothing any more when it is closed', async () => {
    const { model, shared } = open(TWO);
    let changes = 0;
    model.stateChanged.connect(() => changes++);
    shared.updateSource(0, 1, '#');
    model.dispose();
    model.dispose();
    expect(model.isDisposed).toBe(true);
    shared.updateSource(0, 0, '#');
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(changes).toBe(0);
  });
});
