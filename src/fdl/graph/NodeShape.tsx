import * as React from 'react';

import type { IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import type { IBox } from './layout';

export interface INodeShapeProps {
  node: IGraphNode;
  box: IBox;
  /** What a screen reader says. */
  name: string;
  selected: boolean;
  /** One of all nodes is in the tab order. */
  focusable: boolean;
  /** Not in the file yet. */
  loose: boolean;
  /** A connection begins or would end here. */
  target: boolean;
  mark?: 'error' | 'warning';
  onSelect: () => void;
  onOpen: () => void;
  /** Begins to draw a connection; absent where none can begin. */
  onDrag?: (event: React.PointerEvent) => void;
}

const ICONS: Record<IGraphNode['kind'], React.ReactNode> = {
  service: (
    <>
      <path d="M8 .8 14.400 4.400v7.200L8 15.200 1.600 11.600V4.400Zm0 1.800L3.200 5.300v5.400L8 13.400l4.800-2.700V5.300Z" />
      <path d="M9 4.200 5.200 8.800h2.300L7 12.200l4-4.800H8.600Z" />
    </>
  ),
  function: <path d="M3 2h4l4.400 10.200 1-.4.6 1.800-2.600 1L7 6.800 4.400 14H2.200L6 4.400 5.700 3.800H3Z" />,
  place: (
    <path d="M2 2.500C2 1.500 14 1.500 14 2.500L12.600 14c-.3 1-8.900 1-9.200 0Zm1.700 1.300.4 3.200c2 .8 5.800.8 7.800 0l.4-3.200c-2 .6-6.600.6-8.600 0Z" />
  ),
  cluster: (
    <path d="M2 2h12v5H2Zm1.400 1.400v2.200h9.200V3.400ZM2 9h12v5H2Zm1.400 1.400v2.200h9.200v-2.200ZM4.400 4h1.400v1H4.400Zm0 7h1.400v1H4.400Z" />
  )
};

/** A box of the picture. */
export function NodeShape(props: INodeShapeProps): JSX.Element {
  const { node, box, name } = props;
  const around = node.kind === 'cluster' && box.height > 60;
  const room = Math.floor((box.width - (around ? 40 : 52)) / 7.1);
  const classes = [
    'jp-OscarFdlGraph-node',
    `jp-mod-${node.kind}`,
    around ? 'jp-mod-around' : '',
    props.selected ? 'jp-mod-selected' : '',
    props.loose ? 'jp-mod-loose' : '',
    props.target ? 'jp-mod-target' : ''
  ];
  return (
    <g
      className={classes.filter(Boolean).join(' ')}
      data-node={node.id}
      transform={`translate(${box.x},${box.y})`}
      role="button"
      aria-label={name}
      aria-pressed={props.selected}
      tabIndex={props.focusable ? 0 : -1}
      onPointerDown={event => {
        event.stopPropagation();
        props.onSelect();
        event.currentTarget.focus();
      }}
      onFocus={() => props.selected || props.onSelect()}
      onDoubleClick={props.onOpen}
    >
      <title>{name}</title>
      <rect width={box.width} height={box.height} rx={node.kind === 'place' ? 14 : around ? 6 : 3} />
      <svg x={around ? 8 : 10} y={around ? 6 : box.height / 2 - 8} width={16} height={16} viewBox="0 0 16 16">
        {ICONS[node.kind]}
      </svg>
      <text x={around ? 30 : 34} y={around ? 18 : node.detail ? box.height / 2 - 4 : box.height / 2 + 4}>
        {cut(node.label || '?', room)}
      </text>
      {node.detail && !around && (
        <text className="jp-OscarFdlGraph-detail" x={34} y={box.height / 2 + 12}>
          {cut(node.detail, Math.floor(room * 1.3))}
        </text>
      )}
      {props.mark && (
        <path
          className={`jp-OscarFdlGraph-mark jp-mod-${props.mark}`}
          transform={`translate(${box.width - (around ? 22 : 8)},${around ? 6 : -7})`}
          d={
            props.mark === 'error'
              ? 'M7.500 0a7.500 7.500 0 1 0 .01 0ZM6.700 3h1.600v5.600H6.700Zm0 7h1.600v1.800H6.700Z'
              : 'M7.500 0 15 14H0Zm-.8 4.800v4.400h1.600V4.800Zm0 5.600v1.800h1.600v-1.800Z'
          }
        />
      )}
      {props.onDrag && (
        <circle
          className="jp-OscarFdlGraph-port"
          cx={box.width}
          cy={box.height / 2}
          r={7}
          onPointerDown={event => {
            event.stopPropagation();
            event.preventDefault();
            props.onSelect();
            props.onDrag?.(event);
          }}
        />
      )}
    </g>
  );
}

function cut(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, Math.max(1, letters - 1))}…` : text;
}
