import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { Problem, Result, ResultFile } from '../../contract';
import { bytesText } from '../words';
import { useView } from './context';
import { useDrawn } from './drawn';
import { ProblemBox, Skeleton } from './parts';

/** Bytes up to which a file is fetched to be drawn. */
const LIMITS = { image: 32e6, text: 2e6 };

/** What a job gave back, drawn as a notebook would draw it. */
export function ResultPane(props: { result: Result }): JSX.Element {
  const { result } = props;
  const { trans } = useView();
  const { files } = result;
  // With files, what was printed is in the log.
  const textShown = files.length === 0 && result.text !== undefined && result.text.trim() !== '';
  return (
    <section className="jp-OscarResult" aria-label={trans.__('Result')}>
      {result.problem && <ProblemBox problem={result.problem} />}
      {result.warning && (
        <p className="jp-OscarWarning" role="status">
          {result.warning}
        </p>
      )}
      {textShown && <pre className="jp-OscarResult-text">{result.text}</pre>}
      <ResultFiles files={files} />
      {files.length === 0 && !textShown && !result.problem && !result.warning && (
        <p className="jp-OscarHint">{trans.__('The job gave no output.')}</p>
      )}
    </section>
  );
}

/** Files, drawn as a notebook would draw them, what is read at a glance first. */
export function ResultFiles(props: { files: readonly ResultFile[] }): JSX.Element {
  const files = [...props.files].sort((a, b) => rank(a.mediaType) - rank(b.mediaType));
  return (
    <>
      {files.map(file => (
        <ResultFileView key={file.href} file={file} />
      ))}
    </>
  );
}

function ResultFileView(props: { file: ResultFile }): JSX.Element {
  const { file } = props;
  const { model, render, trans } = useView();
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const shown = render !== undefined && canShow(file);
  const draw = React.useMemo(
    () =>
      shown && render
        ? async (signal: AbortSignal) =>
            render({
              name: file.name,
              mediaType: file.mediaType,
              bytes: await model.client.bytes(file.href, signal)
            })
        : undefined,
    [model, render, shown, file.href, file.name, file.mediaType]
  );
  const failed = React.useCallback((reason: unknown) => setProblem(toProblem(reason)), []);
  const [host, drawn] = useDrawn(draw, failed);

  return (
    <article className="jp-OscarFile" aria-label={file.name}>
      <header className="jp-OscarFile-bar">
        <span className="jp-OscarFile-name" title={file.name}>
          {file.name}
        </span>
        <span className="jp-OscarFile-size">{bytesText(file.size)}</span>
        <a
          className="jp-OscarIconButton"
          href={model.client.url(file.href)}
          download={file.name}
          aria-label={trans.__('Download %1', file.name)}
          title={trans.__('Download %1', file.name)}
        >
          <downloadIcon.react tag="span" />
        </a>
      </header>
      {problem && <ProblemBox problem={problem} />}
      {shown && !drawn && !problem && <Skeleton label={trans.__('Loading %1…', file.name)} rows={2} />}
      {!shown && <p className="jp-OscarHint">{trans.__('Download it to look at it.')}</p>}
      <div ref={host} className="jp-OscarFile-body" />
    </article>
  );
}

function isText(mediaType: string): boolean {
  return /^text\/|[/+]json\b/.test(mediaType);
}

function canShow(file: ResultFile): boolean {
  const limit = file.mediaType.startsWith('image/') ? LIMITS.image : isText(file.mediaType) ? LIMITS.text : 0;
  return file.size <= limit;
}

/** What is read at a glance comes first. */
function rank(mediaType: string): number {
  if (mediaType.startsWith('text/plain') || mediaType.startsWith('text/markdown')) {
    return 0;
  }
  if (mediaType.startsWith('image/')) {
    return 1;
  }
  return isText(mediaType) ? 2 : 3;
}
