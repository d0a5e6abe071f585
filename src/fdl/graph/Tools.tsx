import { addIcon, redoIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useOscar, useView } from '../../oscar/components/context';
import { Button, IconButton } from '../../oscar/components/parts';
import { clusterName } from '../../oscar/words';
import type { GraphActions } from './actions';
import type { GraphModel } from './model';

/** What can be done with the picture and the file. */
export function Tools(props: {
  model: GraphModel;
  actions: GraphActions;
  stale: boolean;
  /** There is little room: what is added stands in one list. */
  narrow: boolean;
  zoom: number;
  onZoom: (zoom: number | null) => void;
}): JSX.Element {
  const { model, actions, stale, narrow, zoom, onZoom } = props;
  const { trans, model: oscar } = useView();
  const { clusters } = useOscar();
  const current = oscar.current;
  const additions = [
    { label: trans.__('Service'), name: trans.__('Add a service'), run: () => actions.addService() },
    { label: trans.__('Folder'), name: trans.__('Add a bucket or folder'), run: () => actions.addPlace() },
    { label: trans.__('Function'), name: trans.__('Add a function of AWS'), run: () => actions.addFunction() },
    { label: trans.__('Cluster'), name: trans.__('Add a cluster'), run: () => actions.addCluster() }
  ];
  return (
    <div className="jp-OscarFdlGraph-tools" role="toolbar" aria-label={trans.__('Graph tools')}>
      {narrow ? (
        <select
          className="jp-OscarFdlGraph-cluster jp-mod-add"
          aria-label={trans.__('Add')}
          value=""
          disabled={stale}
          onChange={event => void additions.find(({ name }) => name === event.target.value)?.run()}
        >
          <option value="">{trans.__('Add…')}</option>
          {additions.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        additions.map(({ label, name, run }) => (
          <button
            key={name}
            type="button"
            className="jp-OscarFdlGraph-add"
            title={name}
            aria-label={name}
            disabled={stale}
            onClick={() => void run()}
          >
            <addIcon.react tag="span" elementSize="small" />
            {label}
          </button>
        ))
      )}
      <span className="jp-OscarFdlGraph-gap" />
      <IconButton icon={undoIcon} label={trans.__('Undo')} disabled={!model.canUndo} onClick={() => model.undo()} />
      <IconButton icon={redoIcon} label={trans.__('Redo')} disabled={!model.canRedo} onClick={() => model.redo()} />
      <span className="jp-OscarFdlGraph-zooms">
        <button
          type="button"
          className="jp-OscarFdlGraph-zoom"
          aria-label={trans.__('Smaller')}
          title={trans.__('Smaller')}
          onClick={() => onZoom(Math.max(0.3, zoom / 1.25))}
        >
          −
        </button>
        <button
          type="button"
          className="jp-OscarFdlGraph-zoom"
          aria-label={trans.__('Fit into the view')}
          title={trans.__('Fit into the view')}
          onClick={() => onZoom(null)}
        >
          {Math.round(zoom * 100)}%
        </button>
        <button
          type="button"
          className="jp-OscarFdlGraph-zoom"
          aria-label={trans.__('Larger')}
          title={trans.__('Larger')}
          onClick={() => onZoom(Math.min(3, zoom * 1.25))}
        >
          +
        </button>
      </span>
      <span className="jp-OscarFdlGraph-gap" />
      {clusters.length > 0 && (
        <select
          className="jp-OscarFdlGraph-cluster"
          aria-label={trans.__('Cluster')}
          value={current?.id ?? ''}
          onChange={event => void actions.useCluster(event.target.value)}
        >
          {clusters.map(cluster => (
            <option key={cluster.id} value={cluster.id}>
              {clusterName(cluster, trans)}
            </option>
          ))}
        </select>
      )}
      <Button onClick={() => void actions.check()}>{trans.__('Check')}</Button>
      <Button onClick={() => void actions.plan()}>{trans.__('Plan')}</Button>
      <Button accept onClick={() => void actions.apply()}>
        {narrow ? trans.__('Apply') : trans.__('Apply to cluster')}
      </Button>
    </div>
  );
}
