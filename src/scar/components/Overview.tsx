import * as React from 'react';

import type { AwsFunction } from '../../contract';
import { useView } from '../../oscar/components/context';
import { StateIcon } from '../../oscar/components/parts';
import { durationText } from '../../oscar/words';
import { modeWord, triggerText } from '../words';
import { AwsBuckets } from './AwsBuckets';

/** What a function is made of, what starts it, where its results go, and what is not as it was deployed. */
export function Overview(props: { item: AwsFunction }): JSX.Element {
  const { item } = props;
  const { trans } = useView();
  const facts: [string, React.ReactNode][] = [
    [trans.__('Runs'), modeWord(item.mode, trans)],
    [item.package === 'image' ? trans.__('Image') : trans.__('Container'), item.image],
    [trans.__('Runtime'), item.package === 'zip' ? item.runtime : undefined],
    [trans.__('Architecture'), item.architecture],
    [trans.__('Memory'), trans.__('%1 MB', item.memory)],
    [trans.__('Time limit'), durationText(item.timeout)],
    [trans.__('Started by'), <Triggers key="triggers" item={item} />],
    [trans.__('Results go to'), item.outputs.map(output => `${output.provider}: ${output.path}`).join('\n') || '—'],
    [trans.__('API'), item.api ? <Api key="api" api={item.api} /> : '—'],
    [trans.__('Supervisor'), item.supervisor],
    [trans.__('Owner'), item.owner],
    [trans.__('Changed'), item.modified ? new Date(item.modified).toLocaleString() : undefined],
    ['ARN', item.arn]
  ];
  const environment = Object.entries(item.environment ?? {});
  const buckets = React.useMemo(() => bucketsOf(item), [item]);
  return (
    <>
      {item.drift && item.drift.length > 0 && (
        <div className="jp-OscarWarning" role="status">
          <strong>{trans.__('Not as it was deployed')}</strong>
          <ul>
            {item.drift.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <span>{trans.__('Deploy its FDL again to put it right.')}</span>
        </div>
      )}
      <dl className="jp-OscarFacts">
        {facts
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ))}
      </dl>
      {environment.length > 0 && (
        <details className="jp-OscarDetails">
          <summary>{trans._n('%1 environment variable', '%1 environment variables', environment.length)}</summary>
          <dl className="jp-OscarFacts">
            {environment.map(([name, value]) => (
              <React.Fragment key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>{value}</dd>
              </React.Fragment>
            ))}
          </dl>
        </details>
      )}
      {buckets.length > 0 && (
        <section aria-label={trans.__('Its buckets')}>
          <h3 className="jp-OscarSubhead">{trans.__('Its buckets')}</h3>
          <AwsBuckets only={buckets} />
        </section>
      )}
    </>
  );
}

function Triggers(props: { item: AwsFunction }): JSX.Element {
  const { trans } = useView();
  const { triggers } = props.item;
  if (triggers.length === 0) {
    return <>{trans.__('calls only')}</>;
  }
  return (
    <ul className="jp-OscarPlainList">
      {triggers.map(trigger => (
        <li key={triggerText(trigger)}>
          {trans.__('a new file in %1', triggerText(trigger))}
          {!trigger.active && (
            <span className="jp-OscarInlineWarning">
              <StateIcon tone="warn" label={trans.__('Warning')} /> {trans.__('the bucket does not know of it')}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Api(props: { api: NonNullable<AwsFunction['api']> }): JSX.Element {
  const { api } = props;
  const { trans } = useView();
  return (
    <>
      <code>{api.endpoint}</code>
      {api.open && (
        <span className="jp-OscarInlineWarning">
          <StateIcon tone="warn" label={trans.__('Warning')} />{' '}
          {trans.__('anybody who knows the address can call it, at your cost')}
        </span>
      )}
    </>
  );
}

/** Buckets of S3 that it reads from and writes to. */
export function bucketsOf(item: AwsFunction): string[] {
  const outputs = item.outputs
    .filter(output => output.provider === 's3' || output.provider === 's3.default')
    .map(output => output.path.split('/')[0]);
  return [...new Set([...item.triggers.map(trigger => trigger.bucket), ...outputs])];
}
