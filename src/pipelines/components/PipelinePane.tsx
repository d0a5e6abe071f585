import * as React from 'react';

import { toProblem } from '../../bridge/errors';
import type { Problem, Service } from '../../contract';
import { useOscar, useView } from '../../oscar/components/context';
import { Button, ProblemBox, Skeleton, StateIcon } from '../../oscar/components/parts';
import type { ICanvas, ICanvasProps, ICanvasWords, IStates } from '../canvasapi';
import type { PipelineDocument } from '../document';
import type { IFlow } from '../flow';
import { allNodes, canvasId, nodeLabel } from '../flow';
import { makePalette, usedServices } from '../palette';
import { badgesOf, brokenLinksOf } from '../problems';
import { isActive } from '../runwords';
import { parametersSchema, pipelineSchema } from '../schemas';
import { PalettePane } from './PalettePane';
import { ProblemList } from './ProblemList';

export interface IPipelinePaneProps {
  document: PipelineDocument;
  /** Path of the file, as its runs name it. */
  file: string;
  loadCanvas: () => Promise<(host: HTMLElement, props: ICanvasProps) => ICanvas>;
  onCanvas: (canvas: ICanvas | null) => void;
  onOpenFile: (path: string) => void;
  onFileRequested: ICanvasProps['onFileRequested'];
  /** Open the file of this pipeline as text. */
  onOpenText: () => void;
}

/** Images that are offered when nothing else is known. */
const IMAGES = [
  'python:3.12-slim',
  'jupyter/scipy-notebook:latest',
  'jupyter/datascience-notebook:latest',
  'r-base:latest'
];

/** The editor: palette, canvas, problems; and what is to be said of the file. */
export function PipelinePane(props: IPipelinePaneProps): JSX.Element {
  const { document } = props;
  const { trans } = useView();
  const state = useDocument(document);
  const [hidden, setHidden] = React.useState(false);
  const canvas = React.useRef<ICanvas | null>(null);
  const palette = usePalette(document);
  React.useEffect(() => setHidden(false), [state.migration]);

  if (state.phase === 'loading') {
    return <Skeleton label={trans.__('Opening the pipeline…')} rows={4} />;
  }
  if (state.phase === 'broken') {
    return (
      <div className="jp-OscarPipeline-broken">
        <h2>{trans.__('This file cannot be read as a pipeline')}</h2>
        <p>{trans.__('Nothing was changed in it. Mend it as text; the drawing comes back when you save.')}</p>
        <Button accept onClick={props.onOpenText}>
          {trans.__('Open as text')}
        </Button>
        <ProblemList problems={state.problems} onSelect={() => undefined} />
      </div>
    );
  }
  const add = (op: string): void => canvas.current?.add(op);
  return (
    <div className="jp-OscarPipeline">
      {state.migration.length > 0 && !hidden && <Migration changes={state.migration} onClose={() => setHidden(true)} />}
      <div className="jp-OscarPipeline-main">
        <PalettePane palette={palette} onAdd={add} />
        <CanvasHost {...props} palette={palette} canvas={canvas} />
      </div>
      <ProblemList
        problems={state.problems}
        onSelect={node => {
          canvas.current?.select([node]);
          canvas.current?.openProperties();
        }}
      />
    </div>
  );
}

function Migration(props: { changes: readonly string[]; onClose: () => void }): JSX.Element {
  const { trans } = useView();
  return (
    <aside className="jp-OscarPipeline-banner" role="status">
      <StateIcon tone="warn" label={trans.__('Old file')} />
      <div>
        <strong>{trans.__('This file is of an older version of Elyra.')}</strong>{' '}
        {trans.__('It is shown as it would be today; the file changes when you edit and save it.')}
        <details>
          <summary>{trans._n('%1 change', '%1 changes', props.changes.length)}</summary>
          <ul>
            {props.changes.map((change, index) => (
              <li key={index}>{change}</li>
            ))}
          </ul>
        </details>
      </div>
      <button type="button" className="jp-OscarLink" onClick={props.onClose}>
        {trans.__('Hide')}
      </button>
    </aside>
  );
}

function CanvasHost(
  props: IPipelinePaneProps & {
    palette: ReturnType<typeof makePalette>;
    canvas: React.MutableRefObject<ICanvas | null>;
  }
): JSX.Element {
  const { canvas, document, loadCanvas, onCanvas, palette } = props;
  const { trans } = useView();
  const state = useDocument(document);
  const host = React.useRef<HTMLDivElement>(null);
  const [failure, setFailure] = React.useState<Problem | null>(null);
  const [mounted, setMounted] = React.useState(false);
  const [said, setSaid] = React.useState('');
  const badges = React.useMemo(() => badgesOf(state.problems), [state.problems]);
  const states = useRunStates(props.file);
  const brokenLinks = React.useMemo(() => brokenLinksOf(state.problems), [state.problems]);
  const forms = React.useMemo(
    () => ({ pipelineSchema: palette.properties ?? pipelineSchema, parametersSchema: parametersSchema(trans) }),
    [palette, trans]
  );
  const words = useWords(state.flow, badges);
  const current = React.useRef<ICanvasProps | null>(null);
  current.current = {
    flow: state.flow!,
    palette,
    ...forms,
    badges,
    states,
    brokenLinks,
    hint: trans.__(
      'Drag something from the palette, or notebooks and scripts from the file browser, and connect them.'
    ),
    words,
    onSay: setSaid,
    onChange: flow => document.edit(flow),
    onOpenFile: props.onOpenFile,
    onFileRequested: props.onFileRequested,
    onError: reason => setFailure(toProblem(reason))
  };

  React.useEffect(() => {
    let gone = false;
    loadCanvas().then(
      mount => {
        if (!gone && host.current && current.current) {
          const made = mount(host.current, current.current);
          canvas.current = made;
          onCanvas(made);
          setMounted(true);
        }
      },
      reason => !gone && setFailure(toProblem(reason))
    );
    return () => {
      gone = true;
      canvas.current?.dispose();
      canvas.current = null;
      onCanvas(null);
    };
    // The canvas lives as long as this component; what it is given is updated below.
  }, []);

  React.useEffect(() => {
    if (mounted && current.current) {
      canvas.current?.update(current.current);
    }
  }, [mounted, canvas, state.flow, palette, forms, badges, states, brokenLinks, words]);

  return (
    <div className="jp-OscarPipeline-canvas">
      {failure && <ProblemBox problem={failure} />}
      {!mounted && !failure && <Skeleton label={trans.__('Loading the canvas…')} rows={3} />}
      <div ref={host} className="jp-OscarPipeline-host" />
      <div className="jp-OscarPipeline-said" role="status">
        {said}
      </div>
      {mounted && said === '' && (
        <div className="jp-OscarPipeline-keys" aria-hidden="true">
          {trans.__('Arrows: choose a node · Enter: properties · C: connect · Delete: remove')}
        </div>
      )}
    </div>
  );
}

/** What the canvas says of nodes, by their labels; their problems too, for who cannot see the badges. */
function useWords(flow: IFlow | null, badges: ICanvasProps['badges']): ICanvasWords {
  const { trans } = useView();
  return React.useMemo(() => {
    const labels = new Map(flow ? [...allNodes(flow)].map(({ node }) => [node.id, nodeLabel(node)]) : []);
    const label = (id: string): string => labels.get(id) ?? id;
    return {
      chosen: id => [label(id), ...(badges[id]?.messages ?? [])].join('. '),
      connecting: (from, to) =>
        from === to
          ? trans.__('Connect %1 to… choose a node with the arrows, then press Enter. Escape leaves it.', label(from))
          : trans.__('Connect %1 to %2? Enter does it.', label(from), label(to)),
      connected: (from, to) => trans.__('%1 goes to %2.', label(from), label(to))
    };
  }, [flow, badges, trans]);
}

/** How the nodes stand in the newest run that this page has seen going on. */
function useRunStates(file: string): IStates {
  const run = useOscar().runs.find(item => item.file === file);
  const seen = React.useRef<string | undefined>();
  if (run && isActive(run)) {
    seen.current = run.id;
  }
  const nodes = run && run.id === seen.current ? run.nodes : [];
  const key = JSON.stringify(nodes.map(node => [canvasId(node.id), node.state]));
  return React.useMemo(() => Object.fromEntries(JSON.parse(key) as [string, IStates[string]][]), [key]);
}

export function useDocument(document: PipelineDocument): PipelineDocument['state'] {
  const subscribe = React.useCallback(
    (changed: () => void) => {
      document.changed.connect(changed);
      return () => {
        document.changed.disconnect(changed);
      };
    },
    [document]
  );
  return React.useSyncExternalStore(subscribe, () => document.state);
}

/** The palette of the current cluster; the same object while nothing in it changes. */
function usePalette(document: PipelineDocument): ReturnType<typeof makePalette> {
  const { trans } = useView();
  const { clusters, services } = useOscar();
  const { flow } = useDocument(document);
  const key = JSON.stringify([
    services.items.map(item => [item.name, item.exposed, item.image]),
    clusters.map(item => item.id),
    flow ? usedServices(flow) : []
  ]);
  return React.useMemo(
    () =>
      makePalette({
        trans,
        services: services.items
          // The services of pipelines are their nodes already.
          .filter(item => !isOfPipeline(item))
          .map(({ name, exposed }) => ({ name, exposed })),
        clusters: clusters.map(item => item.id),
        images: [...new Set([...IMAGES, ...services.items.map(item => item.image)])].filter(Boolean),
        used: flow ? usedServices(flow) : []
      }),
    [trans, key]
  );
}

/** Services that were made of nodes are no services to be called: `sums-make-c5a692` reads `in` or what others hand on. */
function isOfPipeline(service: Service): boolean {
  const places = service.input.map(place => place.prefix.split('/')[0]);
  return /-[0-9a-f]{6}$/.test(service.name) && places.every(folder => folder === 'in' || folder === 'next');
}
