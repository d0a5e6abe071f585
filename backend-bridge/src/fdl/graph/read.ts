import { isUnder, parsePath, parseProvider, pathOf, providerName, type IPlaceInStorage } from '../paths';
import { asList, asMap, asText, isMap, join } from '../pointer';
import type { FdlMap, FdlValue, IFdlDocument } from '../types';
import type { IFdlGraph, IGraphEdge, IGraphNode } from './types';

/** Id of the box around the functions of AWS. */
export const AWS_NODE = 'aws';

export function clusterNode(id: string): string {
  return `cluster:${id}`;
}

/** Bucket names of S3 are unique in the world: `s3` and `s3.mine` name one place. */
function placeKey(place: IPlaceInStorage): IPlaceInStorage {
  return place.provider.startsWith('s3.') ? { ...place, provider: 's3' } : place;
}

/** Id of the node of a place; `service` is put in front of a path without a folder, as the server does. */
export function placeNode(provider: string, path: string, service?: string): string {
  const place = placeKey(parsePath(provider, path, service));
  return `place:${place.provider}:${pathOf(place)}`;
}

/** The services, functions, places and clusters of a file, and how data goes between them. */
export function graphOf(document: IFdlDocument): IFdlGraph {
  return new GraphReader(document).read();
}

class GraphReader {
  constructor(private readonly _document: IFdlDocument) {}

  read(): IFdlGraph {
    const document = this._document;
    for (const id of Object.keys(document.clusters)) {
      const endpoint = asText(document.clusters[id].endpoint);
      this._cluster(id, join('/clusters', id), endpoint);
    }
    for (const entry of document.oscar) {
      const parent = this._cluster(entry.clusterId, entry.pointer);
      const name = asText(entry.service.name);
      const id = this._unique(`service:${entry.clusterId}/${name}`);
      this._nodes.push({
        id,
        kind: 'service',
        label: name,
        detail: asText(entry.service.image),
        parent,
        pointer: entry.pointer
      });
      this._storage(entry.service, entry.pointer, id, name);
    }
    asList(asMap(asMap(document.value).functions).aws).forEach((item, index) => this._function(item, index));
    this._under();
    return { nodes: [...this._clusters.values(), ...this._nodes, ...this._places.values()], edges: this._edges };
  }

  private _function(item: FdlValue, index: number): void {
    if (!isMap(item)) {
      return;
    }
    const lambda = asMap(item.lambda);
    const pointer = join('/functions/aws', index, ...(isMap(item.lambda) ? ['lambda'] : []));
    if (!this._clusters.has(AWS_NODE)) {
      this._clusters.set(AWS_NODE, { id: AWS_NODE, kind: 'cluster', label: 'AWS', pointer: '/functions/aws' });
    }
    const name = asText(lambda.name);
    const id = this._unique(`function:${name}`);
    const detail = asText(asMap(lambda.container).image);
    this._nodes.push({ id, kind: 'function', label: name, detail, parent: AWS_NODE, pointer });
    this._storage(lambda, pointer, id, undefined);
  }

  private _storage(service: FdlMap, pointer: string, node: string, name: string | undefined): void {
    asList(service.input).forEach((io, index) => {
      const at = join(pointer, 'input', index);
      const place = this._place(io, at, name);
      if (place !== undefined) {
        this._edge('input', place, node, at);
      }
    });
    asList(service.output).forEach((io, index) => {
      const at = join(pointer, 'output', index);
      const place = this._place(io, at, name);
      if (place !== undefined) {
        const filters = [
          ...asList(asMap(io).prefix).map(text => `${asText(text)}*`),
          ...asList(asMap(io).suffix).map(text => `*${asText(text)}`)
        ];
        this._edge('output', node, place, at, filters.join(' '));
      }
    });
    const at = join(pointer, 'mount');
    const mount = this._place(service.mount ?? null, at, name);
    if (mount !== undefined) {
      this._edge('mount', mount, node, at);
    }
  }

  private _place(io: FdlValue, pointer: string, service: string | undefined): string | undefined {
    const path = asText(asMap(io).path);
    if (path.trim() === '') {
      return undefined;
    }
    const provider = asText(asMap(io).storage_provider) || 'minio.default';
    const id = placeNode(provider, path, service);
    if (!this._places.has(id)) {
      const place = parsePath(provider, path, service);
      this._where.set(id, placeKey(place));
      this._places.set(id, {
        id,
        kind: 'place',
        label: place.bucket,
        detail: place.prefix,
        pointer,
        provider: providerName(parseProvider(provider)),
        path: pathOf(place)
      });
    }
    return id;
  }

  private _edge(kind: IGraphEdge['kind'], from: string, to: string, pointer: string, label?: string): void {
    this._edges.push({ id: `${kind}:${pointer}`, kind, from, to, pointer, ...(label ? { label } : {}) });
  }

  /** A file that is written into a folder below another one starts what listens to that one, too. */
  private _under(): void {
    const written = new Set(this._edges.filter(edge => edge.kind === 'output').map(edge => edge.to));
    const read = new Set(this._edges.filter(edge => edge.kind !== 'output').map(edge => edge.from));
    for (const inner of written) {
      for (const outer of read) {
        const a = this._where.get(inner);
        const b = this._where.get(outer);
        if (inner !== outer && a && b && isUnder(a, b)) {
          this._edges.push({ id: `under:${inner}:${outer}`, kind: 'under', from: inner, to: outer });
        }
      }
    }
  }

  private _cluster(id: string, pointer: string, detail = ''): string {
    const node = clusterNode(id);
    if (!this._clusters.has(node)) {
      this._clusters.set(node, { id: node, kind: 'cluster', label: id, detail, pointer });
    }
    return node;
  }

  private _unique(id: string): string {
    let result = id;
    for (let count = 2; this._used.has(result); count++) {
      result = `${id}#${count}`;
    }
    this._used.add(result);
    return result;
  }

  private readonly _clusters = new Map<string, IGraphNode>();
  private readonly _nodes: IGraphNode[] = [];
  private readonly _places = new Map<string, IGraphNode>();
  private readonly _where = new Map<string, IPlaceInStorage>();
  private readonly _edges: IGraphEdge[] = [];
  private readonly _used = new Set<string>();
}
