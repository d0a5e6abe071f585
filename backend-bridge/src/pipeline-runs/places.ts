import type { IOscarService } from '../fdl';
import { BridgeError } from '../http';
import { edgeKey, FOLDERS, PREFIXES, startKey } from '../pipelines';
import { ownPlaces, keyIn, type IPlace } from '../clusters/service-view';

export interface IObjectPlace {
  bucket: string;
  key: string;
}

/** Where the objects of a node lie, as the cluster realised it. Folders are without slashes around them. */
export interface INodePlaces {
  /** Of a node without parents, and of one with parents on another cluster: what starts it. */
  input?: { bucket: string; prefix: string };
  /** The archives that it hands on within its cluster. */
  edges?: { bucket: string; prefix: string };
  artifacts: { bucket: string; prefix: string };
}

/** Reads them from a deployed service: outputs are known by their filters, wherever a plan has put them. */
export function placesOf(service: IOscarService): INodePlaces {
  const outputs = ownPlaces(service.output, service.name);
  const artifacts = outputs.find(place => place.filter?.prefix.includes(PREFIXES.artifacts));
  if (!artifacts) {
    throw new BridgeError({
      type: 'not-deployed',
      title: 'Not a service of a pipeline',
      status: 409,
      detail: `"${service.name}" has no output for the results of a node.`,
      action: 'Deploy the pipeline again.'
    });
  }
  const edges = outputs.find(place => place.filter?.prefix.includes(PREFIXES.edges));
  const inputs = ownPlaces(service.input, service.name);
  const input =
    inputs.find(place => place.prefix.split('/').pop() === FOLDERS.start && place.bucket === service.name) ??
    inputs.find(place => place.prefix.split('/').pop() === FOLDERS.start);
  return {
    artifacts: folder(artifacts),
    ...(edges ? { edges: folder(edges) } : {}),
    ...(input ? { input: folder(input) } : {})
  };
}

function folder({ bucket, prefix }: IPlace): { bucket: string; prefix: string } {
  return { bucket, prefix };
}

/** The object that starts a node without parents. */
export function startOf(places: INodePlaces, run: string): IObjectPlace {
  const place = places.input;
  if (!place) {
    throw new Error('A node without parents has no input.');
  }
  return { bucket: place.bucket, key: below(place, startKey(run), FOLDERS.start) };
}

/** The archive that a parent hands to a child of its own cluster. */
export function edgeOf(places: INodePlaces, run: string, service: string): IObjectPlace | undefined {
  return (
    places.edges && { bucket: places.edges.bucket, key: below(places.edges, edgeKey(run, service), FOLDERS.edges) }
  );
}

/** The archive that a parent on another cluster hands to this node: it lies below the node's own input. */
export function crossedEdgeOf(places: INodePlaces, run: string, service: string): IObjectPlace | undefined {
  return (
    places.input && { bucket: places.input.bucket, key: below(places.input, edgeKey(run, service), FOLDERS.edges) }
  );
}

export function artifactsOf(places: INodePlaces, run: string): IObjectPlace {
  return { bucket: places.artifacts.bucket, key: `${keyIn(places.artifacts, `${PREFIXES.artifacts}${run}`)}/` };
}

/** A key of the layout below the place that it really has. */
function below(place: { bucket: string; prefix: string }, key: string, folder: string): string {
  return keyIn(place, key.slice(folder.length + 1));
}
