import { listenForKeys } from '../canvas/keyboard';

/** A canvas of two nodes with what the keys use of its controller. */
function setUp(): {
  press: (key: string, init?: KeyboardEventInit) => KeyboardEvent;
  actions: { editType: string; [key: string]: unknown }[];
  said: string[];
  selected: () => string[];
  canvas: HTMLElement;
  host: HTMLElement;
  links: { srcNodeId: string; trgNodeId: string }[];
  end: () => void;
} {
  const host = document.createElement('div');
  host.innerHTML =
    '<div class="d3-svg-canvas-div" tabindex="0"></div><div class="elyricon elyricon-properties" title="Node Properties"></div><form class="elyra-formEditor"><input></form>';
  document.body.append(host);
  const canvas = host.querySelector<HTMLElement>('.d3-svg-canvas-div')!;
  const actions: { editType: string; [key: string]: unknown }[] = [];
  const links: { srcNodeId: string; trgNodeId: string }[] = [];
  const said: string[] = [];
  let selection: string[] = [];
  const controller = {
    editActionHandler: (data: { editType: string }) => void actions.push(data),
    getSelectedObjectIds: () => selection,
    setSelections: (ids: string[]) => void (selection = ids),
    getZoomToReveal: () => undefined,
    getNodes: () => [
      { id: 'a', x_pos: 0, y_pos: 0 },
      { id: 'b', x_pos: 200, y_pos: 0 }
    ],
    getNode: () => ({ inputs: [{ id: 'inPort' }], outputs: [{ id: 'outPort' }] }),
    getLinks: () => links,
    getPrimaryPipelineId: () => 'primary'
  };
  const end = listenForKeys(host, {
    controller: () => controller as never,
    words: () => ({
      chosen: id => `chosen ${id}`,
      connecting: (from, to) => `connecting ${from} ${to}`,
      connected: (from, to) => `connected ${from} ${to}`
    }),
    say: words => void said.push(words)
  });
  const press = (key: string, init: KeyboardEventInit = {}): KeyboardEvent => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init });
    (document.activeElement ?? canvas).dispatchEvent(event);
    return event;
  };
  canvas.focus();
  return { press, actions, said, selected: () => selection, canvas, host, links, end };
}

afterEach(() => document.body.replaceChildren());

describe('the keys of the canvas', () => {
  it('choose nodes with the arrows and say them', () => {
    const { press, said, selected } = setUp();
    press('ArrowRight');
    expect(selected()).toEqual(['a']);
    press('ArrowRight');
    expect(selected()).toEqual(['b']);
    expect(said).toEqual(['chosen a', 'chosen b']);
  });

  it('connect two nodes, once', () => {
    const { press, actions, said, links } = setUp();
    press('ArrowRight');
    press('c');
    press('ArrowRight');
    press('Enter');
    expect(actions).toEqual([
      expect.objectContaining({
        editType: 'linkNodes',
        nodes: [{ id: 'a', portId: 'outPort' }],
        targetNodes: [{ id: 'b', portId: 'inPort' }],
        pipelineId: 'primary'
      })
    ]);
    expect(said[said.length - 1]).toBe('connected a b');
    links.push({ srcNodeId: 'a', trgNodeId: 'b' });
    press('ArrowLeft');
    press('c');
    press('ArrowRight');
    press('Enter');
    expect(actions).toHaveLength(1);
  });

  it('leave connecting with Escape, with the focus, and on the node itself', () => {
    const { press, actions, selected, host, canvas } = setUp();
    press('ArrowRight');
    press('c');
    press('ArrowRight');
    press('Escape');
    expect(selected()).toEqual(['a']);
    press('c');
    press('Enter');
    expect(actions).toEqual([]);
    press('c');
    host.querySelector('input')!.focus();
    canvas.focus();
    press('Enter');
    expect(actions.map(item => item.editType)).toEqual(['properties']);
  });

  it('leave to JupyterLab and to fields what is theirs', () => {
    const { press, actions, selected, host } = setUp();
    expect(press('c').defaultPrevented).toBe(false);
    expect(press('Enter').defaultPrevented).toBe(false);
    expect(press('ArrowRight', { ctrlKey: true }).defaultPrevented).toBe(false);
    host.querySelector('input')!.focus();
    expect(press('ArrowRight').defaultPrevented).toBe(false);
    expect(press('c').defaultPrevented).toBe(false);
    expect(selected()).toEqual([]);
    expect(actions).toEqual([]);
  });

  it('reach the tabs that the library draws, and lead back from a form', () => {
    const { press, host, canvas, end } = setUp();
    const tab = host.querySelector<HTMLElement>('.elyricon')!;
    const clicks: Event[] = [];
    tab.addEventListener('click', event => clicks.push(event));
    press('Tab');
    expect(tab.getAttribute('role')).toBe('button');
    expect(tab.getAttribute('aria-label')).toBe('Node Properties');
    tab.focus();
    press('Enter');
    press(' ');
    expect(clicks).toHaveLength(2);
    host.querySelector('input')!.focus();
    press('Escape');
    expect(document.activeElement).toBe(canvas);
    end();
    press('ArrowRight');
  });
});
