import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { Infrastructure } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import {
  Button,
  IconButton,
  onRowKeys,
  ProblemBox,
  ProgressBar,
  Skeleton,
  StateIcon,
  toneOf
} from '../../oscar/components/parts';
import { useInfrastructures } from '../hooks';
import { ageText, mayCost, sizeText, vmStateWord, vmTone } from '../words';
import { TokenLine } from './TokenLine';

/** Clusters that the Infrastructure Manager made, and how new ones come. */
export function InfrastructureList(): JSX.Element | null {
  const { model, trans } = useView();
  const [list, state] = useInfrastructures();
  const run = useRun();
  React.useEffect(() => {
    void list.start();
  }, [list, model]);

  if (state.phase === 'failed' && state.problem && state.items.length === 0) {
    return (
      <ProblemBox problem={state.problem}>
        <Button onClick={() => void list.refresh()}>{trans.__('Try again')}</Button>
      </ProblemBox>
    );
  }
  const ready = state.phase === 'ready' || state.items.length > 0;
  const { server } = state;
  // Without a server there is nothing wrong yet: the way to a new cluster asks for one.
  const problem = server?.state === 'unset' ? undefined : (state.serverProblem ?? server?.problem);
  return (
    <>
      {problem && (
        <ProblemBox problem={problem}>
          <Button onClick={() => void list.refresh()}>{trans.__('Try again')}</Button>
          <Button onClick={() => run(CommandIDs.imServer)}>{trans.__('Server…')}</Button>
        </ProblemBox>
      )}
      {!ready && <Skeleton label={trans.__('Loading infrastructures…')} rows={2} />}
      {ready && state.items.length === 0 && <NoInfrastructures />}
      {state.items.length > 0 && (
        <ul className="jp-OscarList" aria-label={trans.__('Infrastructures')} onKeyDown={onRowKeys}>
          {state.items.map(item => (
            <InfrastructureRow key={item.id} item={item} />
          ))}
        </ul>
      )}
      {ready && <TokenLine />}
    </>
  );
}

function NoInfrastructures(): JSX.Element {
  const { trans } = useView();
  const run = useRun();
  return (
    <div className="jp-OscarEmpty jp-OscarInfraEmpty">
      <p>{trans.__('Make an OSCAR cluster on a cloud, or connect one that you have.')}</p>
      <div className="jp-OscarButtons">
        <Button accept onClick={() => run(CommandIDs.newInfrastructure)}>
          {trans.__('New cluster')}
        </Button>
        <Button onClick={() => run(CommandIDs.existingCluster)}>{trans.__('Add an existing cluster')}</Button>
      </div>
    </div>
  );
}

const InfrastructureRow = React.memo(function InfrastructureRow(props: { item: Infrastructure }): JSX.Element {
  const { item } = props;
  const { trans } = useView();
  const run = useRun();
  const word = vmStateWord(item.state, trans);
  const args = { infrastructure: item.id };
  const busy = item.steps.find(step => step.state === 'running');
  const failed = item.steps.find(step => step.state === 'failed');
  const facts = [
    item.cloud,
    item.vms.length > 0 ? sizeText(item, trans) : undefined,
    ageText(item.createdAt, Date.now(), trans)
  ].filter(Boolean);
  const trouble = failed
    ? [failed.title, failed.detail].filter(Boolean).join(': ')
    : item.state === 'unknown' || item.state === 'unconfigured' || item.state === 'failed'
      ? item.stateDetail
      : undefined;
  return (
    <li className="jp-OscarRow-group">
      <div
        className="jp-OscarRow jp-OscarInfrastructure"
        data-oscar-infrastructure={item.id}
        data-oscar-state={item.state}
        data-oscar-foreign={String(item.foreign)}
      >
        <StateIcon tone={toneOf(failed ? 'failed' : vmTone(item.state))} label={word} />
        <button
          type="button"
          className="jp-OscarRow-main"
          title={[
            item.name,
            word,
            ...facts,
            item.owners.join(', '),
            mayCost(item) ? trans.__('May cost money') : undefined
          ]
            .filter(Boolean)
            .join('\n')}
          onClick={() => run(CommandIDs.openInfrastructure, args)}
        >
          <span className="jp-OscarRow-name">{item.name}</span>
          <span className="jp-OscarRow-meta">
            {item.foreign && <span>{trans.__('made elsewhere')}</span>}
            <span>{item.operation ?? (busy && item.state !== 'deleting' ? busy.title : word)}</span>
          </span>
          <span className="jp-OscarRow-note">{trouble ?? facts.join(' · ')}</span>
        </button>
        <span className="jp-OscarRow-actions">
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete %1…', item.name)}
            disabled={item.state === 'deleting'}
            onClick={() => run(CommandIDs.deleteInfrastructure, args)}
          />
        </span>
      </div>
      {busy && <ProgressBar value={busy.progress} label={busy.title} />}
    </li>
  );
});
