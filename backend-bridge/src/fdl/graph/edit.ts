import { parseFdl } from '../parse';
import { parseProvider, trimPath } from '../paths';
import { asList, asMap, asText, isMap } from '../pointer';
import type { FdlMap, FdlValue } from '../types';
import { applyOp, Refusal, valueOf, type Op, type Path } from './ops';
import { AWS_NODE, clusterNode, graphOf, placeNode } from './read';
import type { GraphAction, GraphEnd, IFdlGraph, IGraphEdge, IGraphEdit, IGraphNode, ITextEdit } from './types';

const NAME = /^[a-z]([-a-z0-9]{0,37}[a-z0-9])?$/;
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const CLUSTER_ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/**
 * What an action of the canvas changes in the text. Never throws. Comments, order and quoting of everything else stay as they
 * are, to the byte.
 */
export function editGraph(text: string, action: GraphAction): IGraphEdit {
  const editor = new GraphEditor(text);
  try {
    const node = editor.run(action);
    return { edits: editor.edits, text: editor.text, ...(node === undefined ? {} : { node }) };
  } catch (reason) {
    if (reason instanceof Refusal) {
      return { edits: [], text, refused: reason.message };
    }
    throw reason;
  }
}

class GraphEditor {
  constructor(public text: string) {}

  readonly edits: ITextEdit[] = [];

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
        return this._disconnect(this._edge(action.edge));
      case 'remove':
        return this._remove(this._node(action.node));
      case 'rename':
        return this._rename(this._node(action.node), action.name.trim());
      case 'move':
        return this._move(this._node(action.node), action.cluster);
    }
  }

  private _addService(action: Extract<GraphAction, { type: 'add-service' }>): string {
    const name = action.name.trim();
    this._freeServiceName(name);
    this._clusterId(action.cluster);
    const service: FdlMap = {
      name,
      image: required(action.image, 'Give the image that the service runs in.'),
      script: required(action.script, 'Give the path of the script.'),
      cpu: '0.5',
      memory: '512Mi'
    };
    this._do({ op: 'append', path: ['functions', 'oscar'], value: { [action.cluster]: service } });
    return `service:${action.cluster}/${name}`;
  }

  private _addFunction(action: Extract<GraphAction, { type: 'add-function' }>): string {
    const name = action.name.trim();
    this._freeFunctionName(name);
    const lambda: FdlMap = {
      name,
      runtime: 'image',
      memory: 512,
      timeout: 300,
      init_script: required(action.script, 'Give the path of the script.'),
      container: { image: required(action.image, 'Give the image that the function runs in.') }
    };
    this._do({ op: 'append', path: ['functions', 'aws'], value: { lambda } });
    return `function:${name}`;
  }

  private _addCluster(name: string, endpoint: string): string {
    const id = name.trim();
    this._clusterId(id);
    if (isMap(asMap(asMap(valueOf(this.text)).clusters)[id])) {
      throw new Refusal(`The file has a cluster ${id} already.`);
    }
    const url = endpoint.trim();
    if (!/^https?:\/\/[^\s/]+/.test(url)) {
      throw new Refusal('Give the address of the cluster, as in https://oscar.example.org.');
    }
    this._do({ op: 'put', path: ['clusters'], key: id, value: { endpoint: url, ssl_verify: true } });
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
    const { edges, nodes } = this._graph();
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
    const { edges } = this._graph();
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
    this._do({
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
      if (asList(at(valueOf(this.text), list)).length === 1) {
        this._do({ op: 'remove', path: list });
        return undefined;
      }
    }
    this._do({ op: 'remove', path });
    return undefined;
  }

  private _remove(node: IGraphNode): undefined {
    if (node.kind === 'place') {
      // From the end, so that the positions of the others stay true.
      const edges = this._graph().edges.filter(edge => edge.pointer && [edge.from, edge.to].includes(node.id));
      for (const edge of edges.reverse()) {
        this._disconnect(edge);
      }
    } else if (node.kind === 'cluster') {
      this._removeCluster(node);
    } else {
      const path = stepsOf(node.pointer);
      const item = path.slice(0, 3);
      const others = Object.keys(asMap(at(valueOf(this.text), item))).length > 1;
      this._do({ op: 'remove', path: node.kind === 'service' && others ? path : item });
    }
    return undefined;
  }

  private _removeCluster(node: IGraphNode): void {
    const inside = this._graph().nodes.filter(other => other.parent === node.id).length;
    if (inside > 0) {
      throw new Refusal(
        `${node.label} has ${inside === 1 ? 'a service' : `${inside} services`}. Move or remove what is in it first.`
      );
    }
    const clusters = asMap(asMap(valueOf(this.text)).clusters);
    this._do({ op: 'remove', path: Object.keys(clusters).length > 1 ? ['clusters', node.label] : ['clusters'] });
  }

  private _rename(node: IGraphNode, name: string): string {
    if (node.kind === 'service') {
      if (name === node.label) {
        return node.id;
      }
      this._freeServiceName(name);
      this._set([...stepsOf(node.pointer), 'name'], name);
      this._members('service_name', node.label, name);
      return node.id.replace(/\/[^/]*$/, `/${name}`);
    }
    if (node.kind === 'function') {
      if (name !== node.label) {
        this._freeFunctionName(name);
        this._set([...stepsOf(node.pointer), 'name'], name);
      }
      return `function:${name}`;
    }
    return node.kind === 'place' ? this._renamePlace(node, name) : this._renameCluster(node, name);
  }

  private _renamePlace(node: IGraphNode, name: string): string {
    const path = trimPath(name);
    if (path === '' || /\s/.test(path)) {
      throw new Refusal('Give a bucket and a folder, as in results/in, without spaces.');
    }
    const { edges } = this._graph();
    const mine = edges.filter(edge => edge.pointer && [edge.from, edge.to].includes(node.id));
    if (mine.some(edge => edge.kind !== 'mount')) {
      needFolder(path);
    }
    for (const edge of mine) {
      this._set([...stepsOf(edge.pointer ?? ''), 'path'], path);
    }
    return placeNode(node.provider ?? '', path);
  }

  private _renameCluster(node: IGraphNode, id: string): string {
    if (node.id === AWS_NODE) {
      throw new Refusal('AWS is always called AWS.');
    }
    if (id === node.label) {
      return node.id;
    }
    this._clusterId(id);
    const graph = this._graph();
    if (graph.nodes.some(other => other.id === clusterNode(id))) {
      throw new Refusal(`The file has a cluster ${id} already.`);
    }
    if (isMap(asMap(asMap(valueOf(this.text)).clusters)[node.label])) {
      this._do({ op: 'rename', path: ['clusters', node.label], key: id });
    }
    for (const service of graph.nodes.filter(other => other.parent === node.id)) {
      this._do({ op: 'rename', path: stepsOf(service.pointer), key: id });
    }
    this._members('cluster_id', node.label, id);
    return clusterNode(id);
  }

  private _move(node: IGraphNode, cluster: string): string {
    if (node.kind !== 'service') {
      throw new Refusal('Only services can be moved to another cluster.');
    }
    this._clusterId(cluster);
    const path = stepsOf(node.pointer);
    if (path[path.length - 1] === cluster) {
      return node.id;
    }
    if (this._graph().nodes.some(other => other.id === `service:${cluster}/${node.label}`)) {
      throw new Refusal(`${cluster} has a service ${node.label} already.`);
    }
    this._do({ op: 'rename', path, key: cluster });
    return `service:${cluster}/${node.label}`;
  }

  /** References to services and clusters in the members of federations. */
  private _members(key: string, from: string, to: string): void {
    const root = valueOf(this.text);
    asList(asMap(asMap(root).functions).oscar).forEach((item, index) => {
      for (const [cluster, service] of Object.entries(asMap(item))) {
        asList(asMap(asMap(service).federation).members).forEach((member, number) => {
          if (asMap(member)[key] === from) {
            this._set(['functions', 'oscar', index, cluster, 'federation', 'members', number, key], to);
          }
        });
      }
    });
  }

  private _freeServiceName(name: string): void {
    if (!NAME.test(name)) {
      throw new Refusal(
        'A name has small letters, digits and hyphens, begins with a letter, and has at most 39 characters.'
      );
    }
    if (this._graph().nodes.some(node => node.kind === 'service' && node.label === name)) {
      throw new Refusal(`The file has a service ${name} already.`);
    }
  }

  private _freeFunctionName(name: string): void {
    if (!FUNCTION_NAME.test(name)) {
      throw new Refusal('A name has letters, digits, hyphens and underscores, at most 64.');
    }
    if (this._graph().nodes.some(node => node.id === `function:${name}`)) {
      throw new Refusal(`The file has a function ${name} already.`);
    }
  }

  private _clusterId(id: string): void {
    if (!CLUSTER_ID.test(id)) {
      throw new Refusal('The id of a cluster has letters, digits, hyphens, dots and underscores.');
    }
  }

  private _end(end: GraphEnd): { id: string; node?: IGraphNode; place?: { provider: string; path: string } } {
    if ('path' in end) {
      if (trimPath(end.path) === '' || end.provider.trim() === '') {
        throw new Refusal('Give a bucket and a folder, as in results/in.');
      }
      return { id: placeNode(end.provider, end.path), place: { provider: end.provider, path: end.path } };
    }
    const node = this._node(end.node);
    if (node.kind === 'cluster') {
      throw new Refusal('Services and folders can be connected; clusters hold them.');
    }
    return node.kind === 'place'
      ? { id: node.id, place: { provider: node.provider ?? '', path: node.path ?? '' } }
      : { id: node.id, node };
  }

  private _graph(): IFdlGraph {
    return graphOf(parseFdl(this.text).document);
  }

  private _node(id: string): IGraphNode {
    const node = this._graph().nodes.find(item => item.id === id);
    if (!node) {
      throw new Refusal('That is not in the file any more.');
    }
    return node;
  }

  private _edge(id: string): IGraphEdge {
    const edge = this._graph().edges.find(item => item.id === id);
    if (!edge) {
      throw new Refusal('That is not in the file any more.');
    }
    return edge;
  }

  private _set(path: Path, value: FdlValue): void {
    if (asText(at(valueOf(this.text), path)) !== value) {
      this._do({ op: 'set', path, value });
    }
  }

  private _do(op: Op): void {
    const { text, edits } = applyOp(this.text, op);
    this.text = text;
    this.edits.push(...edits);
  }
}

/** Without one the server takes the path for a folder in the service's own bucket. */
function needFolder(path: string): void {
  if (!path.includes('/')) {
    throw new Refusal(`Give a bucket and a folder in it: ${path}/in, for instance.`);
  }
}

function required(text: string, words: string): string {
  const trimmed = text.trim();
  if (trimmed === '') {
    throw new Refusal(words);
  }
  return trimmed;
}

/** The steps of a JSON pointer; positions in lists as numbers are left as text. */
function stepsOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

function at(value: FdlValue, path: Path): FdlValue {
  return path.reduce<FdlValue>(
    (here, step) => (typeof here === 'object' && here !== null ? ((here as FdlMap)[step] ?? null) : null),
    value
  );
}
