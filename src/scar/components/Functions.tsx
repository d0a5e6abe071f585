import { deleteIcon, listIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import type { AwsFunction } from '../../contract';
import { useRun, useView } from '../../oscar/components/context';
import { Operations } from '../../oscar/components/Operations';
import { Button, IconButton, onRowKeys, StateIcon, toneOf } from '../../oscar/components/parts';
import { useScar } from '../hooks';
import { functionStateWord, functionTone, isAwsOperation, triggerText } from '../words';
import { ScarList } from './ScarList';

/** Functions of this account and region, and what is being deployed or deleted. */
export function Functions(): JSX.Element {
  return (
    <>
      <Operations of={isAwsOperation} uploads={false} />
      <FunctionList />
    </>
  );
}

function FunctionList(): JSX.Element | null {
  const { trans } = useView();
  const [, state] = useScar();
  return (
    <ScarList
      list={state.functions}
      loading={trans.__('Loading functions…')}
      empty={<NoFunctions />}
      render={items => (
        <ul className="jp-OscarList" aria-label={trans.__('Functions')} onKeyDown={onRowKeys}>
          {items.map(item => (
            <FunctionRow key={item.name} item={item} />
          ))}
        </ul>
      )}
    />
  );
}

function NoFunctions(): JSX.Element {
  const { trans } = useView();
  const run = useRun();
  return (
    <div className="jp-OscarEmpty">
      <p>{trans.__('No functions yet. Deploy an FDL file with functions for AWS:')}</p>
      <Button accept onClick={() => run(CommandIDs.deployAws)}>
        {trans.__('Deploy an FDL file…')}
      </Button>
    </div>
  );
}

const FunctionRow = React.memo(function FunctionRow(props: { item: AwsFunction }): JSX.Element {
  const { item } = props;
  const { trans } = useView();
  const run = useRun();
  const args = { function: item.name };
  const word = functionStateWord(item.state, trans);
  const facts = [
    item.triggers.length > 0 ? trans.__('from %1', item.triggers.map(triggerText).join(', ')) : undefined,
    item.api ? (item.api.open ? trans.__('open API') : trans.__('API')) : undefined,
    item.mode === 'lambda' ? undefined : 'Batch',
    item.image ?? item.runtime
  ].filter(Boolean);
  return (
    <li
      className="jp-OscarRow jp-OscarFunction"
      data-oscar-function={item.name}
      data-oscar-state={item.state}
      data-oscar-api={String(item.api !== undefined)}
      data-oscar-triggered={String(item.triggers.length > 0)}
    >
      <StateIcon tone={toneOf(functionTone(item.state))} label={word} />
      <button
        type="button"
        className="jp-OscarRow-main"
        title={[item.name, word, item.stateReason, ...facts].filter(Boolean).join('\n')}
        onClick={() => run(CommandIDs.openFunction, args)}
      >
        <span className="jp-OscarRow-name">{item.name}</span>
        <span className="jp-OscarRow-meta">
          {!item.ours && <span>{trans.__('by SCAR')}</span>}
          <span>{item.state === 'active' ? trans.__('%1 MB', item.memory) : word}</span>
        </span>
        <span className="jp-OscarRow-note">{item.state === 'failed' ? item.stateReason : facts.join(' · ')}</span>
      </button>
      <span className="jp-OscarRow-actions">
        <IconButton
          icon={runIcon}
          label={trans.__('Invoke %1', item.name)}
          onClick={() => run(CommandIDs.invokeFunction, args)}
        />
        <IconButton
          icon={listIcon}
          label={trans.__('Log of %1', item.name)}
          onClick={() => run(CommandIDs.functionLog, args)}
        />
        <IconButton
          icon={deleteIcon}
          label={trans.__('Delete %1…', item.name)}
          onClick={() => run(CommandIDs.deleteFunction, args)}
        />
      </span>
    </li>
  );
});
