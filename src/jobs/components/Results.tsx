import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { ComputeJob, ComputeResultPage, Problem } from '../../contract';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton } from '../../oscar/components/parts';
import { bytesText } from '../../oscar/words';
import { countText } from '../words';

const PAGE = 50;
/** Files that are listed. */
const FILES = 200;

/** The result, page by page, and its files. */
export const Results = React.forwardRef<HTMLElement, { job: ComputeJob }>((props, ref) => {
  const { job } = props;
  const { model, trans } = useView();
  const [offset, setOffset] = React.useState(0);
  const [page, setPage] = React.useState<ComputeResultPage | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [turn, again] = React.useReducer((count: number) => count + 1, 0);
  const { id } = job;
  const round = job.finishedAt;
  React.useEffect(() => {
    let current = true;
    model.client.compute.result(id, { offset, limit: PAGE }).then(
      answer => {
        if (current) {
          setPage(answer);
          setProblem(null);
        }
      },
      reason => current && setProblem(toProblem(reason))
    );
    return () => {
      current = false;
    };
  }, [model, id, offset, round, turn]);

  return (
    <section ref={ref} tabIndex={-1} className="jp-OscarCompute-section" aria-label={trans.__('Results')}>
      <h3>{trans.__('Results')}</h3>
      {problem && (
        <ProblemBox problem={problem}>
          <Button onClick={again}>{trans.__('Try again')}</Button>
        </ProblemBox>
      )}
      {!page && !problem && <Skeleton label={trans.__('Loading the result…')} rows={3} />}
      {page && page.total === 0 && page.files.length === 0 && (
        <p className="jp-OscarHint">{trans.__('The job gave no results.')}</p>
      )}
      {page && page.items.length > 0 && <ResultTable kind={job.kind} items={page.items} />}
      {page && page.total > PAGE && (
        <nav className="jp-OscarButtons" aria-label={trans.__('Pages of the result')}>
          <Button disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
            {trans.__('Back')}
          </Button>
          <Button disabled={offset + PAGE >= page.total} onClick={() => setOffset(offset + PAGE)}>
            {trans.__('Next')}
          </Button>
          <span role="status">
            {trans.__(
              '%1 to %2 of %3',
              countText(offset + 1),
              countText(Math.min(page.total, offset + PAGE)),
              countText(page.total)
            )}
          </span>
        </nav>
      )}
      {page && page.files.length > 0 && <FileList id={id} page={page} />}
    </section>
  );
});
Results.displayName = 'Results';

function ResultTable(props: { kind: ComputeJob['kind']; items: readonly unknown[] }): JSX.Element {
  const { kind, items } = props;
  const { trans } = useView();
  const heads =
    kind === 'mapreduce'
      ? [trans.__('Key'), trans.__('Value')]
      : [trans.__('First'), trans.__('Count'), trans.__('Value')];
  return (
    <div className="jp-OscarCompute-scroll" tabIndex={0} role="region" aria-label={trans.__('Table of results')}>
      <table className="jp-OscarTable">
        <thead>
          <tr>
            {heads.map(head => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item, index) => (
            <tr key={index}>
              {cells(item).map((cell, column) => (
                <td key={column}>{valueText(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FileList(props: { id: string; page: ComputeResultPage }): JSX.Element {
  const { id, page } = props;
  const { model, trans } = useView();
  return (
    <ul className="jp-OscarCompute-files" aria-label={trans.__('Files of the result')}>
      {page.files.slice(0, FILES).map(file => (
        <li key={file.name}>
          <span>{file.name}</span>
          <small>{bytesText(file.size)}</small>
          {file.path !== undefined && (
            <a
              className="jp-OscarIconButton"
              href={model.client.compute.fileUrl(id, file.name)}
              download={file.name.split('/').pop()}
              aria-label={trans.__('Download %1', file.name)}
              title={trans.__('Download %1', file.name)}
            >
              <downloadIcon.react tag="span" />
            </a>
          )}
        </li>
      ))}
      {page.files.length > FILES && (
        <li>{trans.__('and %1 more in %2', countText(page.files.length - FILES), trans.__('the output folder'))}</li>
      )}
    </ul>
  );
}

/** The columns of `[key, value]` and of `{first, count, value}`. */
function cells(item: unknown): unknown[] {
  if (Array.isArray(item)) {
    return item;
  }
  if (typeof item === 'object' && item !== null && 'value' in item) {
    const { first, count, value } = item as { first?: unknown; count?: unknown; value: unknown };
    return [first, count, value];
  }
  return [item];
}

/** A value as Python shows it where JSON has no word for it. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'object' && value !== null && '$py' in value) {
    return String(value.$py);
  }
  return value === undefined ? '' : JSON.stringify(value);
}
