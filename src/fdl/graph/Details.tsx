import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IGraphEdge, IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import { useView } from '../../oscar/components/context';
import { Button, IconButton } from '../../oscar/components/parts';
import type { GraphActions } from './actions';
import type { GraphModel, IGraphState } from './model';
import { connectionsText, kindWord, nameOf } from './words';

/** What is chosen: its name, its connections, and what can be done with it, for hands on the keyboard as well. */
export function Details(props: {
  model: GraphModel;
  state: IGraphState;
  actions: GraphActions;
  node?: IGraphNode;
  edge?: IGraphEdge;
}): JSX.Element {
  const { model, state, actions, node, edge } = props;
  const { trans } = useView();
  if (edge) {
    return (
      <aside className="jp-OscarFdlGraph-details" aria-label={trans.__('Connection')}>
        <h3>{trans.__('Connection')}</h3>
        <p>{connectionsText(edge, model, trans)}</p>
        {edge.pointer !== undefined && (
          <div className="jp-OscarButtons">
            <Button disabled={state.stale} onClick={() => actions.remove(edge.id)}>
              {trans.__('Remove')}
            </Button>
          </div>
        )}
      </aside>
    );
  }
  if (!node) {
    return <></>;
  }
  const edges = state.graph.edges.filter(item => item.from === node.id || item.to === node.id);
  const others = state.graph.nodes.filter(
    item => item.id !== node.id && item.kind !== 'cluster' && !(node.kind === 'place' && item.kind === 'place')
  );
  const loose = model.isLoose(node.id);
  return (
    <aside className="jp-OscarFdlGraph-details" aria-label={kindWord(node.kind, trans)}>
      <h3>
        <small>{kindWord(node.kind, trans)}</small> {nameOf(node, trans)}
      </h3>
      {node.kind === 'place' ? <p>{node.provider}</p> : node.detail && <p>{node.detail}</p>}
      {loose && <p className="jp-OscarHint">{trans.__('Connect it to a service: then it stands in the file.')}</p>}
      {edges.length > 0 && (
        <ul aria-label={trans.__('Connections')}>
          {edges.map(item => (
            <li key={item.id}>
              <span>{connectionsText(item, model, trans)}</span>
              {item.pointer !== undefined && (
                <IconButton
                  icon={closeIcon}
                  label={trans.__('Remove: %1', connectionsText(item, model, trans))}
                  disabled={state.stale}
                  onClick={() => actions.remove(item.id)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {node.kind !== 'cluster' && others.length > 0 && (
        <label className="jp-OscarFdlGraph-connect">
          {trans.__('Connect to')}
          <select
            value=""
            disabled={state.stale}
            onChange={event => event.target.value !== '' && void actions.connect(node.id, event.target.value)}
          >
            <option value="">{trans.__('Choose…')}</option>
            {others.map(item => (
              <option key={item.id} value={item.id}>
                {kindWord(item.kind, trans)} {nameOf(item, trans)}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="jp-OscarButtons">
        {!loose && <Button onClick={() => actions.jump(node)}>{trans.__('Show in text')}</Button>}
        {!loose && node.id !== 'aws' && (
          <Button disabled={state.stale} onClick={() => void actions.rename(node)}>
            {trans.__('Rename…')}
          </Button>
        )}
        {node.kind === 'service' && (
          <Button disabled={state.stale} onClick={() => void actions.move(node)}>
            {trans.__('Move to cluster…')}
          </Button>
        )}
        <Button disabled={state.stale} onClick={() => actions.remove(node.id)}>
          {trans.__('Remove')}
        </Button>
      </div>
    </aside>
  );
}
