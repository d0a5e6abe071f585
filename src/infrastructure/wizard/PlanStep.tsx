import * as React from 'react';

import type { Infrastructure, InfrastructurePlan } from '../../contract';
import { useAction, useAnswer } from '../../oscar/components/answer';
import { CodePane } from '../../oscar/components/CodePane';
import { useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton, StateIcon } from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { gibText } from '../words';
import type { IDraft } from './state';
import { requestOf } from './state';

type QuotaBar = NonNullable<InfrastructurePlan['quotas']>[number];

/** What would be made, whether it fits and what it may cost; then it is made. */
export function PlanStep(props: { draft: IDraft; onDone: (created: Infrastructure) => void }): JSX.Element {
  const { draft, onDone } = props;
  const { model, trans } = useView();
  const [list] = useInfrastructures();
  const text = JSON.stringify(requestOf(draft) ?? null);
  const read = React.useCallback(async (): Promise<InfrastructurePlan | undefined> => {
    const request = JSON.parse(text) as ReturnType<typeof requestOf> | null;
    return request ? model.client.infrastructures.plan(request) : undefined;
  }, [model, text]);
  const { value: plan, problem, again } = useAnswer(read);
  const creation = useAction<void>();

  const create = (): void => {
    const request = requestOf(draft);
    if (request) {
      creation.run(async () => {
        const created = await model.client.infrastructures.create(request);
        list.keep(created);
        onDone(created);
      });
    }
  };
  if (problem) {
    return (
      <ProblemBox problem={problem}>
        <Button onClick={again}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  }
  if (!plan) {
    return <Skeleton label={trans.__('Working out the plan…')} rows={5} />;
  }
  const blocked = plan.problems.length > 0;
  return (
    <>
      <Lines title={trans.__('To mend first')} tone="bad" lines={plan.problems} />
      <Lines title={trans.__('Good to know')} tone="warn" lines={plan.warnings} />
      <div className="jp-OscarTable-scroll">
        <table className="jp-OscarTable" aria-label={trans.__('Machines')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Machines')}</th>
              <th scope="col">{trans.__('Number')}</th>
              <th scope="col">{trans.__('CPUs')}</th>
              <th scope="col">{trans.__('Memory')}</th>
              <th scope="col">{trans.__('Disk')}</th>
              <th scope="col">{trans.__('Public address')}</th>
            </tr>
          </thead>
          <tbody>
            {plan.vms.map(vm => (
              <tr key={vm.role}>
                <th scope="row">{vm.role}</th>
                <td>{vm.count}</td>
                <td>{vm.cpus}</td>
                <td>{gibText(vm.memory)}</td>
                <td>{vm.disk === undefined ? '—' : gibText(vm.disk)}</td>
                <td>{vm.publicIp ? trans.__('yes') : trans.__('no')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {plan.storage !== undefined && plan.storage > 0 && <p>{trans.__('Volumes: %1', gibText(plan.storage))}</p>}
      {plan.quotas && plan.quotas.length > 0 && (
        <section aria-label={trans.__('Quota')}>
          <h3 className="jp-OscarSubhead">{trans.__('Quota of the cloud')}</h3>
          {plan.quotas.map(bar => (
            <Quota key={bar.resource} bar={bar} />
          ))}
        </section>
      )}
      {plan.fits === undefined && (
        <p className="jp-OscarHead-facts">{trans.__('The cloud does not say whether it fits into the quota.')}</p>
      )}
      <p className="jp-OscarWarning">{plan.costNote}</p>
      <details className="jp-OscarDetails">
        <summary>{trans.__('What is sent, with secrets masked')}</summary>
        <CodePane text={plan.template} language="yaml" />
      </details>
      {creation.problem && <ProblemBox problem={creation.problem} />}
      <div className="jp-OscarButtons">
        <Button accept disabled={blocked || creation.busy} onClick={create}>
          {creation.busy ? trans.__('Creating…') : trans.__('Create %1', plan.name)}
        </Button>
        <Button disabled={creation.busy} onClick={again}>
          {trans.__('Check again')}
        </Button>
      </div>
    </>
  );
}

function Lines(props: { title: string; tone: 'bad' | 'warn'; lines: string[] }): JSX.Element | null {
  const { title, tone, lines } = props;
  return lines.length === 0 ? null : (
    <ul className="jp-OscarProblems" aria-label={title}>
      {lines.map(line => (
        <li key={line}>
          <StateIcon tone={tone} label={title} />
          <span>{line}</span>
        </li>
      ))}
    </ul>
  );
}

function Quota(props: { bar: QuotaBar }): JSX.Element {
  const { bar } = props;
  const { trans } = useView();
  const endless = bar.limit < 0;
  const share = (value: number): string => `${Math.min(100, Math.max(0, (100 * value) / Math.max(bar.limit, 1)))}%`;
  const what = bar.resource.replaceAll('_', ' ');
  const words = endless
    ? trans.__('%1: %2 used, %3 needed, no limit', what, bar.used, bar.needed)
    : trans.__('%1: %2 used, %3 needed, of %4', what, bar.used, bar.needed, bar.limit);
  return (
    <div className={`jp-OscarQuota ${bar.fits ? '' : 'jp-mod-over'}`}>
      <span className="jp-OscarQuota-text">
        {words}
        {!bar.fits && <strong> {trans.__('Too much')}</strong>}
      </span>
      {!endless && (
        <div className="jp-OscarQuota-bar" role="img" aria-label={words}>
          <span className="jp-OscarQuota-used" style={{ width: share(bar.used) }} />
          <span className="jp-OscarQuota-needed" style={{ width: share(bar.needed) }} />
        </div>
      )}
    </div>
  );
}
