import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import * as React from 'react';

import { until } from '../../testing/fake';
import { renderView } from '../../testing/render';
import { GraphView } from '../graph/View';
import type { IOpenFile } from './support';
import { openFile, TWO } from './support';

// jsdom does not have these; every browser does.
globalThis.structuredClone ??= <T,>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
globalThis.PointerEvent ??= class extends MouseEvent {} as typeof PointerEvent;
globalThis.requestIdleCallback ??= work => setTimeout(work, 0) as unknown as number;
SVGElement.prototype.setPointerCapture = () => undefined;

let file: IOpenFile;
let root: HTMLElement;

function show(text: string): void {
  file = openFile(text);
  root = renderView(file.oscar, <GraphView model={file.model} actions={file.actions} />).container;
}

afterEach(() => {
  cleanup();
  file.close();
  document.body.replaceChildren();
});

const node = (id: string): Element => {
  const found = [...root.querySelectorAll('[data-node]')].find(item => item.getAttribute('data-node') === id);
  if (!found) {
    throw new Error(`There is no node ${id}`);
  }
  return found;
};
const GREY = 'service:local/grey';
const READ = 'service:local/read';
const OUT = 'place:minio.default:grey/out';

const press = (id: string, key: string): void => {
  act(() => (node(id) as SVGGElement).focus());
  fireEvent.keyDown(node(id), { key });
};

/** The dialog in front; jsdom takes it for hidden, since it knows nothing of JupyterLab's styles. */
async function dialogInFront(): Promise<HTMLElement> {
  await act(() => until(() => expect(document.querySelector('.jp-Dialog .jp-OscarFdlForm')).not.toBeNull()));
  return document.querySelector<HTMLElement>('.jp-Dialog')!;
}

/** Fill the dialog in front and press a button of it. */
async function answer(values: { [label: string]: string }, button: string): Promise<void> {
  const dialog = await dialogInFront();
  for (const [label, value] of Object.entries(values)) {
    fireEvent.change(within(dialog).getByLabelText(label), { target: { value } });
  }
  await act(async () => {
    fireEvent.click(within(dialog).getByRole('button', { name: button, hidden: true }));
    await until(() => expect(document.querySelector('.jp-Dialog')).toBeNull());
  });
}

describe('the picture', () => {
  it('names everything for those who hear it', () => {
    show(TWO);
    expect(node(GREY).getAttribute('aria-label')).toBe('Service grey; python:3.12-slim; from grey/in; to grey/out');
    expect(root.querySelectorAll('[data-edge]')).toHaveLength(2);
    // One of all is in the tab order.
    expect(
      [...root.querySelectorAll('[data-node]')].filter(item => item.getAttribute('tabindex') === '0')
    ).toHaveLength(1);
  });

  it('connects with the keyboard alone', () => {
    show(TWO);
    press(OUT, 'c');
    expect(root.querySelector('[role=status]')?.textContent).toContain('Connecting from grey/out');
    press(OUT, 'Escape');
    press(READ, 'Enter');
    expect(file.asked).toEqual([['showText', 14, 5]]);
    expect(file.shared.source).toBe(TWO);
    press(OUT, 'c');
    press(READ, 'Enter');
    expect(file.shared.source).toContain(
      'script: read.sh\n      input:\n      - storage_provider: minio.default\n        path: grey/out'
    );
    expect(file.asked).toHaveLength(1);
  });

  it('is walked through with the arrow keys', () => {
    show(TWO);
    press('place:minio.default:grey/in', 'ArrowRight');
    expect(file.model.state.selected).toBe(GREY);
    expect(document.activeElement).toBe(node(GREY));
  });

  it('removes with Delete, and takes it back with Ctrl Z', () => {
    show(TWO);
    press(READ, 'Delete');
    expect(file.shared.source).not.toContain('read');
    expect(root.textContent).toContain('read was removed. Undo brings it back.');
    fireEvent.keyDown(root.querySelector('.jp-OscarFdlGraph')!, { key: 'z', ctrlKey: true });
    expect(file.shared.source).toBe(TWO);
  });

  it('renames with F2, everywhere', async () => {
    show(TWO);
    press(GREY, 'F2');
    await answer({ Name: 'gray' }, 'Rename');
    expect(file.shared.source).toBe(TWO.replace(/grey(?!\.sh)/g, 'gray'));
    expect(root.textContent).toContain('grey is gray now.');
    expect(node('service:local/gray')).toBeTruthy();
  });

  it('draws a connection with the mouse', async () => {
    show(TWO);
    const port = node(READ).querySelector('.jp-OscarFdlGraph-port')!;
    const svg = root.querySelector('.jp-OscarFdlGraph-svg')!;
    let under: Element | null = node('place:minio.default:grey/in').querySelector('rect');
    document.elementFromPoint = () => under;
    fireEvent.pointerDown(port, { clientX: 5, clientY: 5 });
    fireEvent.pointerMove(svg, { clientX: 900, clientY: 900 });
    expect(root.querySelector('.jp-OscarFdlGraph-new')).not.toBeNull();
    fireEvent.pointerUp(svg, { clientX: 900, clientY: 900 });
    expect(file.shared.source).toContain(
      'script: read.sh\n      output:\n      - storage_provider: minio.default\n        path: grey/in'
    );

    // Dropped where nothing is: where does it write?
    under = null;
    fireEvent.pointerDown(node(READ).querySelector('.jp-OscarFdlGraph-port')!, { clientX: 5, clientY: 5 });
    fireEvent.pointerMove(svg, { clientX: 900, clientY: 900 });
    fireEvent.pointerUp(svg, { clientX: 900, clientY: 900 });
    await answer({ 'Bucket and folder': 'texts/out' }, 'Add');
    expect(file.shared.source).toContain('path: texts/out');
  });

  it('adds a service with the first free name', async () => {
    show(TWO.replace(/name: read/, 'name: my-service'));
    fireEvent.click(screen.getByRole('button', { name: 'Add a service' }));
    const dialog = await dialogInFront();
    expect((within(dialog).getByLabelText('Name') as HTMLInputElement).value).toBe('my-service-2');
    await answer({ Image: 'busybox', Cluster: 'edge' }, 'Add');
    expect(file.shared.source).toContain('  - edge:\n      name: my-service-2\n      image: busybox\n');
    expect(root.textContent).toContain('my-service-2 was added.');
  });

  it('changes nothing when a dialog is cancelled', async () => {
    show(TWO);
    fireEvent.click(screen.getByRole('button', { name: 'Add a cluster' }));
    await answer({}, 'Cancel');
    expect(file.shared.source).toBe(TWO);
  });
});

describe('what is chosen', () => {
  it('can be disconnected and connected without a mouse', () => {
    show(TWO);
    act(() => file.model.select(GREY));
    const details = screen.getByRole('complementary', { name: 'Service' });
    fireEvent.click(within(details).getByRole('button', { name: 'Remove: grey writes to grey/out' }));
    expect(file.shared.source).not.toContain('output:');
    fireEvent.change(within(details).getByLabelText('Connect to'), { target: { value: READ } });
    expect(file.shared.source).toContain('path: grey/out');
  });

  it('moves to another cluster, which the picture then has', async () => {
    show(TWO);
    act(() => file.model.select(READ));
    fireEvent.click(screen.getByRole('button', { name: 'Move to cluster…' }));
    await answer({ Cluster: 'cloud' }, 'Move');
    expect(file.shared.source).toContain('  - cloud:\n      name: read');
    expect(node('cluster:cloud')).toBeTruthy();
  });

  it('shows a connection, too', () => {
    show(TWO);
    fireEvent.pointerDown(root.querySelector('[data-edge^="input"]')!);
    const details = screen.getByRole('complementary', { name: 'Connection' });
    expect(details.textContent).toContain('New files in grey/in start grey');
    fireEvent.click(within(details).getByRole('button', { name: 'Remove' }));
    expect(file.shared.source).not.toContain('grey/in');
  });
});

describe('around the picture', () => {
  it('an empty file offers the first step', async () => {
    show('');
    expect(root.textContent).toContain('Nothing is in this file yet.');
    fireEvent.click(root.querySelector('.jp-OscarFdlGraph-empty button')!);
    await answer({ Name: 'one' }, 'Add');
    expect(file.shared.source).toContain('name: one');
  });

  it('problems lead to their places, and broken text stops the canvas', async () => {
    show(TWO.replace('image: python:3.12-slim\n      script: read.sh', 'script: read.sh'));
    const problem = root.querySelector('.jp-OscarFdlGraph-problems button')!;
    fireEvent.click(problem);
    expect(file.asked[0][0]).toBe('showText');
    act(() => file.shared.updateSource(0, 0, 'a: [\n'));
    await act(() => until(() => expect(file.model.state.stale).toBe(true)));
    expect(root.textContent).toContain('The text cannot be read at the moment');
    expect((screen.getByRole('button', { name: 'Add a service' }) as HTMLButtonElement).disabled).toBe(true);
  });

  it('the tools ask for a check, a plan, and to apply', () => {
    show(TWO);
    for (const name of ['Check', 'Plan', 'Apply to cluster']) {
      fireEvent.click(screen.getByRole('button', { name }));
    }
    expect(file.asked.map(([name]) => name)).toEqual(['check', 'plan', 'apply']);
  });
});
