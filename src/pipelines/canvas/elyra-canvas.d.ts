/** The copy of @elyra/canvas that the editor uses; it has no types. */
declare module '@elyra/pipeline-editor/node_modules/@elyra/canvas' {
  export class CanvasController {
    getInstanceId(): number;
  }
}
