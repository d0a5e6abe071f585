/**
 * The canvas in its chunk: all that this product knows of @elyra/pipeline-editor is in this folder, so that another canvas could take
 * its place.
 */
import { confineStyles, createStyleTarget } from './styles';

import { PipelineEditor, ThemeProvider } from '@elyra/pipeline-editor';
import { StyleSheetManager } from '@elyra/pipeline-editor/node_modules/styled-components';
import * as React from 'react';
import { createRoot } from 'react-dom/client';

import type { ICanvas, ICanvasProps } from '../canvasapi';
import type { IController } from './controller';
import { controllerOf, drawBadges, reveal } from './controller';
import { listenForKeys, nameDeaf } from './keyboard';
import { numberApart } from './instances';
import { theme } from './theme';

confineStyles();
const styleTarget = createStyleTarget();
numberApart();

/** Show a canvas in `host`. */
export function mountCanvas(host: HTMLElement, first: ICanvasProps): ICanvas {
  const root = createRoot(host);
  const editor = React.createRef<{ addFile(payload: unknown): Promise<void> }>();
  let props = first;
  let controller: IController | null = null;

  const ready = (found: IController): void => {
    controller = found;
    // What is drawn larger than this window is shown whole, once the canvas has drawn it.
    setTimeout(() => {
      const room = host.clientWidth - STRIP;
      if (found.getNodes().some(node => node.x_pos + NODE_WIDTH > room || node.y_pos > host.clientHeight)) {
        found.zoomToFit();
      }
    }, 100);
    props.onReady?.();
  };
  const draw = (): void => root.render(<Canvas {...props} editor={editor} host={host} onController={ready} />);
  draw();
  const deafen = listenForKeys(host, {
    controller: () => controller,
    words: () => props.words,
    say: text => props.onSay(text)
  });

  return {
    update: change => {
      props = { ...props, ...change };
      draw();
    },
    run: action => {
      if (action === 'zoomIn' || action === 'zoomOut' || action === 'zoomToFit') {
        controller?.[action]();
      } else {
        controller?.editActionHandler({ editType: action, editSource: 'toolbar' });
      }
    },
    can: action => (action === 'undo' ? (controller?.canUndo() ?? false) : (controller?.canRedo() ?? false)),
    select: ids => {
      controller?.setSelections(ids);
      if (controller) {
        reveal(controller, ids);
      }
    },
    selected: () => controller?.getSelectedObjectIds() ?? [],
    openProperties: () => controller?.editActionHandler({ editType: 'properties' }),
    add: (op, options = {}) => {
      const at = options.at ? toCanvasPosition(host, controller, options.at) : freePlace(controller);
      const before = new Set(controller?.getNodes().map(node => node.id));
      void editor.current
        ?.addFile({ nodeTemplate: { op }, offsetX: at.x, offsetY: at.y, path: options.path })
        .then(() => {
          // What was added is what the next key or click is about.
          const made = controller?.getNodes().filter(node => !before.has(node.id)) ?? [];
          if (controller && made.length > 0) {
            controller.setSelections(made.map(node => node.id));
            reveal(controller, [made[0].id]);
          }
        });
    },
    dispose: () => {
      deafen();
      // React may be drawing just now.
      setTimeout(() => root.unmount());
    }
  };
}

/** Of the tabs at the right, which lie over the canvas, and of a node. */
const STRIP = 32;
const NODE_WIDTH = 160;

interface IInnerProps extends ICanvasProps {
  host: HTMLElement;
  editor: React.Ref<unknown>;
  onController: (controller: IController) => void;
}

function Canvas(props: IInnerProps): JSX.Element {
  const { badges, brokenLinks, flow, host, onController, palette, states } = props;
  const messages = React.useRef(badges);
  messages.current = badges;

  React.useEffect(() => {
    const controller = controllerOf(host);
    // Its own check knows little and marks what ours explain better.
    controller.validate = () => controller.resetStyles();
    controller.errors = id => (messages.current[id]?.messages ?? []).join('\n');
    onController(controller);
  }, [host]);

  React.useEffect(() => nameDeaf(host));

  // After the editor's own effects, which take all badges away.
  React.useEffect(() => {
    drawBadges(controllerOf(host), { badges, states, brokenLinks });
  }, [host, flow, palette, badges, states, brokenLinks]);

  return (
    <StyleSheetManager target={styleTarget} disableCSSOMInjection>
      <ThemeProvider theme={theme}>
        <PipelineEditor
          ref={props.editor}
          pipeline={flow}
          palette={palette}
          pipelineProperties={props.pipelineSchema}
          pipelineParameters={props.parametersSchema}
          leftPalette
          onChange={props.onChange}
          onAction={action => {
            if (action.type === 'openFile' && typeof action.payload === 'string') {
              props.onOpenFile(action.payload);
            }
            props.onAction?.(action.type);
          }}
          onError={props.onError}
          onFileRequested={props.onFileRequested}
          onPropertiesUpdateRequested={(data: unknown) => Promise.resolve(data)}
        >
          <div className="jp-OscarPipeline-empty">{props.hint}</div>
        </PipelineEditor>
      </ThemeProvider>
    </StyleSheetManager>
  );
}

/** A place of the page in the canvas's own measure. */
function toCanvasPosition(
  host: HTMLElement,
  controller: IController | null,
  at: { x: number; y: number }
): { x: number; y: number } {
  const box = (host.querySelector('.d3-svg-canvas-div') ?? host).getBoundingClientRect();
  const zoom = controller?.getZoom() ?? { k: 1, x: 0, y: 0 };
  return { x: (at.x - box.left - zoom.x) / zoom.k, y: (at.y - box.top - zoom.y) / zoom.k };
}

/** Right of everything. */
function freePlace(controller: IController | null): { x: number; y: number } {
  const nodes = controller?.getNodes() ?? [];
  const last = nodes.reduce((right, node) => (node.x_pos > right.x_pos ? node : right), { x_pos: -160, y_pos: 80 });
  return { x: last.x_pos + 220, y: last.y_pos };
}
