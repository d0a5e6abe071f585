import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IGraphEdge, IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import type { IBox, ILayout } from './layout';
import { neighbour, pathOf } from './layout';
import type { GraphModel, IGraphState } from './model';
import { NodeShape } from './NodeShape';
import { connectionsText, nameOf, nodeText } from './words';

export interface ICanvasProps {
  model: GraphModel;
  state: IGraphState;
  layout: ILayout;
  zoom: number;
  trans: TranslationBundle;
  /** Show the text of something. */
  onJump: (node: IGraphNode) => void;
  onRename: (node: IGraphNode) => void;
  onRemove: (id: string) => void;
  /** A connection was drawn; without an end it was dropped where nothing is. */
  onConnect: (from: string, to: string | null) => void;
}

interface IDrag {
  from: string;
  x: number;
  y: number;
  target: string | null;
}

/** The picture: a list of buttons for the keyboard, boxes and arrows for the eye. */
export function Canvas(props: ICanvasProps): JSX.Element {
  const { model, state, layout, zoom, trans } = props;
  const { graph, selected } = state;
  const svg = React.useRef<SVGSVGElement>(null);
  const [drag, setDrag] = React.useState<IDrag | null>(null);

  const nodes = graph.nodes.filter(node => layout.boxes.has(node.id));
  const shown = nodes.some(node => node.id === selected) ? selected : (nodes[0]?.id ?? null);

  // What is chosen elsewhere gets the focus when the focus is in the picture.
  React.useEffect(() => {
    const node = svg.current;
    if (node && selected !== null && node.contains(document.activeElement)) {
      find(node, selected)?.focus();
    }
  }, [selected]);

  const place = (event: React.PointerEvent): { x: number; y: number } => {
    const box = svg.current?.getBoundingClientRect();
    return box ? { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom } : { x: 0, y: 0 };
  };

  const targetAt = (event: React.PointerEvent, from: string): string | null => {
    const element = svg.current?.ownerDocument.elementFromPoint(event.clientX, event.clientY);
    const id = element?.closest('[data-node]')?.getAttribute('data-node') ?? null;
    return id !== null && id !== from && model.node(id)?.kind !== 'cluster' ? id : null;
  };

  const onKey = (event: React.KeyboardEvent): void => {
    const id = (event.target as Element).getAttribute('data-node');
    const node = id === null ? undefined : model.node(id);
    if (!node) {
      return;
    }
    if (event.key.startsWith('Arrow')) {
      const next = neighbour(layout.boxes, node.id, event.key);
      if (next !== undefined) {
        model.select(next);
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (state.connecting !== null) {
        const from = state.connecting;
        model.connectFrom(null);
        props.onConnect(from, node.id);
      } else {
        props.onJump(node);
      }
    } else if (event.key === 'F2') {
      props.onRename(node);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      props.onRemove(node.id);
    } else if (event.key === 'c' && !event.ctrlKey && !event.metaKey && !event.altKey && node.kind !== 'cluster') {
      model.connectFrom(node.id);
      model.say(
        trans.__('Connecting from %1. Go to where its data goes and press Enter; Escape ends it.', nameOf(node, trans))
      );
    } else if (event.key === 'Escape' && state.connecting !== null) {
      model.connectFrom(null);
      model.say(trans.__('Not connected.'));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const { width, height } = layout;
  const from = drag && layout.boxes.get(drag.from);
  return (
    <svg
      ref={svg}
      className="jp-OscarFdlGraph-svg"
      role="group"
      aria-label={trans.__('Graph of services and folders')}
      width={width * zoom}
      height={height * zoom}
      viewBox={`0 0 ${width} ${height}`}
      onKeyDown={onKey}
      onPointerDown={event => {
        if (event.target === svg.current) {
          model.select(null);
        }
      }}
      onPointerMove={event => drag && setDrag({ ...drag, ...place(event), target: targetAt(event, drag.from) })}
      onPointerUp={event => {
        if (drag) {
          setDrag(null);
          const box = layout.boxes.get(drag.from);
          const end = place(event);
          if (drag.target !== null || (box && !inside(box, end))) {
            props.onConnect(drag.from, drag.target);
          }
        }
      }}
    >
      <defs>
        <marker
          id="jp-oscar-fdl-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8Z" className="jp-OscarFdlGraph-arrow" />
        </marker>
      </defs>
      {nodes.filter(node => node.kind === 'cluster').map(node => draw(node))}
      {graph.edges.map(edge => (
        <Edge
          key={edge.id}
          edge={edge}
          points={layout.lines.get(edge.id) ?? []}
          selected={edge.id === selected}
          title={connectionsText(edge, model, trans)}
          onSelect={() => model.select(edge.id)}
        />
      ))}
      {nodes.filter(node => node.kind !== 'cluster').map(node => draw(node))}
      {drag && from && (
        <path
          className="jp-OscarFdlGraph-new"
          d={`M${from.x + from.width},${from.y + from.height / 2} L${drag.x},${drag.y}`}
          markerEnd="url(#jp-oscar-fdl-arrow)"
        />
      )}
    </svg>
  );

  function draw(node: IGraphNode): JSX.Element {
    const box = layout.boxes.get(node.id) as IBox;
    const mark = state.marks.get(node.id);
    return (
      <NodeShape
        key={node.id}
        node={node}
        box={box}
        name={nodeText(node, state, model, trans)}
        selected={node.id === selected}
        focusable={node.id === shown}
        loose={model.isLoose(node.id)}
        target={drag?.target === node.id || state.connecting === node.id}
        mark={mark}
        onSelect={() => model.select(node.id)}
        onOpen={() => props.onJump(node)}
        onDrag={
          node.kind === 'cluster'
            ? undefined
            : event => {
                svg.current?.setPointerCapture(event.pointerId);
                setDrag({ from: node.id, ...place(event), target: null });
              }
        }
      />
    );
  }
}

function Edge(props: {
  edge: IGraphEdge;
  points: { x: number; y: number }[];
  selected: boolean;
  title: string;
  onSelect: () => void;
}): JSX.Element {
  const { edge, points, selected, title } = props;
  const path = pathOf(points);
  const middle = points[Math.floor(points.length / 2)];
  return (
    <g
      className={`jp-OscarFdlGraph-edge jp-mod-${edge.kind} ${selected ? 'jp-mod-selected' : ''}`}
      data-edge={edge.id}
      onPointerDown={event => {
        event.stopPropagation();
        props.onSelect();
      }}
      aria-hidden="true"
    >
      <title>{title}</title>
      <path className="jp-OscarFdlGraph-hit" d={path} />
      <path className="jp-OscarFdlGraph-line" d={path} markerEnd="url(#jp-oscar-fdl-arrow)" />
      {edge.label && middle && (
        <text x={middle.x} y={middle.y - 6} textAnchor="middle">
          {edge.label}
        </text>
      )}
    </g>
  );
}

function inside(box: IBox, point: { x: number; y: number }): boolean {
  return point.x >= box.x && point.x <= box.x + box.width && point.y >= box.y && point.y <= box.y + box.height;
}

function find(root: SVGSVGElement, id: string): SVGGElement | undefined {
  return [...root.querySelectorAll<SVGGElement>('[data-node]')].find(node => node.getAttribute('data-node') === id);
}
