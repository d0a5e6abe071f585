import { parseProvider, trimPath } from '../paths';
import { asList, asMap, isMap } from '../pointer';
import type { FdlMap } from '../types';
import { Refusal } from './ops';
import { clusterNode, placeNode } from './read';
import { rename } from './rename';
import type { GraphAction, GraphEnd, IGraphEdge, IGraphEdit, IGraphNode } from './types';
import { at, needFolder, stepsOf, WorkingText } from './working';

/**
 * What an action of the canvas changes in the text. Never throws. Comments, order and quoting of everything else stay as they
 * are, to the byte.
 */
export function editGraph(text: string, action: GraphAction): IGraphEdit {
  const working = new WorkingText(text);
  try {
    const node = new GraphEditor(working).run(action);
    return { edits: working.edits, text: working.text, ...(node === undefined ? {} : { node }) };
  } catch (reason) {
    if (reason instanceof Refusal) {
      return { edits: [], text, refused: reason.message };
    }
    throw reason;
  }
}

class GraphEditor {
  constructor(private readonly _text: WorkingText) {}

  run(action: GraphAction): string | undefined {
    switch (action.type) {
      case 'add-service':
        return this._addService(action);
      case 'add-function':
        return this._addFunction(action);
      case 'add-cluster':
        return this._addCluster(action.name, action.endpoint);
      case 'connect':
        return this._connect(action.from, action.to);
      case 'disconnect':
        return this._disconnect(this._text.edge(action.edge));
      case 'remove':
        return this._remove(this._text.node(action.node));
      case 'rename':
        return rename(this._text, this._text.node(action.node), action.name.trim());
      case 'move':
        return this._move(this._text.node(action.node), action.cluster);
    }
  }

  private _addService(action: Extract<GraphAction, { type: 'add-service' }>): string {
    const name = action.name.trim();
    this._text.freeServiceName(name);
    this._text.clusterId(action.cluster);
    const service: FdlMap = {
      name,
      image: required(action.image, 'Give the image that the service runs in.'),
      script: required(action.script, 'Give the path of the script.'),
      cpu: '0.5',
      memory: '512Mi'
    };
    this._text.do({ op: 'append', path: ['functions', 'oscar'], value: { [action.cluster]: service } });
    return `service:${action.cluster}/${name}`;
  }

  private _addFunction(action: Extract<GraphAction, { type: 'add-function' }>): string {
    const name = action.name.trim();
    this._text.freeFunctionName(name);
    const lambda: FdlMap = {
      name,
      runtime: 'image',
      memory: 512,
      timeout: 300,
      init_script: required(action.script, 'Give the path of the script.'),
      container: { image: required(action.image, 'Give the image that the function runs in.') }
    };
    this._text.do({ op: 'append', path: ['functions', 'aws'], value: { lambda } });
    return `function:${name}`;
  }

  private _addCluster(name: string, endpoint: string): string {
    const id = name.trim();
    this._text.clusterId(id);
    if (isMap(asMap(asMap(this._text.value()).clusters)[id])) {
      throw new Refusal(`The file has a cluster ${id} already.`);
    }
    const url = endpoint.trim();
    if (!/^https?:\/\/[^\s/]+/.test(url)) {
      throw new Refusal('Give the address of the cluster, as in https://oscar.example.org.');
    }
    this._text.do({ op: 'put', path: ['clusters'], key: id, value: { endpoint: url, ssl_verify: true } });
    return clusterNode(id);
  }

  private _connect(from: GraphEnd, to: GraphEnd): string | undefined {
    const a = this._end(from);
    const b = this._end(to);
    if (a.node && b.node && a.node.id === b.node.id) {
      throw new Refusal(`${a.node.label} would start itself with its own results. Let it write somewhere else.`);
    }
    if (a.place && b.place) {
      throw new Refusal(
        'Folders are connected by a service: draw from a folder to a service, or from a service to a folder.'
      );
    }
    if (a.place && b.node) {
      this._addIO(b.node, 'input', a.place);
      return a.id;
    }
    if (a.node && b.place) {
      this._addIO(a.node, 'output', b.place);
      return b.id;
    }
    return a.node && b.node ? this._chain(a.node, b.node) : undefined;
  }

  /** One writes where the other reads: the first output of the one, else the first input of the other, else a new folder. */
  private _chain(from: IGraphNode, to: IGraphNode): undefined {
    const { edges, nodes } = this._text.graph();
    const find = (id: string) => nodes.find(node => node.id === id);
    const out = edges.filter(edge => edge.kind === 'output' && edge.from === from.id);
    const into = edges.filter(edge => edge.kind === 'input' && edge.to === to.id);
    if (out.some(a => into.some(b => a.to === b.from))) {
      throw new Refusal(`${from.label} feeds ${to.label} already.`);
    }
    const output = out.map(edge => find(edge.to)).find(place => place && place.detail !== '');
    const input = into.map(edge => find(edge.from))[0];
    if (output?.provider && output.path) {
      this._addIO(to, 'input', { provider: output.provider, path: output.path });
    } else if (input?.provider && input.path) {
      this._addIO(from, 'output', { provider: input.provider, path: input.path });
    } else {
      const aws = from.kind === 'function' || to.kind === 'function';
      const place = { provider: aws ? 's3' : 'minio.default', path: `${from.label.toLowerCase()}/out` };
      this._addIO(from, 'output', place);
      this._addIO(to, 'input', place);
    }
    return undefined;
  }

  private _addIO(node: IGraphNode, side: 'input' | 'output', place: { provider: string; path: string }): void {
    const path = trimPath(place.path);
    const id = placeNode(place.provider, path);
    const { edges } = this._text.graph();
    const other = edges.find(
      edge =>
        edge.kind === (side === 'input' ? 'output' : 'input') &&
        [edge.from, edge.to].includes(node.id) &&
        [edge.from, edge.to].includes(id)
    );
    if (other) {
      throw new Refusal(`${node.label} would start itself with its own results. Let it write somewhere else.`);
    }
    if (
      edges.some(
        edge => edge.kind === side && [edge.from, edge.to].includes(node.id) && [edge.from, edge.to].includes(id)
      )
    ) {
      throw new Refusal(`${node.label} is connected to ${path} already.`);
    }
    needFolder(path);
    if (side === 'input') {
      const { type } = parseProvider(place.provider);
      if (node.kind === 'service' && type !== 'minio' && type !== 'webdav' && type !== 'rucio') {
        throw new Refusal(`Files in ${type} cannot start a service of OSCAR. Use a folder of minio.default.`);
      }
      if (node.kind === 'function' && type !== 's3') {
        throw new Refusal(`Only files in S3 start a function of AWS. Use a folder of the provider s3.`);
      }
    }
    const provider = node.kind === 'function' && side === 'input' ? 's3' : place.provider;
    this._text.do({
      op: 'append',
      path: [...stepsOf(node.pointer), side],
      value: { storage_provider: provider, path }
    });
  }

  private _disconnect(edge: IGraphEdge): undefined {
    if (edge.pointer === undefined) {
      throw new Refusal('One folder lies in the other. Rename one of them to part them.');
    }
    const path = stepsOf(edge.pointer);
    if (edge.kind !== 'mount') {
      const list = path.slice(0, -1);
      if (asList(at(this._text.value(), list)).length === 1) {
        this._text.do({ op: 'remove', path: list });
        return undefined;
      }
    }
    this._text.do({ op: 'remove', path });
    return undefined;
  }

  private _remove(node: IGraphNode): undefined {
    if (node.kind === 'place') {
      // From the end, so that the positions of the others stay true.
      const edges = this._text.graph().edges.filter(edge => edge.pointer && [edge.from, edge.to].includes(node.id));
      for (const edge of edges.reverse()) {
        this._disconnect(edge);
      }
    } else if (node.kind === 'cluster') {
      this._removeCluster(node);
    } else {
      const path = stepsOf(node.pointer);
      const item = path.slice(0, 3);
      const others = Object.keys(asMap(at(this._text.value(), item))).length > 1;
      this._text.do({ op: 'remove', path: node.kind === 'service' && others ? path : item });
    }
    return undefined;
  }

  private _removeCluster(node: IGraphNode): void {
    const inside = this._text.graph().nodes.filter(other => other.parent === node.id).length;
    if (inside > 0) {
      throw new Refusal(
        `${node.label} has ${inside === 1 ? 'a service' : `${inside} services`}. Move or remove what is in it first.`
      );
    }
    const clusters = asMap(asMap(this._text.value()).clusters);
    this._text.do({ op: 'remove', path: Object.keys(clusters).length > 1 ? ['clusters', node.label] : ['clusters'] });
  }

  private _move(node: IGraphNode, cluster: string): string {
    if (node.kind !== 'service') {
      throw new Refusal('Only services can be moved to another cluster.');
    }
    this._text.clusterId(cluster);
    const path = stepsOf(node.pointer);
    if (path[path.length - 1] === cluster) {
      return node.id;
    }
    if (this._text.graph().nodes.some(other => other.id === `service:${cluster}/${node.label}`)) {
      throw new Refusal(`${cluster} has a service ${node.label} already.`);
    }
    this._text.do({ op: 'rename', path, key: cluster });
    return `service:${cluster}/${node.label}`;
  }

  private _end(end: GraphEnd): { id: string; node?: IGraphNode; place?: { provider: string; path: string } } {
    if ('path' in end) {
      if (trimPath(end.path) === '' || end.provider.trim() === '') {
        throw new Refusal('Give a bucket and a folder, as in results/in.');
      }
      return { id: placeNode(end.provider, end.path), place: { provider: end.provider, path: end.path } };
    }
    const node = this._text.node(end.node);
    if (node.kind === 'cluster') {
      throw new Refusal('Services and folders can be connected; clusters hold them.');
    }
    return node.kind === 'place'
      ? { id: node.id, place: { provider: node.provider ?? '', path: node.path ?? '' } }
      : { id: node.id, node };
  }
}

function required(text: string, words: string): string {
  const trimmed = text.trim();
  if (trimmed === '') {
    throw new Refusal(words);
  }
  return trimmed;
}
