import * as React from 'react';

import { useView } from '../../oscar/components/context';
import { Button } from '../../oscar/components/parts';
import { durationText } from '../../oscar/words';
import { layoutGantt, partAt } from '../gantt';
import { AXIS, coloursOf, GUTTER, LANE, paint } from '../paint';
import type { PartTable } from '../table';
import { PART_STATES } from '../table';
import type { ITimeWindow } from '../viewport';
import { panned, zoomed } from '../viewport';
import { countText, partStateWord, phaseWord } from '../words';
import { precise } from './Charts';

/** Lanes that are seen at once, pixels; with more the picture scrolls. */
const TALLEST = 20 * LANE;
const STEP = 1.4;

interface ITip {
  x: number;
  y: number;
  row: number;
}

/** Which worker did which part when. Wheel or keys zoom and move it. */
export function Timeline(props: { table: PartTable; turn: number; now: number }): JSX.Element {
  const { table, turn, now } = props;
  const { trans } = useView();
  const box = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = React.useState(0);
  const [top, setTop] = React.useState(0);
  const [theme, themed] = React.useReducer((count: number) => count + 1, 0);
  /** Nothing: all of it, and what is added. */
  const [chosen, setChosen] = React.useState<ITimeWindow | null>(null);
  const [tip, setTip] = React.useState<ITip | null>(null);
  const drag = React.useRef<{ x: number; window: ITimeWindow } | null>(null);

  const lanes = table.lanes;
  const tall = Math.min(TALLEST, Math.max(1, lanes.length) * LANE);
  const height = tall + AXIS;
  const extent: ITimeWindow = { from: table.begin, to: Math.max(table.begin + 0.01, table.last, now) };
  const window = chosen ?? extent;
  const plot = Math.max(1, width - GUTTER);

  React.useEffect(() => {
    const node = box.current;
    if (!node) {
      return undefined;
    }
    const sizes = new ResizeObserver(() => setWidth(node.clientWidth));
    sizes.observe(node);
    const themes = new MutationObserver(() => themed());
    themes.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
    return () => {
      sizes.disconnect();
      themes.disconnect();
    };
  }, []);

  React.useLayoutEffect(() => {
    const node = canvas.current;
    const context = width > GUTTER ? node?.getContext('2d') : null;
    if (!node || !context) {
      return;
    }
    const ratio = globalThis.devicePixelRatio || 1;
    node.width = Math.round(width * ratio);
    node.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const first = Math.floor(top / LANE);
    const seen = lanes.slice(first, first + Math.ceil(tall / LANE) + 1);
    paint({
      context,
      width,
      height,
      boxes: layoutGantt({ table, lanes: seen, window, width: plot, now }),
      names: seen.map(lane => table.workers[lane] || trans.__('earlier job')),
      shift: top - first * LANE,
      window,
      colours: coloursOf(node)
    });
    // `turn` and `theme` stand for what the table and the style hold.
  }, [table, turn, theme, width, height, top, window.from, window.to, now, plot]);

  const zoom = (factor: number, around = (window.from + window.to) / 2): void => {
    const next = zoomed(window, extent, factor, around);
    setChosen(next.to - next.from >= (extent.to - extent.from) * 0.999 ? null : next);
    setTip(null);
  };
  const pan = (share: number): void => {
    if (chosen) {
      setChosen(panned(chosen, extent, share));
      setTip(null);
    }
  };
  const timeAt = (x: number): number => window.from + ((x - GUTTER) / plot) * (window.to - window.from);

  // React's own listener could not keep the page from scrolling.
  const onWheel = React.useRef<(event: WheelEvent) => void>(() => undefined);
  onWheel.current = event => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey || (event.currentTarget === document.activeElement && !sideways)) {
      event.preventDefault();
      zoom(STEP ** (event.deltaY / 100), timeAt(event.clientX - left));
    } else if (sideways && chosen) {
      event.preventDefault();
      pan(sideways / plot);
    }
  };
  React.useEffect(() => {
    const node = canvas.current;
    const listener = (event: WheelEvent): void => onWheel.current(event);
    node?.addEventListener('wheel', listener, { passive: false });
    return () => node?.removeEventListener('wheel', listener);
  }, []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const work: Record<string, () => void> = {
      '+': () => zoom(1 / STEP),
      '=': () => zoom(1 / STEP),
      '-': () => zoom(STEP),
      '0': () => setChosen(null),
      Escape: () => setTip(null),
      ArrowLeft: () => pan(-0.1),
      ArrowRight: () => pan(0.1),
      ArrowUp: () => box.current?.scrollBy(0, -LANE),
      ArrowDown: () => box.current?.scrollBy(0, LANE),
      PageUp: () => pan(-0.9),
      PageDown: () => pan(0.9),
      Home: () => pan(-Infinity),
      End: () => pan(Infinity)
    };
    const action = work[event.key];
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  };

  const onPointerMove = (event: React.PointerEvent): void => {
    const { left, top: above } = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - left;
    const y = event.clientY - above;
    if (drag.current) {
      const by = (drag.current.x - x) / plot;
      setChosen(panned(drag.current.window, extent, by));
      return;
    }
    const lane = lanes[Math.floor((y + top) / LANE)];
    const slack = (3 / plot) * (window.to - window.from);
    const row =
      lane === undefined || y > tall || x < GUTTER ? undefined : partAt(table, lane, { time: timeAt(x), slack, now });
    setTip(row === undefined ? null : { x, y, row });
  };

  const label = trans.__(
    'Timeline: %1 attempts of parts on %2 workers in %3. Plus and minus zoom, arrows move, 0 shows all.',
    countText(table.size),
    countText(lanes.length),
    durationText(extent.to - extent.from)
  );
  return (
    <section className="jp-OscarCompute-section" aria-label={trans.__('Timeline')}>
      <div className="jp-OscarCompute-titlebar">
        <h3>{trans.__('Timeline')}</h3>
        <ul className="jp-OscarCompute-legend" aria-label={trans.__('Legend')}>
          {[...PART_STATES].reverse().map(
            (state, index) =>
              table.has(PART_STATES.length - 1 - index) && (
                <li key={state} className={`jp-mod-${state}`}>
                  {partStateWord(state, trans)}
                </li>
              )
          )}
        </ul>
        <Button onClick={() => zoom(1 / STEP)}>{trans.__('Zoom in')}</Button>
        <Button disabled={!chosen} onClick={() => zoom(STEP)}>
          {trans.__('Zoom out')}
        </Button>
        <Button disabled={!chosen} onClick={() => setChosen(null)}>
          {trans.__('Show all')}
        </Button>
      </div>
      <div
        ref={box}
        className="jp-OscarCompute-timeline"
        style={{ height }}
        onScroll={event => setTop(event.currentTarget.scrollTop)}
      >
        <div style={{ height: lanes.length * LANE + AXIS }}>
          <canvas
            ref={canvas}
            style={{ width, height }}
            tabIndex={0}
            role="application"
            aria-roledescription={trans.__('Timeline')}
            aria-label={label}
            data-oscar-from={window.from.toFixed(4)}
            data-oscar-to={window.to.toFixed(4)}
            onKeyDown={onKeyDown}
            onPointerDown={event => {
              drag.current = { x: event.clientX - event.currentTarget.getBoundingClientRect().left, window };
              event.currentTarget.setPointerCapture(event.pointerId);
              setTip(null);
            }}
            onPointerUp={() => (drag.current = null)}
            onPointerCancel={() => (drag.current = null)}
            onPointerMove={onPointerMove}
            onPointerLeave={() => setTip(null)}
          />
        </div>
      </div>
      {tip && tip.row < table.size && <Tip table={table} tip={tip} width={width} now={now} />}
    </section>
  );
}

function Tip(props: { table: PartTable; tip: ITip; width: number; now: number }): JSX.Element {
  const { table, tip, width, now } = props;
  const { trans } = useView();
  const row = table.row(tip.row);
  const seconds = (Number.isNaN(row.end) ? now : row.end) - row.start;
  const lines = [
    `${phaseWord(row.phase, trans)} ${row.part}${row.attempt > 0 ? ` · ${trans.__('attempt %1', row.attempt)}` : ''}`,
    `${partStateWord(row.state, trans)} · ${precise(Math.max(0, seconds))}`,
    trans.__('units from %1, %2 of them', countText(row.first), countText(row.count)),
    row.error && `${row.error.type}: ${row.error.message.slice(0, 120)}`
  ];
  const side = tip.x > width / 2 ? { right: width - tip.x + 12 } : { left: tip.x + 12 };
  return (
    <div className="jp-OscarCompute-tip" style={{ top: tip.y + 40, ...side }}>
      {lines.filter(Boolean).map(line => (
        <div key={String(line)}>{line}</div>
      ))}
    </div>
  );
}
