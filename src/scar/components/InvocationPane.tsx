import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsInvocation } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import { Button, StateIcon } from '../../oscar/components/parts';
import { ResultFiles } from '../../oscar/components/ResultPane';
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
  const host = React.useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = React.useState(false);
  const shown = render !== undefined && isJson(text);
  // A layout effect: its end comes while the host is still in the page, without which a widget cannot be taken off.
  React.useLayoutEffect(() => {
    if (!shown || !render) {
      return undefined;
    }
    let widget: Widget | null = null;
    let current = true;
    render({ name: 'result.json', mediaType: 'application/json', bytes: new Blob([text]) }).then(
      next => {
        if (current && host.current) {
          widget = next;
          Widget.attach(next, host.current);
          setDrawn(true);
        } else {
          next.dispose();
        }
      },
      // The plain text below stays.
      reason => console.error('The result could not be drawn', reason)
    );
    return () => {
      current = false;
      setDrawn(false);
      widget?.dispose();
    };
  }, [render, shown, text]);
  return (
    <>
      {!drawn && <pre className="jp-OscarResult-text">{text}</pre>}
      <div ref={host} className="jp-OscarFile-body" />
    </>
  );
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) {
    return false;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
