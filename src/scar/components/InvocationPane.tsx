import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsInvocation } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import { DrawnText } from '../../oscar/components/drawn';
import { Button, StateIcon } from '../../oscar/components/parts';
import { ResultFiles } from '../../oscar/components/ResultPane';
import { isJson } from '../../oscar/text';
import { durationText } from '../../oscar/words';
import { dollarsText } from '../words';

/** What a call answered: its files and text as a notebook would draw them, what it took, and the end of its log. */
export function InvocationPane(props: { invocation: AwsInvocation }): JSX.Element {
  const { invocation } = props;
  const { trans } = useView();
  const run = useRun();
  const { state, batchJob, text, files } = invocation;
  const words = {
    succeeded: trans.__('Succeeded'),
    failed: trans.__('Failed'),
    accepted: trans.__('Accepted: it runs in the background')
  };
  const facts = [
    words[state],
    trans.__('status %1', invocation.status),
    invocation.seconds === undefined ? undefined : durationText(invocation.seconds),
    invocation.memoryUsed === undefined ? undefined : trans.__('%1 MB used', invocation.memoryUsed),
    invocation.cost === undefined ? undefined : trans.__('about %1', dollarsText(invocation.cost))
  ];
  return (
    <section className="jp-OscarResult" aria-label={trans.__('Result')} data-oscar-state={state}>
      <div className="jp-OscarInvoke-facts" role="status">
        <StateIcon tone={state === 'failed' ? 'bad' : state === 'accepted' ? 'busy' : 'ok'} label={words[state]} />
        <span>{facts.filter(Boolean).join(' · ')}</span>
      </div>
      {invocation.error && <pre className="jp-OscarResult-text jp-mod-error">{invocation.error}</pre>}
      {text !== undefined && text.trim() !== '' && <TextResult text={text} />}
      <ResultFiles files={files} />
      {state === 'succeeded' && files.length === 0 && !text?.trim() && (
        <p className="jp-OscarHint">{trans.__('It gave no output.')}</p>
      )}
      {(batchJob !== undefined || invocation.requestId !== undefined) && (
        <div className="jp-OscarButtons">
          {batchJob !== undefined && (
            <Button accept onClick={() => run(CommandIDs.openBatchJob, { job: batchJob })}>
              {trans.__('Open its Batch job')}
            </Button>
          )}
          {invocation.requestId !== undefined && (
            <Button
              onClick={() =>
                run(CommandIDs.functionLog, { function: invocation.function, request: invocation.requestId ?? '' })
              }
            >
              {trans.__('Log of this request')}
            </Button>
          )}
        </div>
      )}
      {invocation.log && (
        <details className="jp-OscarDetails" open={state === 'failed'}>
          <summary>{trans.__('End of the log')}</summary>
          <pre className="jp-OscarResult-text">{invocation.log}</pre>
        </details>
      )}
    </section>
  );
}

/** Text, drawn as JSON when it is some. */
function TextResult(props: { text: string }): JSX.Element {
  const { text } = props;
  const { render } = useView();
  const draw = React.useMemo(
    () =>
      render && isJson(text)
        ? () => render({ name: 'result.json', mediaType: 'application/json', bytes: new Blob([text]) })
        : undefined,
    [render, text]
  );
  return <DrawnText text={text} draw={draw} />;
}
