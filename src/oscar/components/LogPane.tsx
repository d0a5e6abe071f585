import { copyIcon, downloadIcon } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { Problem } from '../../contract';
import type { LogBuffer } from '../logs';
import { useView } from './context';
import { IconButton, ProblemBox } from './parts';

/** Height of a line in pixels; style/log.css says the same. */
const LINE = 18;
const OVERSCAN = 20;

export interface ILogPaneProps {
  cluster: string;
  service: string;
  job?: string;
  /** Where the whole log can be downloaded. */
  download?: string;
  /** Of logs that do not come as events: begins to read, and keeps so many lines. Its identity begins a new one. */
  open?: (limit: number) => IFollowedLog;
}

/** A log that is being read. */
export interface IFollowedLog extends IDisposable {
  readonly buffer: LogBuffer;
  readonly changed: ISignal<unknown, void>;
  readonly ended: boolean;
  readonly problem: Problem | undefined;
}

/** A log that grows by itself. Only the lines that can be seen are in the page. */
export function LogPane(props: ILogPaneProps): JSX.Element {
  const { cluster, service, job, download, open } = props;
  const { model, settings, trans } = useView();
  const [follower, setFollower] = React.useState<IFollowedLog | null>(null);
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const [follow, setFollow] = React.useState(true);
  const [view, setView] = React.useState({ top: 0, height: 400 });
  const box = React.useRef<HTMLDivElement>(null);

  React.useEffect(() => {
    const limit = settings().logLines;
    const next: IFollowedLog = open ? open(limit) : model.followLog({ cluster, service, job, limit });
    let frame = 0;
    const onChange = (): void => {
      // A script that prints a million lines must not draw a million times.
      frame = frame || requestAnimationFrame(() => ((frame = 0), redraw()));
    };
    next.buffer.changed.connect(onChange);
    next.changed.connect(onChange);
    setFollower(next);
    return () => {
      cancelAnimationFrame(frame);
      next.dispose();
    };
  }, [model, settings, cluster, service, job, open]);

  const length = follower?.buffer.length ?? 0;
  const extra = follower && follower.buffer.dropped > 0 ? 1 : 0;

  React.useLayoutEffect(() => {
    const node = box.current;
    if (node && follow) {
      node.scrollTop = node.scrollHeight;
    }
  });

  React.useEffect(() => {
    const node = box.current;
    if (!node || typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(() => setView({ top: node.scrollTop, height: node.clientHeight }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  const onScroll = (): void => {
    const node = box.current;
    if (node) {
      setView({ top: node.scrollTop, height: node.clientHeight });
      setFollow(node.scrollHeight - node.scrollTop - node.clientHeight < LINE);
    }
  };

  const total = length + extra;
  const first = Math.max(0, Math.floor(view.top / LINE) - OVERSCAN);
  const last = Math.min(total, Math.ceil((view.top + view.height) / LINE) + OVERSCAN);
  const rows: JSX.Element[] = [];
  for (let row = first; row < last && follower; row++) {
    const { gap, dropped } = follower.buffer;
    if (extra && row === gap) {
      rows.push(
        <div key={row} className="jp-OscarLog-line jp-mod-gap">
          {trans._n('… %1 line is not shown …', '… %1 lines are not shown …', dropped)}
        </div>
      );
    } else {
      const index = extra && row > gap ? row - 1 : row;
      rows.push(
        <div key={row} className="jp-OscarLog-line">
          {follower.buffer.line(index) || '\u00a0'}
        </div>
      );
    }
  }

  let hint: string | null = null;
  if (length === 0 && !follower?.problem) {
    hint = follower?.ended ? trans.__('The log is empty.') : trans.__('Waiting for output…');
  }
  return (
    <section className="jp-OscarLog" aria-label={trans.__('Log')}>
      <div className="jp-OscarLog-bar">
        <h3>{trans.__('Log')}</h3>
        <label>
          <input type="checkbox" checked={follow} onChange={event => setFollow(event.target.checked)} />
          {trans.__('Follow')}
        </label>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the log')}
          disabled={length === 0}
          onClick={() => void navigator.clipboard?.writeText(follower?.buffer.text() ?? '')}
        />
        {download !== undefined && (
          <a
            className="jp-OscarIconButton"
            href={download}
            download={`${job ?? service}.log`}
            aria-label={trans.__('Download the log')}
            title={trans.__('Download the log')}
          >
            <downloadIcon.react tag="span" />
          </a>
        )}
      </div>
      {follower?.problem && <ProblemBox problem={follower.problem} />}
      {hint && <p className="jp-OscarHint">{hint}</p>}
      <div
        ref={box}
        className="jp-OscarLog-box"
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
        onScroll={onScroll}
        hidden={length === 0}
      >
        <div style={{ height: first * LINE }} />
        {rows}
        <div style={{ height: Math.max(0, total - last) * LINE }} />
      </div>
    </section>
  );
}
