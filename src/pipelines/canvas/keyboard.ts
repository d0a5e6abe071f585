import type { ICanvasWords } from '../canvasapi';
import type { IBox } from '../keys';
import { isArrow, neighbour } from '../keys';
import type { IController } from './controller';
import { reveal } from './controller';

interface IKeyOptions {
  controller: () => IController | null;
  words: () => ICanvasWords;
  /** Tell how things stand; an empty text takes that away. */
  say: (text: string) => void;
}

/** What the library draws as a button and no key reaches: the tabs of the panel, and what closes it. */
const DEAF =
  '.elyricon, [title="Edit pipeline properties"], [title="Edit pipeline parameters"], [title="Edit node properties"]';

/**
 * The canvas by keys, of which its library knows but a few: arrows go from node to node, C connects, Enter opens the form and Escape leads
 * back. Answers what ends it.
 */
export function listenForKeys(host: HTMLElement, options: IKeyOptions): () => void {
  let source: string | null = null;

  const canvas = (): HTMLElement | null => host.querySelector<HTMLElement>('.d3-svg-canvas-div');

  const choose = (controller: IController, key: string): void => {
    const boxes = boxesOf(controller);
    const from = controller.getSelectedObjectIds().find(id => boxes.some(box => box.id === id));
    const next = neighbour(boxes, from, key);
    if (next !== undefined) {
      controller.setSelections([next]);
      reveal(controller, [next]);
      const words = options.words();
      options.say(source === null ? words.chosen(next) : words.connecting(source, next));
    }
  };

  const connect = (controller: IController, from: string): void => {
    const to = controller.getSelectedObjectIds().find(id => boxesOf(controller).some(box => box.id === id));
    const words = options.words();
    source = null;
    if (to === undefined || to === from) {
      options.say('');
    } else if (isLinked(controller, from, to)) {
      options.say(words.connected(from, to));
    } else {
      controller.editActionHandler({
        editType: 'linkNodes',
        editSource: 'canvas',
        nodes: [{ id: from, portId: portOf(controller, from, 'outputs') }],
        targetNodes: [{ id: to, portId: portOf(controller, to, 'inputs') }],
        type: 'nodeLink',
        linkType: 'data',
        pipelineId: controller.getPrimaryPipelineId()
      });
      options.say(words.connected(from, to));
    }
  };

  const onCanvasKey = (event: KeyboardEvent, controller: IController): boolean => {
    const chosen = controller.getSelectedObjectIds();
    if (isArrow(event.key)) {
      choose(controller, event.key);
      return true;
    }
    switch (event.key) {
      case 'c':
      case 'C':
        if (chosen.length !== 1) {
          return false;
        }
        source = chosen[0];
        options.say(options.words().connecting(source, source));
        return true;
      case 'Escape':
        if (source === null) {
          return false;
        }
        controller.setSelections([source]);
        source = null;
        options.say('');
        return true;
      case 'Enter':
        if (source !== null) {
          connect(controller, source);
        } else if (chosen.length > 0) {
          controller.editActionHandler({ editType: 'properties' });
          focusForm(host);
        } else {
          return false;
        }
        return true;
      default:
        return false;
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const controller = options.controller();
    if (event.key === 'Tab') {
      nameDeaf(host);
      return;
    }
    if (!controller || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
      return;
    }
    let taken = false;
    if (event.key === 'Escape' && host.querySelector('.context-menu-popover')) {
      controller.closeContextMenu();
      taken = true;
    } else if (target === canvas()) {
      taken = onCanvasKey(event, controller);
    } else if (target.matches(DEAF) && (event.key === 'Enter' || event.key === ' ')) {
      target.click();
      taken = true;
    } else if (event.key === 'Escape' && target.closest('.elyra-formEditor')) {
      canvas()?.focus();
      taken = true;
    }
    if (taken) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  const onFocusOut = (event: FocusEvent): void => {
    if (event.target === canvas()) {
      source = null;
      options.say('');
    }
  };

  host.addEventListener('keydown', onKeyDown, true);
  host.addEventListener('focusout', onFocusOut);
  return () => {
    host.removeEventListener('keydown', onKeyDown, true);
    host.removeEventListener('focusout', onFocusOut);
  };
}

/** Let Tab reach what only the mouse did, with a role and a name. */
export function nameDeaf(host: HTMLElement): void {
  const canvas = host.querySelector<HTMLElement>('.d3-svg-canvas-div');
  if (canvas && canvas.tabIndex !== 0) {
    canvas.tabIndex = 0;
  }
  for (const element of host.querySelectorAll<HTMLElement>(DEAF)) {
    element.tabIndex = 0;
    element.setAttribute('role', 'button');
    if (element.title) {
      element.setAttribute('aria-label', element.title);
    }
  }
}

/** The form comes with the next drawing. */
function focusForm(host: HTMLElement): void {
  let frames = 30;
  const look = (): void => {
    const field = host.querySelector<HTMLElement>('.elyra-formEditor input, .elyra-formEditor textarea');
    if (field) {
      field.focus();
    } else if (--frames > 0) {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
}

function boxesOf(controller: IController): IBox[] {
  return controller.getNodes().map(node => ({ id: node.id, x: node.x_pos, y: node.y_pos }));
}

function isLinked(controller: IController, from: string, to: string): boolean {
  return controller.getLinks().some(link => link.srcNodeId === from && link.trgNodeId === to);
}

function portOf(controller: IController, id: string, side: 'inputs' | 'outputs'): string | undefined {
  return controller.getNode(id)?.[side]?.[0]?.id;
}
