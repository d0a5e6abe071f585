import { CanvasController } from '@elyra/pipeline-editor/node_modules/@elyra/canvas';

/** More canvases than another copy of the library makes in one page. */
const FIRST = 1_000_000;

/**
 * Number our canvases from another start than Elyra's own extension does.
 *
 * #### Notes
 * A canvas draws into the element whose id has its number, and each copy of @elyra/canvas counts from 0. With Elyra's extension in the same
 * page, the one that is opened later would draw into the other's tab.
 */
export function numberApart(): void {
  const { prototype } = CanvasController;
  const number = prototype.getInstanceId;
  prototype.getInstanceId = function (this: CanvasController) {
    return FIRST + number.call(this);
  };
}
