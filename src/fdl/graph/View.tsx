import * as React from 'react';

import { useView } from '../../oscar/components/context';
import { Button } from '../../oscar/components/parts';
import { Canvas } from './Canvas';
import { Details } from './Details';
import { firstSeen, fitOf, layoutsOf, scrollFor } from './fit';
import type { GraphModel } from './model';
import { Problems } from './Problems';
import { Tools } from './Tools';
import type { GraphActions } from './actions';

export interface IGraphViewProps {
  model: GraphModel;
  actions: GraphActions;
}

/** Pixels; a view that is not wider gets along with less. The same number stands in the style sheet. */
const NARROW = 460;

/** Toolbar, picture, and what is chosen in it. */
export function GraphView(props: IGraphViewProps): JSX.Element {
  const { model, actions } = props;
  const { trans } = useView();
  const state = useGraph(model);
  const whole = React.useRef<HTMLDivElement>(null);
  const box = React.useRef<HTMLDivElement>(null);
  const [size, setSize] = React.useState({ width: 800, height: 600, narrow: false });
  const [zoom, setZoom] = React.useState<number | null>(null);

  React.useEffect(() => {
    const outer = whole.current;
    const inner = box.current;
    if (!outer || !inner) {
      return undefined;
    }
    const observer = new ResizeObserver(() =>
      setSize({ width: inner.clientWidth, height: inner.clientHeight, narrow: outer.clientWidth <= NARROW })
    );
    observer.observe(outer);
    observer.observe(inner);
    return () => observer.disconnect();
  }, []);

  const layouts = React.useMemo(() => layoutsOf(state.graph), [state.graph]);
  const { layout, zoom: fit } = fitOf(layouts, size);
  const shown = zoom ?? fit;
  const seen = layout.boxes.get(firstSeen(state.graph, state.selected) ?? '');

  // A picture that is larger than its room begins where something is. Not after each edit: what one looks at stays where it is.
  React.useLayoutEffect(() => {
    const node = box.current;
    if (node && seen) {
      node.scrollLeft = scrollFor(node.scrollLeft, node.clientWidth, seen.x * shown, seen.width * shown);
      node.scrollTop = scrollFor(node.scrollTop, node.clientHeight, seen.y * shown, seen.height * shown);
    }
  }, [size, shown, state.empty, layouts.indexOf(layout)]);
  const chosen = state.selected === null ? undefined : model.node(state.selected);
  const edge = state.graph.edges.find(item => item.id === state.selected);

  return (
    <div ref={whole} className="jp-OscarFdlGraph" onKeyDown={event => onUndoKeys(event, model)}>
      <Tools
        model={model}
        actions={actions}
        stale={state.stale}
        narrow={size.narrow}
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
      <Problems
        problems={state.problems}
        folded={size.narrow}
        onJump={problem => actions.jumpTo(problem.line, problem.column)}
      />
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
