import { addIcon, redoIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import { useOscar, useView } from '../../oscar/components/context';
import { Button, IconButton } from '../../oscar/components/parts';
import { clusterName } from '../../oscar/words';
import { Canvas } from './Canvas';
import { Details } from './Details';
import { layoutOf } from './layout';
import type { GraphModel } from './model';
import { Problems } from './Problems';
import type { GraphActions } from './actions';

export interface IGraphViewProps {
  model: GraphModel;
  actions: GraphActions;
}

/** Toolbar, picture, and what is chosen in it. */
export function GraphView(props: IGraphViewProps): JSX.Element {
  const { model, actions } = props;
  const { trans } = useView();
  const state = useGraph(model);
  const box = React.useRef<HTMLDivElement>(null);
  const [size, setSize] = React.useState({ width: 800, height: 600 });
  const [zoom, setZoom] = React.useState<number | null>(null);

  React.useEffect(() => {
    const node = box.current;
    if (!node) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setSize({ width: node.clientWidth, height: node.clientHeight }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  const direction = size.width >= size.height * 0.9 ? 'LR' : 'TB';
  const layout = React.useMemo(() => layoutOf(state.graph, direction), [state.graph, direction]);
  const fit = Math.max(0.35, Math.min(1, (size.width - 4) / layout.width, (size.height - 4) / layout.height));
  const shown = zoom ?? fit;
  const chosen = state.selected === null ? undefined : model.node(state.selected);
  const edge = state.graph.edges.find(item => item.id === state.selected);

  return (
    <div className="jp-OscarFdlGraph" onKeyDown={event => onUndoKeys(event, model)}>
      <Tools
        model={model}
        actions={actions}
        stale={state.stale}
        chosen={chosen}
        zoom={shown}
        onZoom={value => setZoom(value)}
      />
      {state.stale && (
        <p className="jp-OscarWarning" role="status">
          {trans.__(
            'The text cannot be read at the moment. This is how it was before; correct the text to go on here.'
          )}
        </p>
      )}
      <div className="jp-OscarFdlGraph-main">
        <div ref={box} className={`jp-OscarFdlGraph-box ${state.stale ? 'jp-mod-stale' : ''}`}>
          {state.empty ? (
            <div className="jp-OscarFdlGraph-empty">
              <p>{trans.__('Nothing is in this file yet.')}</p>
              <Button accept onClick={() => void actions.addService()}>
                {trans.__('Add a service')}
              </Button>
            </div>
          ) : (
            <Canvas
              model={model}
              state={state}
              layout={layout}
              zoom={shown}
              trans={trans}
              onJump={node => actions.jump(node)}
              onRename={node => void actions.rename(node)}
              onRemove={id => actions.remove(id)}
              onConnect={(from, to) => void actions.connect(from, to)}
            />
          )}
        </div>
        {(chosen || edge) && <Details model={model} state={state} actions={actions} node={chosen} edge={edge} />}
      </div>
      <p className={`jp-OscarFdlGraph-message ${state.message?.refused ? 'jp-mod-refused' : ''}`} role="status">
        {state.message?.text ?? ''}
      </p>
      <Problems problems={state.problems} onJump={problem => actions.jumpTo(problem.line, problem.column)} />
    </div>
  );
}

function Tools(props: {
  model: GraphModel;
  actions: GraphActions;
  stale: boolean;
  chosen?: IGraphNode;
  zoom: number;
  onZoom: (zoom: number | null) => void;
}): JSX.Element {
  const { model, actions, stale, zoom, onZoom } = props;
  const { trans, model: oscar } = useView();
  const { clusters } = useOscar();
  const current = oscar.current;
  const add = (label: string, name: string, run: () => Promise<void>): JSX.Element => (
    <button
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
  );
  return (
    <div className="jp-OscarFdlGraph-tools" role="toolbar" aria-label={trans.__('Graph tools')}>
      {add(trans.__('Service'), trans.__('Add a service'), () => actions.addService())}
      {add(trans.__('Folder'), trans.__('Add a bucket or folder'), () => actions.addPlace())}
      {add(trans.__('Function'), trans.__('Add a function of AWS'), () => actions.addFunction())}
      {add(trans.__('Cluster'), trans.__('Add a cluster'), () => actions.addCluster())}
      <span className="jp-OscarFdlGraph-gap" />
      <IconButton icon={undoIcon} label={trans.__('Undo')} disabled={!model.canUndo} onClick={() => model.undo()} />
      <IconButton icon={redoIcon} label={trans.__('Redo')} disabled={!model.canRedo} onClick={() => model.redo()} />
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
        {trans.__('Apply to cluster')}
      </Button>
    </div>
  );
}

/** Undo is the document's. */
function onUndoKeys(event: React.KeyboardEvent, model: GraphModel): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) {
    return;
  }
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) {
    model.undo();
  } else if (key === 'y' || (key === 'z' && event.shiftKey)) {
    model.redo();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function useGraph(model: GraphModel): GraphModel['state'] {
  const subscribe = React.useCallback(
    (changed: () => void) => {
      model.stateChanged.connect(changed);
      return () => {
        model.stateChanged.disconnect(changed);
      };
    },
    [model]
  );
  return React.useSyncExternalStore(subscribe, () => model.state);
}
