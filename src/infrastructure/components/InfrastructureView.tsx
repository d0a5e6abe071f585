import * as React from 'react';

import { JobLogFollower } from '../../jobs/joblog';
import { CommandIDs } from '../../commands';
import type { Infrastructure } from '../../contract';
import { useAction, useAnswer } from '../../oscar/components/answer';
import { useNow, useRun, useView } from '../../oscar/components/context';
import type { IFollowedLog } from '../../oscar/components/LogPane';
import { LogPane } from '../../oscar/components/LogPane';
import { Button, ProblemBox, ProgressBar, Skeleton, StateIcon, toneOf } from '../../oscar/components/parts';
import { useSeen } from '../../oscar/visible';
import { useInfrastructures } from '../hooks';
import { ageText, mayCost, sizeText, stepStateWord, vmStateWord, vmTone } from '../words';
import { Outputs } from './Outputs';
import { Scale } from './Scale';
import { TokenLine } from './TokenLine';
import { Vms } from './Vms';

/** One infrastructure: how far it is, its machines, what it gives, its log. */
export function InfrastructureView(props: { id: string }): JSX.Element {
  const { id } = props;
  const { model, trans } = useView();
  const [list, state] = useInfrastructures();
  const seen = useSeen();
  const live = state.items.find(item => item.id === id);
  const known = live !== undefined;
  React.useEffect(() => {
    void list.start();
  }, [list]);
  const read = React.useCallback(async (): Promise<Infrastructure> => {
    const item = await model.client.infrastructures.get(id);
    list.keep(item);
    return item;
  }, [model, list, id]);
  const { value, problem, again } = useAnswer(read);
  const [last, setLast] = React.useState<Infrastructure>();
  const item = live ?? value;
  React.useEffect(() => {
    if (live) {
      setLast(live);
    }
  }, [live]);
  const open = React.useCallback(
    (limit: number): IFollowedLog =>
      new JobLogFollower({ read: signal => model.client.infrastructures.log(id, signal), limit }),
    [model, id]
  );

  if (!known && last) {
    return (
      <p className="jp-OscarCompute-gone" role="status">
        {trans.__('%1 has been deleted.', last.name)}
      </p>
    );
  }
  if (!item) {
    return problem ? (
      <ProblemBox problem={problem}>
        <Button onClick={again}>{trans.__('Try again')}</Button>
      </ProblemBox>
    ) : (
      <Skeleton label={trans.__('Loading the infrastructure…')} rows={5} />
    );
  }
  return (
    <div className="jp-OscarServiceView jp-OscarInfraView" data-oscar-infrastructure={item.id}>
      <Head item={item} />
      {problem && <ProblemBox problem={problem} />}
      {item.problem && (
        <ProblemBox problem={item.problem}>
          {/token|expired|credential|unauthor/i.test(item.problem.type) && <PasteToken />}
        </ProblemBox>
      )}
      <Steps item={item} />
      <Outputs item={item} />
      <Vms item={item} />
      <Scale item={item} />
      {seen && !item.id.startsWith('new-') && (
        <LogPane cluster="" service={item.name} open={open} download={model.client.infrastructures.logUrl(id)} />
      )}
      {item.state !== 'configured' && <TokenLine />}
    </div>
  );
}

function PasteToken(): JSX.Element {
  const { trans } = useView();
  const run = useRun();
  return <Button onClick={() => run(CommandIDs.pasteToken)}>{trans.__('Paste a token')}</Button>;
}

function Head(props: { item: Infrastructure }): JSX.Element {
  const { item } = props;
  const { trans } = useView();
  const run = useRun();
  const now = useNow(false);
  const args = { infrastructure: item.id };
  const word = vmStateWord(item.state, trans);
  const gone = item.state === 'deleting' || item.state === 'deleted';
  const busy = item.operation !== undefined;
  const facts = [
    item.operation ?? word,
    item.cloud,
    item.vms.length > 0 ? sizeText(item, trans) : undefined,
    ageText(item.createdAt, now, trans),
    item.owners.length > 0 ? trans.__('of %1', item.owners.join(', ')) : undefined
  ];
  return (
    <header className="jp-OscarHead">
      <div className="jp-OscarHead-title">
        <StateIcon tone={toneOf(vmTone(item.state))} label={word} />
        <h2>{item.name}</h2>
        {item.foreign && <span className="jp-OscarBadge">{trans.__('made elsewhere')}</span>}
      </div>
      <p className="jp-OscarHead-facts" role="status">
        {facts.filter(Boolean).join(' · ')}
      </p>
      {item.stateDetail && <p className="jp-OscarHead-note">{item.stateDetail}</p>}
      {item.quietMinutes !== undefined && item.quietMinutes > 0 && item.state === 'running' && (
        <p className="jp-OscarHead-facts">
          {trans._n('No news for %1 minute.', 'No news for %1 minutes.', item.quietMinutes)}
        </p>
      )}
      {mayCost(item) && (
        <p className="jp-OscarHead-facts">
          {trans.__(
            'Its machines may cost money or quota until it is deleted. The Infrastructure Manager knows no prices.'
          )}
        </p>
      )}
      <div className="jp-OscarButtons">
        {item.cluster !== undefined && (
          <Button accept onClick={() => run(CommandIDs.useCluster, { cluster: item.cluster ?? '' })}>
            {trans.__('Use cluster %1', item.cluster)}
          </Button>
        )}
        {item.cluster === undefined && item.oscar && item.state === 'configured' && (
          <Button accept disabled={busy} onClick={() => run(CommandIDs.registerInfrastructure, args)}>
            {trans.__('Register as cluster')}
          </Button>
        )}
        {item.state === 'stopped' || item.state === 'off' ? (
          <Button disabled={busy} onClick={() => run(CommandIDs.startInfrastructure, args)}>
            {trans.__('Start')}
          </Button>
        ) : (
          <Button disabled={busy || gone} onClick={() => run(CommandIDs.stopInfrastructure, args)}>
            {trans.__('Stop')}
          </Button>
        )}
        <Button disabled={busy || gone} onClick={() => run(CommandIDs.reconfigureInfrastructure, args)}>
          {trans.__('Configure again')}
        </Button>
        <Button disabled={gone} onClick={() => run(CommandIDs.deleteInfrastructure, args)}>
          {trans.__('Delete…')}
        </Button>
      </div>
    </header>
  );
}

/** The way from nothing to an inference. */
function Steps(props: { item: Infrastructure }): JSX.Element | null {
  const { item } = props;
  const { model, trans } = useView();
  const [list] = useInfrastructures();
  const { busy, problem, run } = useAction<void>();
  if (item.steps.length === 0) {
    return null;
  }
  const failed = item.steps.some(step => step.state === 'failed');
  return (
    <section aria-label={trans.__('Steps')}>
      <h3 className="jp-OscarSubhead">{trans.__('Steps')}</h3>
      <ol className="jp-OscarSteps" aria-live="polite">
        {item.steps.map(step => (
          <li key={step.name} className={`jp-OscarStep jp-mod-${step.state}`} data-oscar-step={step.name}>
            <StateIcon tone={toneOf(step.state)} label={stepStateWord(step.state, trans)} />
            <span className="jp-OscarStep-what">
              <span className="jp-OscarStep-name">{step.title}</span>
              {step.detail && <span className="jp-OscarStep-detail">{step.detail}</span>}
              {step.state === 'running' && <ProgressBar value={step.progress} label={step.title} />}
            </span>
          </li>
        ))}
      </ol>
      {problem && <ProblemBox problem={problem} />}
      {failed && (
        <div className="jp-OscarButtons">
          <Button
            accept
            disabled={busy}
            onClick={() => run(async () => list.keep(await model.client.infrastructures.change(item.id, 'retry')))}
          >
            {trans.__('Go on from here')}
          </Button>
        </div>
      )}
    </section>
  );
}
