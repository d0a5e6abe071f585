import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../../commands';
import { currentCluster } from '../state';
import { clusterName, clusterStateWord } from '../words';
import { useOscar, useRun, useView } from './context';
import { Button, IconButton, ProblemBox, StateIcon, toneOf } from './parts';

const ADD = '\0add';

/** The head of the panel: which cluster, how it is, and what to do when it is not well. */
export function ClusterBar(): JSX.Element {
  const { trans } = useView();
  const state = useOscar();
  const run = useRun();
  const cluster = currentCluster(state);

  const onSwitch = (event: React.ChangeEvent<HTMLSelectElement>): void => {
    if (event.target.value === ADD) {
      run(CommandIDs.addCluster);
    } else {
      run(CommandIDs.useCluster, { cluster: event.target.value });
    }
  };

  let tone = toneOf(cluster?.state ?? 'unknown');
  let word = cluster ? clusterStateWord(cluster.state, trans) : trans.__('not started');
  if (state.phase === 'starting') {
    [tone, word] = ['busy', trans.__('starting…')];
  } else if (state.phase === 'failed') {
    [tone, word] = ['bad', trans.__('not available')];
  } else if (state.phase === 'idle' && cluster) {
    [tone, word] = ['off', trans.__('resting')];
  } else if (state.stale) {
    [tone, word] = ['warn', trans.__('reconnecting…')];
  }
  const name = cluster ? clusterName(cluster, trans) : trans.__('Local cluster');

  return (
    <div className="jp-OscarCluster">
      <div className="jp-OscarCluster-bar" role="toolbar" aria-label={trans.__('Cluster')}>
        <StateIcon tone={tone} label={word} />
        <select
          className="jp-OscarCluster-select"
          aria-label={trans.__('Cluster')}
          value={cluster?.id ?? ''}
          disabled={!cluster || state.phase === 'failed'}
          onChange={onSwitch}
        >
          {!cluster && <option value="">{name}</option>}
          {state.clusters.map(item => (
            <option key={item.id} value={item.id}>
              {clusterName(item, trans)}
            </option>
          ))}
          {cluster && <option value={ADD}>{trans.__('Add…')}</option>}
        </select>
        <span className="jp-OscarCluster-state" role="status" title={word}>
          {word}
        </span>
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => run(CommandIDs.refresh)} />
      </div>
      {state.phase === 'failed' && state.problem && (
        <ProblemBox problem={state.problem}>
          <Button accept onClick={() => run(CommandIDs.retryBridge)}>
            {trans.__('Retry')}
          </Button>
        </ProblemBox>
      )}
      {state.phase === 'ready' && cluster?.problem && (
        <ProblemBox problem={cluster.problem}>
          <Button onClick={() => run(CommandIDs.refresh)}>{trans.__('Try again')}</Button>
          {cluster.removable && (
            <Button onClick={() => run(CommandIDs.removeCluster, { cluster: cluster.id })}>
              {trans.__('Remove cluster')}
            </Button>
          )}
        </ProblemBox>
      )}
    </div>
  );
}
