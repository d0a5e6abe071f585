import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, deleteIcon, launchIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { Operation, Service } from '../../contract';
import { isFinal } from '../state';
import { bytesText, serviceStateWord } from '../words';
import { useOscar, useRun, useView } from './context';
import { JobRow } from './JobRow';
import { Operations } from './Operations';
import { Button, IconButton, onRowKeys, ProblemBox, ProgressBar, Skeleton, StateIcon, toneOf } from './parts';

/** Jobs that a row shows when it is unfolded; all of them are in the service's view. */
const RECENT = 5;

/** The services of the current cluster, and what is being deployed. */
export function Services(): JSX.Element {
  return (
    <>
      <Operations of={isOscar} uploads />
      <ServiceList />
    </>
  );
}

/** What only concerns functions on AWS is shown in their own panel. */
function isOscar(operation: Operation): boolean {
  return !operation.kind.startsWith('aws-');
}

function ServiceList(): JSX.Element | null {
  const { trans } = useView();
  const { services, phase, operations } = useOscar();
  const run = useRun();
  if (phase === 'failed' && services.items.length === 0) {
    return null;
  }
  if (services.phase === 'failed') {
    return services.problem ? (
      <ProblemBox problem={services.problem}>
        <Button onClick={() => run(CommandIDs.refresh)}>{trans.__('Try again')}</Button>
      </ProblemBox>
    ) : null;
  }
  if (services.items.length === 0) {
    if (services.phase !== 'ready') {
      return <Skeleton label={trans.__('Loading services…')} />;
    }
    return operations.some(item => item.state === 'running') ? null : <NoServices />;
  }
  return (
    <ul className="jp-OscarList" aria-label={trans.__('Services')} onKeyDown={onRowKeys}>
      {services.items.map(service => (
        <ServiceRow key={service.name} service={service} />
      ))}
    </ul>
  );
}

function NoServices(): JSX.Element {
  const { trans } = useView();
  const { examples } = useOscar();
  const run = useRun();
  return (
    <div className="jp-OscarEmpty">
      <p>{trans.__('No services yet. Deploy an example:')}</p>
      {examples.phase === 'loading' && <Skeleton label={trans.__('Loading examples…')} />}
      <ul className="jp-OscarExamples" aria-label={trans.__('Examples')}>
        {examples.items.map(example => (
          <li key={example.name}>
            <button
              type="button"
              className="jp-OscarExample"
              onClick={() => run(CommandIDs.deployExample, { example: example.name })}
            >
              <span className="jp-OscarExample-title">{example.title}</span>
              <span className="jp-OscarExample-size">{sizeText(example.size, trans)}</span>
              <span className="jp-OscarExample-text">{example.description}</span>
            </button>
          </li>
        ))}
      </ul>
      <Button onClick={() => run(CommandIDs.newService)}>{trans.__('New service…')}</Button>
    </div>
  );
}

/** What deploying an example takes from the network. */
function sizeText(size: number | undefined, trans: TranslationBundle): string {
  if (size === undefined) {
    return '';
  }
  return size === 0 ? trans.__('no download') : bytesText(size);
}

const ServiceRow = React.memo(function ServiceRow(props: { service: Service }): JSX.Element {
  const { service } = props;
  const { trans } = useView();
  const { jobs } = useOscar();
  const run = useRun();
  const [open, setOpen] = React.useState(false);
  const mine = React.useMemo(() => jobs.items.filter(job => job.service === service.name), [jobs.items, service.name]);
  const active = mine.filter(job => !isFinal(job.state) && job.state !== 'unknown').length;
  const args = { cluster: service.cluster, service: service.name };
  const word = serviceStateWord(service.state, trans);
  const ready = service.state === 'ready' || service.state === 'degraded' || service.state === 'unavailable';
  const busy = service.state === 'creating' || service.state === 'deleting';
  const meta = active > 0 ? trans._n('%1 job', '%1 jobs', active) : service.state === 'ready' ? '' : word;
  const listId = `jp-oscar-jobs-${service.cluster}-${service.name}`;

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      setOpen(event.key === 'ArrowRight');
      event.preventDefault();
    }
  };

  return (
    <li className="jp-OscarRow-group">
      <div
        className="jp-OscarRow jp-OscarService"
        data-oscar-service={service.name}
        data-oscar-cluster={service.cluster}
        data-oscar-state={service.state}
        data-oscar-exposed={String(service.exposed)}
      >
        <button
          type="button"
          className="jp-OscarRow-caret"
          aria-expanded={open}
          aria-controls={open ? listId : undefined}
          aria-label={open ? trans.__('Hide jobs of %1', service.name) : trans.__('Show jobs of %1', service.name)}
          tabIndex={-1}
          onClick={() => setOpen(!open)}
        >
          {open ? <caretDownIcon.react tag="span" /> : <caretRightIcon.react tag="span" />}
        </button>
        <StateIcon tone={toneOf(service.state)} label={word} />
        <button
          type="button"
          className="jp-OscarRow-main"
          aria-expanded={open}
          title={[service.name, word, service.reason].filter(Boolean).join('\n')}
          onClick={() => run(CommandIDs.openService, args)}
          onKeyDown={onKeyDown}
        >
          <span className="jp-OscarRow-name">{service.name}</span>
          <span className="jp-OscarRow-meta">{meta}</span>
          {service.reason && service.state !== 'ready' && <span className="jp-OscarRow-note">{service.reason}</span>}
        </button>
        <span className="jp-OscarRow-actions">
          {service.exposed ? (
            <>
              {ready && (
                <IconButton
                  icon={launchIcon}
                  label={trans.__('Open %1 in a new tab', service.name)}
                  onClick={() => run(CommandIDs.openExposed, args)}
                />
              )}
              {service.state === 'stopped' ? (
                <IconButton
                  icon={runIcon}
                  label={trans.__('Start %1', service.name)}
                  onClick={() => run(CommandIDs.startService, args)}
                />
              ) : (
                <IconButton
                  icon={stopIcon}
                  label={trans.__('Stop %1', service.name)}
                  disabled={busy}
                  onClick={() => run(CommandIDs.stopService, args)}
                />
              )}
            </>
          ) : (
            <IconButton
              icon={runIcon}
              label={trans.__('Run %1 with a file…', service.name)}
              disabled={busy}
              onClick={() => run(CommandIDs.invokeService, args)}
            />
          )}
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete %1…', service.name)}
            disabled={service.state === 'deleting'}
            onClick={() => run(CommandIDs.deleteService, args)}
          />
        </span>
      </div>
      {(service.progress !== undefined || busy) && service.state !== 'ready' && (
        <ProgressBar value={service.progress} label={word} />
      )}
      {open && (
        <ul id={listId} className="jp-OscarList jp-mod-nested" aria-label={trans.__('Jobs of %1', service.name)}>
          {mine.slice(0, RECENT).map(job => (
            <JobRow key={job.id} job={job} showService={false} />
          ))}
          {mine.length === 0 && (
            <li className="jp-OscarHint">
              {service.exposed
                ? trans.__('Exposed services answer calls; they have no jobs.')
                : trans.__('No jobs yet. Drop a file here to run one.')}
            </li>
          )}
          {mine.length > RECENT && (
            <li>
              <button type="button" className="jp-OscarLink" onClick={() => run(CommandIDs.openService, args)}>
                {trans.__('All jobs…')}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
});
