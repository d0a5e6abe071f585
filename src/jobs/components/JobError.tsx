import * as React from 'react';

import type { ComputeError } from '../../contract';
import { useView } from '../../oscar/components/context';
import { StateIcon } from '../../oscar/components/parts';
import { durationText } from '../../oscar/words';
import type { IPartRow, PartTable } from '../table';
import { countText, partStateWord, phaseWord } from '../words';

/** Failed attempts that are listed. */
const MOST = 100;

/** What ended the job: the user's own lines first. */
export function JobError(props: { error: ComputeError }): JSX.Element {
  const { error } = props;
  const { trans } = useView();
  return (
    <div className="jp-OscarProblem jp-OscarCompute-error" role="alert">
      <div className="jp-OscarProblem-title">
        <StateIcon tone="bad" label={trans.__('Error')} />
        <span>{error.message ? `${error.type}: ${error.message}` : error.type}</span>
      </div>
      <ErrorDetails error={error} />
    </div>
  );
}

function ErrorDetails(props: { error: ComputeError }): JSX.Element {
  const { error } = props;
  const { trans } = useView();
  const place = [
    error.phase === undefined ? null : phaseWord(error.phase, trans),
    error.part === undefined ? null : trans.__('part %1', error.part),
    error.line === undefined ? null : trans.__('line %1', error.line),
    error.attempts !== undefined && error.attempts > 1 ? trans.__('after %1 attempts', error.attempts) : null
  ].filter(Boolean);
  return (
    <>
      {place.length > 0 && <p>{place.join(' · ')}</p>}
      {error.traceback !== undefined && (
        <pre className="jp-OscarCompute-traceback" tabIndex={0} aria-label={trans.__('Traceback')}>
          {error.traceback.trimEnd()}
        </pre>
      )}
      {error.record !== undefined && (
        <>
          <p>{trans.__('The record:')}</p>
          <pre className="jp-OscarCompute-record" tabIndex={0} aria-label={trans.__('Record')}>
            {error.record}
          </pre>
        </>
      )}
    </>
  );
}

/** Attempts that failed or were lost, each with its reason; nothing when there are none. */
export const FailedParts = React.memo(function FailedParts(props: {
  table: PartTable;
  turn: number;
}): JSX.Element | null {
  const { table, turn } = props;
  const { trans } = useView();
  const rows = React.useMemo(() => {
    // The table is the same object after a change.
    void turn;
    return table.failed(MOST + 1);
  }, [table, turn]);
  if (rows.length === 0) {
    return null;
  }
  return (
    <section className="jp-OscarCompute-section" aria-label={trans.__('Failed parts')}>
      <h3>{trans.__('Failed parts')}</h3>
      <ul className="jp-OscarCompute-failed">
        {rows.slice(0, MOST).map(row => (
          <li key={`${row.phase} ${row.part} ${row.attempt}`}>
            <FailedPart row={row} />
          </li>
        ))}
      </ul>
      {rows.length > MOST && (
        <p className="jp-OscarHint">{trans.__('Only the newest %1 are shown. The log has all.', MOST)}</p>
      )}
    </section>
  );
});

function FailedPart(props: { row: IPartRow }): JSX.Element {
  const { row } = props;
  const { trans } = useView();
  const { error } = row;
  const what = error ? `${error.type}: ${error.message}` : partStateWord(row.state, trans);
  const facts = [
    `${phaseWord(row.phase, trans)} ${row.part}`,
    row.attempt > 0 ? trans.__('attempt %1', row.attempt) : null,
    row.worker || null,
    trans.__('units from %1, %2 of them', countText(row.first), countText(row.count)),
    Number.isNaN(row.end) ? null : durationText(Math.max(0.001, row.end - row.start))
  ];
  const head = (
    <>
      <StateIcon tone={row.state === 'failed' ? 'bad' : 'warn'} label={partStateWord(row.state, trans)} />
      <span>{what}</span>
      <small>{facts.filter(Boolean).join(' · ')}</small>
    </>
  );
  return error ? (
    <details>
      <summary>{head}</summary>
      <ErrorDetails error={error} />
    </details>
  ) : (
    <div className="jp-OscarCompute-lost">{head}</div>
  );
}
