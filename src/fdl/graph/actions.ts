import type { TranslationBundle } from '@jupyterlab/translation';

import type { GraphEnd, IGraphNode } from '../../../backend-bridge/src/fdl/graph';
import { askFor } from '../dialogs';
import type { FdlSession } from '../session';
import type { GraphModel } from './model';
import { nameOf } from './words';

/** What the canvas needs of the rest of JupyterLab. */
export interface IGraphHost {
  /** Show a place of the text; counts from 1. */
  showText: (line: number, column: number) => void;
  check: () => Promise<void>;
  plan: () => Promise<void>;
  apply: () => Promise<void>;
  useCluster: (id: string) => Promise<void>;
}

/** Everything that can be done on the canvas, with its questions. */
export class GraphActions {
  constructor(
    private readonly _model: GraphModel,
    private readonly _session: FdlSession,
    private readonly _host: IGraphHost,
    private readonly _trans: TranslationBundle
  ) {}

  async addService(): Promise<void> {
    const trans = this._trans;
    const { graph } = this._model.state;
    const known = this._session.known();
    const used = graph.nodes.filter(node => node.kind === 'cluster' && node.id !== 'aws').map(node => node.label);
    const clusters = [...new Set([...used, ...(known.clusterIds ?? []), 'default-cluster'])];
    const name = this._free('my-service');
    const values = await askFor({
      title: trans.__('Add a service'),
      ok: trans.__('Add'),
      fields: [
        { name: 'name', label: trans.__('Name'), value: name, hint: trans.__('Small letters, digits and hyphens') },
        { name: 'image', label: trans.__('Image'), value: 'python:3.12-slim', suggestions: known.images },
        { name: 'script', label: trans.__('Script'), value: 'script.sh', suggestions: known.scripts },
        { name: 'cluster', label: trans.__('Cluster'), value: clusters[0], suggestions: clusters }
      ]
    });
    if (values) {
      const { image, script, cluster } = values;
      this._model.run(
        { type: 'add-service', name: values.name, image, script, cluster },
        trans.__('%1 was added.', values.name)
      );
    }
  }

  async addFunction(): Promise<void> {
    const trans = this._trans;
    const values = await askFor({
      title: trans.__('Add a function of AWS'),
      ok: trans.__('Add'),
      fields: [
        { name: 'name', label: trans.__('Name'), value: this._free('my-function') },
        { name: 'image', label: trans.__('Image'), value: 'python:3.12-slim' },
        { name: 'script', label: trans.__('Script'), value: 'script.sh', suggestions: this._session.known().scripts }
      ]
    });
    if (values) {
      const { name, image, script } = values;
      this._model.run({ type: 'add-function', name, image, script }, trans.__('%1 was added.', name));
    }
  }

  async addCluster(): Promise<void> {
    const trans = this._trans;
    const values = await askFor({
      title: trans.__('Add a cluster'),
      ok: trans.__('Add'),
      fields: [
        { name: 'name', label: trans.__('Id'), suggestions: this._session.known().clusterIds },
        {
          name: 'endpoint',
          label: trans.__('Address'),
          value: 'https://',
          hint: trans.__('Credentials do not belong into the file.')
        }
      ]
    });
    if (values) {
      const { name, endpoint } = values;
      this._model.run({ type: 'add-cluster', name, endpoint }, trans.__('%1 was added.', name));
    }
  }

  async addPlace(): Promise<void> {
    const place = await this._askPlace(this._trans.__('Add a bucket or folder'));
    if (!place) {
      return;
    }
    const chosen = this._model.state.selected;
    this._model.addPlace(place.provider, place.path);
    const node = chosen === null ? undefined : this._model.node(chosen);
    this._model.say(
      node && (node.kind === 'service' || node.kind === 'function')
        ? this._trans.__('Draw from the circle at its side to %1, or from %1 to it.', nameOf(node, this._trans))
        : this._trans.__('Connect it to a service: then it stands in the file.')
    );
  }

  /** Draw an arrow; without an end a folder is asked for. */
  async connect(from: string, to: string | null): Promise<void> {
    const trans = this._trans;
    const start = this._model.node(from);
    if (!start) {
      return;
    }
    let end: GraphEnd | null = to === null ? null : { node: to };
    if (end === null) {
      if (start.kind === 'place') {
        return;
      }
      end = await this._askPlace(trans.__('Where does %1 write?', nameOf(start, trans)), `${start.label}/out`);
    }
    if (end) {
      const target = 'node' in end ? this._model.node(end.node) : undefined;
      const name = 'path' in end ? end.path : target ? nameOf(target, trans) : '';
      this._model.run({ type: 'connect', from: { node: from }, to: end }, trans.__('Connected to %1.', name));
    }
  }

  async rename(node: IGraphNode): Promise<void> {
    const trans = this._trans;
    if (node.id === 'aws' || this._model.isLoose(node.id)) {
      return;
    }
    const before = nameOf(node, trans);
    const values = await askFor({
      title: trans.__('Rename %1', before),
      ok: trans.__('Rename'),
      fields: [
        { name: 'name', label: node.kind === 'place' ? trans.__('Bucket and folder') : trans.__('Name'), value: before }
      ]
    });
    if (values && values.name !== before) {
      this._model.run(
        { type: 'rename', node: node.id, name: values.name },
        trans.__('%1 is %2 now.', before, values.name)
      );
    }
  }

  async move(node: IGraphNode): Promise<void> {
    const trans = this._trans;
    const { graph } = this._model.state;
    const used = graph.nodes.filter(item => item.kind === 'cluster' && item.id !== 'aws').map(item => item.label);
    const clusters = [...new Set([...used, ...(this._session.known().clusterIds ?? []), 'default-cluster'])];
    const values = await askFor({
      title: trans.__('Move %1 to a cluster', nameOf(node, trans)),
      ok: trans.__('Move'),
      fields: [{ name: 'cluster', label: trans.__('Cluster'), suggestions: clusters }]
    });
    if (values) {
      this._model.run(
        { type: 'move', node: node.id, cluster: values.cluster },
        trans.__('%1 is on %2 now.', nameOf(node, trans), values.cluster)
      );
    }
  }

  remove(id: string): void {
    const node = this._model.node(id);
    if (!this._model.state.stale && this._model.remove(id)) {
      this._model.say(
        node
          ? this._trans.__('%1 was removed. Undo brings it back.', nameOf(node, this._trans))
          : this._trans.__('Disconnected.')
      );
    }
  }

  /** Show the text of a node. */
  jump(node: IGraphNode): void {
    const place = this._session.document().places.get(node.pointer);
    if (place) {
      this.jumpTo((place.key ?? place.value).line, (place.key ?? place.value).column);
    }
  }

  jumpTo(line: number, column: number): void {
    this._host.showText(line, column);
  }

  check(): Promise<void> {
    return this._host.check();
  }

  plan(): Promise<void> {
    return this._host.plan();
  }

  apply(): Promise<void> {
    return this._host.apply();
  }

  useCluster(id: string): Promise<void> {
    return this._host.useCluster(id);
  }

  private async _askPlace(title: string, path = 'my-bucket/in'): Promise<{ provider: string; path: string } | null> {
    const trans = this._trans;
    const storage = this._session.document().storageProviders;
    const providers = Object.keys(storage).flatMap(type => Object.keys(storage[type]).map(id => `${type}.${id}`));
    const values = await askFor({
      title,
      ok: trans.__('Add'),
      fields: [
        {
          name: 'path',
          label: trans.__('Bucket and folder'),
          value: path,
          suggestions: (this._session.known().buckets ?? []).filter(item => item.includes('/'))
        },
        {
          name: 'provider',
          label: trans.__('Storage'),
          options: [...new Set(['minio.default', 's3', ...providers])],
          hint: trans.__('minio.default is the storage of the cluster itself.')
        }
      ]
    });
    if (!values || values.path === '') {
      return null;
    }
    return { provider: values.provider, path: values.path };
  }

  /** A name that is not taken in this file. */
  private _free(name: string): string {
    const taken = new Set(this._model.state.graph.nodes.map(node => node.label));
    let result = name;
    for (let count = 2; taken.has(result); count++) {
      result = `${name}-${count}`;
    }
    return result;
  }
}
