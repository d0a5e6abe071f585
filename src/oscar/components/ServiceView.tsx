import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import { CommandIDs } from '../../commands';
import type { Problem, Result, Service, StoragePath } from '../../contract';
import { fdlText } from '../fdltext';
import { isJson } from '../text';
import { serviceStateWord } from '../words';
import { useOscar, useRun, useView } from './context';
import { CodePane } from './CodePane';
import { Jobs } from './Jobs';
import { LogPane } from './LogPane';
import { Button, ProblemBox, ProgressBar, Skeleton, StateIcon, toneOf } from './parts';
import { ResultPane } from './ResultPane';
import { Tabs } from './Tabs';

type Tab = 'run' | 'jobs' | 'overview' | 'log' | 'fdl';

/** One service: run it, its jobs, what it is made of. */
export function ServiceView(props: { cluster: string; name: string }): JSX.Element {
  const { cluster, name } = props;
  const { trans } = useView();
  const { service, problem } = useService(cluster, name);
  const [chosen, setTab] = React.useState<Tab | null>(null);
  if (problem) {
    return <ProblemBox problem={problem} />;
  }
  if (!service) {
    return <Skeleton label={trans.__('Loading the service…')} rows={5} />;
  }
  const tabs: [Tab, string][] = service.exposed
    ? [
        ['overview', trans.__('Overview')],
        ['log', trans.__('Log')],
        ['fdl', trans.__('FDL')]
      ]
    : [
        ['run', trans.__('Run')],
        ['jobs', trans.__('Jobs')],
        ['overview', trans.__('Overview')],
        ['fdl', trans.__('FDL')]
      ];
  const tab = chosen ?? tabs[0][0];
  return (
    <div className="jp-OscarServiceView">
      <ServiceHead service={service} />
      <Tabs tabs={tabs} value={tab} onChange={setTab} label={name} />
      <div className="jp-OscarTab" role="tabpanel" aria-label={tabs.find(([id]) => id === tab)?.[1]}>
        {tab === 'run' && <RunTab service={service} />}
        {tab === 'jobs' && <Jobs service={name} />}
        {tab === 'overview' && <Overview service={service} />}
        {tab === 'log' && <LogPane cluster={cluster} service={name} />}
        {tab === 'fdl' && <Definition service={service} />}
      </div>
    </div>
  );
}

/** The service with its definition; read again when its state changes. */
function useService(cluster: string, name: string): { service: Service | null; problem: Problem | null } {
  const { model } = useView();
  const { services } = useOscar();
  const live = services.items.find(item => item.name === name && item.cluster === cluster);
  const [full, setFull] = React.useState<Service | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const liveState = live?.state;
  React.useEffect(() => {
    let current = true;
    model.client.service(cluster, name).then(
      answer => {
        if (current) {
          setFull(answer);
          setProblem(null);
        }
      },
      reason => current && setProblem(toProblem(reason))
    );
    return () => {
      current = false;
    };
  }, [model, cluster, name, liveState]);
  const service = full && live ? { ...full, ...live, definition: full.definition } : (full ?? live ?? null);
  return { service, problem };
}

function ServiceHead(props: { service: Service }): JSX.Element {
  const { service } = props;
  const { trans } = useView();
  const run = useRun();
  const args = { cluster: service.cluster, service: service.name };
  const word = serviceStateWord(service.state, trans);
  return (
    <header className="jp-OscarHead">
      <div className="jp-OscarHead-title">
        <StateIcon tone={toneOf(service.state)} label={word} />
        <h2>{service.name}</h2>
      </div>
      <p className="jp-OscarHead-facts" role="status">
        {[word, service.state === 'ready' ? undefined : service.reason].filter(Boolean).join(' · ')}
      </p>
      {service.progress !== undefined && service.state !== 'ready' && (
        <ProgressBar value={service.progress} label={word} />
      )}
      <div className="jp-OscarButtons">
        {service.exposed ? (
          <>
            <Button accept disabled={service.state !== 'ready'} onClick={() => run(CommandIDs.openExposed, args)}>
              {trans.__('Open in a new tab')}
            </Button>
            {service.state === 'stopped' ? (
              <Button onClick={() => run(CommandIDs.startService, args)}>{trans.__('Start')}</Button>
            ) : (
              <Button onClick={() => run(CommandIDs.stopService, args)}>{trans.__('Stop')}</Button>
            )}
            <Button onClick={() => run(CommandIDs.restartService, args)}>{trans.__('Restart')}</Button>
          </>
        ) : (
          <>
            <Button accept onClick={() => run(CommandIDs.invokeService, args)}>
              {trans.__('Choose a file…')}
            </Button>
            <Button onClick={() => run(CommandIDs.uploadToService, args)}>{trans.__('Upload a file…')}</Button>
          </>
        )}
        <Button onClick={() => run(CommandIDs.deleteService, args)}>{trans.__('Delete…')}</Button>
      </div>
    </header>
  );
}

/** Files start jobs; typed text is answered at once. */
function RunTab(props: { service: Service }): JSX.Element {
  const { service } = props;
  const { model, trans } = useView();
  const [text, setText] = React.useState('');
  const [busy, setBusy] = React.useState(false);
  const [result, setResult] = React.useState<Result | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);

  const onRun = (): void => {
    setBusy(true);
    setProblem(null);
    setResult(null);
    model.client
      .invoke({
        cluster: service.cluster,
        service: service.name,
        body: text,
        mediaType: isJson(text) ? 'application/json' : 'text/plain'
      })
      .then(setResult, reason => setProblem(toProblem(reason)))
      .finally(() => setBusy(false));
  };

  return (
    <>
      <div
        className="jp-OscarDrop"
        data-oscar-service={service.name}
        data-oscar-cluster={service.cluster}
        data-oscar-exposed="false"
      >
        {trans.__('Drop a file here, from the file browser or from your computer.')}
      </div>
      <label className="jp-OscarField">
        {trans.__('Or type the input')}
        <textarea
          rows={4}
          value={text}
          spellCheck={false}
          onChange={event => setText(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || event.shiftKey)) {
              event.preventDefault();
              event.stopPropagation();
              onRun();
            }
          }}
        />
      </label>
      <div className="jp-OscarButtons">
        <Button accept disabled={busy || text === ''} onClick={onRun}>
          {busy ? trans.__('Running…') : trans.__('Run')}
        </Button>
      </div>
      {problem && <ProblemBox problem={problem} />}
      {result && <ResultPane result={result} />}
    </>
  );
}

function Overview(props: { service: Service }): JSX.Element {
  const { service } = props;
  const { trans } = useView();
  const facts: [string, string][] = [
    [trans.__('Image'), service.image],
    [trans.__('CPU'), service.cpu],
    [trans.__('Memory'), service.memory],
    [trans.__('GPU'), service.gpu ? trans.__('yes') : trans.__('no')],
    [trans.__('Input'), service.input.map(pathText).join('\n') || '—'],
    [trans.__('Output'), service.output.map(pathText).join('\n') || '—'],
    [trans.__('Visibility'), service.visibility || '—'],
    [trans.__('Owner'), service.owner || '—']
  ];
  return (
    <dl className="jp-OscarFacts">
      {facts.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

function pathText(path: StoragePath): string {
  const place = path.prefix ? `${path.bucket}/${path.prefix}` : path.bucket;
  return path.provider === 'minio.default' ? place : `${place} (${path.provider})`;
}

function Definition(props: { service: Service }): JSX.Element {
  const { service } = props;
  const { trans } = useView();
  const { definition, cluster } = service;
  const text = React.useMemo(
    () => (definition === undefined ? null : fdlText(cluster, definition)),
    [definition, cluster]
  );
  return text === null ? (
    <p className="jp-OscarHint">{trans.__('The cluster does not give the definition.')}</p>
  ) : (
    <CodePane text={text} language="yaml" />
  );
}
