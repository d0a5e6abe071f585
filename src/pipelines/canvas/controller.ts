import type { IBadges, IStates } from '../canvasapi';
import { badgeImage, stateImage } from '../images';

/** What is used of the controller of @elyra/canvas. */
export interface IController {
  editActionHandler(data: { editType: string; [key: string]: unknown }): void;
  canUndo(): boolean;
  canRedo(): boolean;
  setSelections(ids: string[]): void;
  getSelectedObjectIds(): string[];
  getZoomToReveal(ids: string[]): { x: number; y: number; k: number } | undefined;
  getZoom(): { x: number; y: number; k: number };
  zoomTo(zoom: { x: number; y: number; k: number }): void;
  zoomIn(): void;
  zoomOut(): void;
  zoomToFit(): void;
  getNodes(): { id: string; x_pos: number; y_pos: number }[];
  getNode(id: string): { inputs?: { id: string }[]; outputs?: { id: string }[] } | undefined;
  getLinks(): { srcNodeId?: string; trgNodeId?: string }[];
  getPrimaryPipelineId(): string;
  closeContextMenu(): void;
  getPipelineFlow(): {
    pipelines: { id: string; nodes: { id: string; app_data?: { ui_data?: { decorations?: { id: string }[] } } }[] }[];
  };
  setNodeDecorations(node: string, decorations: unknown[], pipeline: string): void;
  setObjectsStyle(objects: Record<string, string[]>, style: unknown, temporary: boolean): void;
  setLinksStyle(links: Record<string, string[]>, style: unknown, temporary: boolean): void;
  removeAllStyles(temporary?: boolean): void;
  resetStyles(): void;
  validate(options?: unknown): void;
  errors(node: string): string;
}

/**
 * The controller of the canvas below `host`.
 *
 * #### Notes
 * The editor keeps it to itself, and its own props can neither select a node nor mark one. React keeps the props of a component with the
 * elements that it drew, where this finds the controller that the editor hands to the canvas.
 */
export function controllerOf(host: HTMLElement): IController {
  const element = host.querySelector('.common-canvas') ?? host.querySelector('.d3-svg-canvas-div');
  const key = element && Object.keys(element).find(name => name.startsWith('__reactFiber$'));
  let fiber = key ? (element as unknown as Record<string, IFiber | null>)[key] : null;
  while (fiber) {
    const found = fiber.memoizedProps?.canvasController;
    if (found) {
      return found;
    }
    fiber = fiber.return;
  }
  throw new Error('The canvas has no controller.');
}

interface IFiber {
  return: IFiber | null;
  memoizedProps?: { canvasController?: IController };
}

/** Bring nodes into view. */
export function reveal(controller: IController, ids: string[]): void {
  const zoom = ids.length > 0 ? controller.getZoomToReveal(ids) : undefined;
  if (zoom) {
    controller.zoomTo(zoom);
  }
}

/** Show the problems on the nodes, and which links are part of one. */
export function drawBadges(
  controller: IController,
  { badges, brokenLinks, states }: { badges: IBadges; states: IStates; brokenLinks: readonly string[] }
): void {
  controller.removeAllStyles(true);
  const failing: Record<string, string[]> = {};
  const links: Record<string, string[]> = {};
  for (const pipeline of controller.getPipelineFlow().pipelines) {
    for (const node of pipeline.nodes) {
      const badge = badges[node.id];
      const state = states[node.id];
      const old = node.app_data?.ui_data?.decorations ?? [];
      const decorations = [
        ...(badge ? [decoration(`problem-${badge.severity}`, badgeImage(badge.severity), 'topRight', -14)] : []),
        ...(state ? [decoration(`state-${state}`, stateImage(state), 'topLeft', -2)] : [])
      ];
      // Setting them is slow.
      if (decorations.map(item => item.id).join() !== old.map(item => item.id).join()) {
        controller.setNodeDecorations(node.id, decorations, pipeline.id);
      }
      if (badge?.severity === 'error') {
        (failing[pipeline.id] ??= []).push(node.id);
      }
    }
    links[pipeline.id] = [...brokenLinks];
  }
  const stroke = 'stroke: var(--jp-error-color1);';
  controller.setObjectsStyle(failing, { body: { default: stroke }, selection_outline: { default: stroke } }, true);
  if (brokenLinks.length > 0) {
    controller.setLinksStyle(links, { line: { default: `${stroke} stroke-width: 2; stroke-dasharray: 8 6;` } }, true);
  }
}

function decoration(id: string, image: string, position: string, x: number): { id: string } {
  return { id: `oscar-${id}`, image, outline: false, position, x_pos: x, y_pos: -8, width: 16, height: 16 } as {
    id: string;
  };
}
