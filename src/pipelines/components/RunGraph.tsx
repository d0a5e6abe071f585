import * as React from 'react';

import type { PipelineRun } from '../../contract';
import { useNow, useView } from '../../oscar/components/context';
import { StateIcon, toneOf } from '../../oscar/components/parts';
import { durationText, secondsOf } from '../../oscar/words';
import { drawGraph, NODE } from '../graph';
import { kindImage } from '../images';
import { isActive, nodeStateWord } from '../runwords';

/** The steps of a run as a drawing; each says how it stands. */
export function RunGraph(props: {
  run: PipelineRun;
  selected: string | undefined;
  onSelect: (node: string) => void;
}): JSX.Element {
  const { run, selected, onSelect } = props;
  const { trans } = useView();
  const now = useNow(isActive(run));
  const shape = JSON.stringify(run.nodes.map(node => [node.id, node.after]));
  const drawing = React.useMemo(() => drawGraph(run.nodes), [shape]);
  const state = new Map(run.nodes.map(node => [node.id, node.state]));

  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    const step =
      event.key === 'ArrowRight' || event.key === 'ArrowDown'
        ? 1
        : event.key === 'ArrowLeft' || event.key === 'ArrowUp'
          ? -1
          : 0;
    const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('.jp-OscarRunNode')];
    const next = buttons[buttons.indexOf(document.activeElement as HTMLElement) + step];
    if (step !== 0 && next) {
      event.preventDefault();
      next.focus();
    }
  };
  return (
    <div className="jp-OscarRunGraph" role="group" aria-label={trans.__('Steps')} onKeyDown={onKeyDown}>
      <div className="jp-OscarRunGraph-sheet" style={{ width: drawing.width, height: drawing.height }}>
        <svg width={drawing.width} height={drawing.height} aria-hidden="true">
          <defs>
            <marker
              id="jp-oscar-arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerUnits="userSpaceOnUse"
              markerWidth="9"
              markerHeight="9"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8Z" />
            </marker>
          </defs>
          {drawing.edges.map(edge => (
            <path
              key={`${edge.from} ${edge.to}`}
              className={`jp-OscarRunGraph-edge ${state.get(edge.from) === 'done' ? 'jp-mod-done' : ''} ${
                state.get(edge.from) === 'done' && state.get(edge.to) === 'running' ? 'jp-mod-flow' : ''
              }`}
              d={edge.path}
              markerEnd="url(#jp-oscar-arrow)"
            />
          ))}
        </svg>
        {run.nodes.map(node => {
          const place = drawing.places.get(node.id)!;
          const word = nodeStateWord(node.state, trans);
          const seconds = secondsOf(node, now, node.state === 'running');
          return (
            <button
              key={node.id}
              type="button"
              className={`jp-OscarRunNode jp-mod-${node.state}`}
              data-oscar-node={node.id}
              data-oscar-state={node.state}
              aria-pressed={selected === node.id}
              style={{ left: place.x, top: place.y, width: NODE.width, height: NODE.height }}
              title={node.reason ?? node.label}
              onClick={() => onSelect(node.id)}
            >
              <img src={kindImage(node.kind)} alt="" width="20" height="20" />
              <span className="jp-OscarRunNode-text">
                <span className="jp-OscarRunNode-label">{node.label}</span>
                <span className="jp-OscarRunNode-facts">
                  {[
                    word,
                    seconds === undefined ? null : durationText(seconds),
                    node.attempt > 1 ? trans.__('attempt %1', node.attempt) : null
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </span>
              <StateIcon
                tone={node.state === 'skipped' || node.state === 'cancelled' ? 'off' : toneOf(node.state)}
                label={word}
              />
            </button>
          );
        })}
      </div>
    </div>
  );
}
