import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Problem } from '../../contract';
import { useView } from './context';

type Tone = 'ok' | 'busy' | 'wait' | 'bad' | 'warn' | 'off';

const SHAPES: Record<Tone, React.ReactNode> = {
  ok: <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm3.6 4.7-4.3 4.9L4.4 8.4l1-1 1.8 1.7 3.3-3.9Z" />,
  busy: <path d="M8 1.5a6.5 6.5 0 1 1-6.3 4.9l1.5.4A5 5 0 1 0 8 3Z" />,
  wait: (
    <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3Zm-.7 1.7v3.7l2.7 1.8.8-1.2-2-1.3v-3Z" />
  ),
  bad: (
    <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm-2 3.4 2 2 2-2 1.1 1.1-2 2 2 2L10 11.1l-2-2-2 2L4.9 10l2-2-2-2Z" />
  ),
  warn: <path d="M8 1.6 15.2 14H.8Zm-.7 4.9v3.6h1.5V6.5Zm0 4.6v1.5h1.5v-1.5Z" />,
  off: <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM4.5 7.2h7v1.6h-7Z" />
};

/** A state as a shape, a colour and a word: never by colour alone. */
export function StateIcon(props: { tone: Tone; label: string }): JSX.Element {
  return (
    <span className={`jp-OscarState jp-mod-${props.tone}`} role="img" aria-label={props.label} title={props.label}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {SHAPES[props.tone]}
      </svg>
    </span>
  );
}

export function toneOf(state: string): Tone {
  switch (state) {
    case 'ready':
    case 'succeeded':
    case 'done':
      return 'ok';
    case 'running':
    case 'creating':
    case 'deleting':
    case 'starting':
    case 'uploading':
      return 'busy';
    case 'pending':
    case 'waiting':
    case 'suspended':
      return 'wait';
    case 'failed':
    case 'unreachable':
    case 'unauthorized':
      return 'bad';
    case 'degraded':
    case 'interrupted':
    case 'warning':
      return 'warn';
    default:
      return 'off';
  }
}

interface IIconButtonProps {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent) => void;
  disabled?: boolean;
  pressed?: boolean;
  className?: string;
}

export function IconButton(props: IIconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className={`jp-OscarIconButton ${props.className ?? ''}`}
      aria-label={props.label}
      aria-pressed={props.pressed}
      title={props.label}
      disabled={props.disabled}
      onClick={event => {
        event.stopPropagation();
        props.onClick(event);
      }}
    >
      <props.icon.react tag="span" elementSize="normal" />
    </button>
  );
}

export function ProgressBar(props: { value?: number; label: string }): JSX.Element {
  const { value, label } = props;
  const percent = value === undefined ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      className={`jp-OscarProgress ${percent === undefined ? 'jp-mod-indeterminate' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div className="jp-OscarProgress-bar" style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}

/** A failure with what happened, why, and what to do. */
export function ProblemBox(props: { problem: Problem; children?: React.ReactNode }): JSX.Element {
  const { trans } = useView();
  const { problem } = props;
  return (
    <div className="jp-OscarProblem" role="alert">
      <div className="jp-OscarProblem-title">
        <StateIcon tone="bad" label={trans.__('Error')} />
        <span>{problem.title}</span>
      </div>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.action && <p className="jp-OscarProblem-action">{problem.action}</p>}
      {problem.cause && (
        <details>
          <summary>{trans.__('Details')}</summary>
          <pre>{problem.cause}</pre>
        </details>
      )}
      {props.children && <div className="jp-OscarButtons">{props.children}</div>}
    </div>
  );
}

export function Button(props: {
  onClick: () => void;
  children: React.ReactNode;
  accept?: boolean;
  disabled?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      className={`jp-OscarButton ${props.accept ? 'jp-mod-accept' : ''}`}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** Grey bars where rows will be. */
export function Skeleton(props: { label: string; rows?: number }): JSX.Element {
  return (
    <div className="jp-OscarSkeleton" role="status" aria-label={props.label}>
      {Array.from({ length: props.rows ?? 3 }, (_, index) => (
        <div key={index} className="jp-OscarSkeleton-row" />
      ))}
    </div>
  );
}

/** Arrow keys move between the rows of a list; Tab goes on to the buttons of a row. */
export function onRowKeys(event: React.KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0 && event.key !== 'Home' && event.key !== 'End') {
    return;
  }
  const target = event.target as HTMLElement;
  if (!target.closest('.jp-OscarRow')) {
    return;
  }
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.jp-OscarRow-main')];
  const index = rows.findIndex(row => row.closest('.jp-OscarRow') === target.closest('.jp-OscarRow'));
  const next = event.key === 'Home' ? 0 : event.key === 'End' ? rows.length - 1 : index + step;
  const row = rows[next];
  if (row) {
    event.preventDefault();
    row.focus();
  }
}
