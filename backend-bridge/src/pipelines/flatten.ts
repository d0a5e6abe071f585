import type { JsonPath } from './json';
import type { IFinding } from './report';
import { inWords, isRecord, records, scalar, word, type JsonRecord } from './values';

/** An executable node where it stands after supernodes were opened. */
export interface IInstance {
  /** `<supernode>/<id>` below supernodes. */
  id: string;
  raw: JsonRecord;
  at: JsonPath;
  /** Of the supernode whose body it is in; empty: the main pipeline. */
  scope: string;
}

export interface IRawEdge {
  from: string;
  to: string;
  link?: string;
}

export interface IFlat {
  instances: IInstance[];
  edges: IRawEdge[];
  /** Content of comments by the id of the node that they are tied to. */
  comments: Map<string, string[]>;
  findings: IFinding[];
}

/** A supernode's body that is used many times over would grow without bound. */
const MAX_NODES = 50_000;

interface IMember {
  raw: JsonRecord;
  at: JsonPath;
  /** Unique over all scopes. */
  id: string;
  kind: 'execution' | 'super' | 'binding';
  inner?: IScope;
}

/** One use of one entry of `pipelines`. */
interface IScope {
  id: string;
  members: Map<string, IMember>;
  /** The supernode that it is the body of, and where that stands. */
  parent?: { scope: IScope; node: IMember };
}

/** Opens supernodes, and resolves links through their ports and bindings to pairs of executable nodes. */
export function flatten(flow: JsonRecord, main: number): IFlat {
  return new Flattener(flow).run(main);
}

const nodeLabel = (raw: JsonRecord): string => {
  const data = isRecord(raw.app_data) ? raw.app_data : {};
  const ui = isRecord(data.ui_data) ? data.ui_data : {};
  const parameters = isRecord(data.component_parameters) ? data.component_parameters : {};
  return word(data.label) ?? word(ui.label) ?? word(parameters.filename) ?? word(raw.op) ?? 'without a name';
};

class Flattener {
  constructor(flow: JsonRecord) {
    this._pipelines = flow.pipelines as unknown[];
    this._pipelines.forEach((pipeline, index) => {
      const id = isRecord(pipeline) ? scalar(pipeline.id) : undefined;
      if (id !== undefined && !this._byId.has(id)) {
        this._byId.set(id, index);
      }
    });
  }

  run(main: number): IFlat {
    const scope = this._open(main, '', [main]);
    this._pipelines.forEach((_, index) => {
      if (!this._used.has(index)) {
        this._find(
          'unused-pipeline',
          'No node uses this part of the file; it is left out.',
          ['pipelines', index],
          'information'
        );
      }
    });
    this._connect(scope);
    return {
      instances: this._instances,
      edges: this._edges,
      comments: this._comments,
      findings: this._findings
    };
  }

  private _open(index: number, id: string, chain: number[], parent?: IScope['parent']): IScope {
    this._used.add(index);
    const scope: IScope = { id, members: new Map(), parent };
    const pipeline = this._pipelines[index];
    const nodes: unknown = isRecord(pipeline) ? pipeline.nodes : undefined;
    if (nodes !== undefined && !Array.isArray(nodes)) {
      this._find('bad-nodes', '“nodes” is no list.', ['pipelines', index, 'nodes']);
    }
    (Array.isArray(nodes) ? nodes : []).forEach((raw: unknown, position) => {
      const at: JsonPath = ['pipelines', index, 'nodes', position];
      if (!isRecord(raw)) {
        this._find('bad-node', `A node is an object; this is ${inWords(raw, 40)}. Remove it.`, at);
      } else if (++this._count <= MAX_NODES) {
        this._add(scope, raw, at, chain);
      } else if (!this._full) {
        this._full = true;
        this._find('too-many-nodes', `With its supernodes opened the pipeline has more than ${MAX_NODES} nodes.`, at);
      }
    });
    this._readComments(scope, pipeline);
    return scope;
  }

  private _add(scope: IScope, raw: JsonRecord, at: JsonPath, chain: number[]): void {
    let own = word(raw.id);
    if (own === undefined) {
      own = `node-${String(at[3])}`;
      this._find('missing-id', `“${nodeLabel(raw)}” has no id: nothing can be linked to it.`, at, 'warning');
    }
    const prefix = scope.id === '' ? '' : `${scope.id}/`;
    let key = own;
    if (scope.members.has(own)) {
      for (let copy = 2; scope.members.has(key); copy++) {
        key = `${own}#${copy}`;
      }
      this._findings.push({
        code: 'duplicate-id',
        message: `Two nodes have the id ${own}, so that links to it are ambiguous. Copy “${nodeLabel(raw)}” again in the editor, or give it an id of its own.`,
        node: prefix + key,
        label: nodeLabel(raw),
        at: [...at, 'id']
      });
    }
    const type = scalar(raw.type);
    const id = prefix + key;
    if (type === 'execution_node') {
      scope.members.set(key, { raw, at, id, kind: 'execution' });
      this._instances.push({ id, raw, at, scope: scope.id });
    } else if (type === 'binding') {
      scope.members.set(key, { raw, at, id, kind: 'binding' });
    } else if (type === 'super_node') {
      this._addSuper(scope, { raw, at, id, kind: 'super' }, key, chain);
    } else {
      this._findings.push({
        code: 'unsupported-node-type',
        message: `“${nodeLabel(raw)}” is of the type ${type ?? '(none)'}; only execution_node and super_node can be run. Remove it.`,
        node: id,
        label: nodeLabel(raw),
        at: [...at, 'type']
      });
    }
  }

  private _addSuper(scope: IScope, member: IMember, key: string, chain: number[]): void {
    scope.members.set(key, member);
    const { raw, at, id } = member;
    const reference = isRecord(raw.subflow_ref) ? scalar(raw.subflow_ref.pipeline_id_ref) : undefined;
    const index = reference === undefined ? undefined : this._byId.get(reference);
    const about = { node: id, label: nodeLabel(raw), at };
    if (index === undefined) {
      this._findings.push({
        code: 'missing-subflow',
        message: `What is inside the supernode “${nodeLabel(raw)}” is missing from the file (${reference ?? 'no reference'}).`,
        ...about
      });
    } else if (chain.includes(index)) {
      this._findings.push({
        code: 'recursive-supernode',
        message: `The supernode “${nodeLabel(raw)}” contains itself. Take it out of itself.`,
        ...about
      });
    } else if (chain.length > 50) {
      this._findings.push({ code: 'deep-supernode', message: 'Supernodes are nested more than 50 deep.', ...about });
    } else {
      member.inner = this._open(index, id, [...chain, index], { scope, node: member });
    }
  }

  private _readComments(scope: IScope, pipeline: unknown): void {
    const data = isRecord(pipeline) && isRecord(pipeline.app_data) ? pipeline.app_data : {};
    for (const comment of records(isRecord(data.ui_data) ? data.ui_data.comments : undefined)) {
      const content = word(comment.content);
      for (const reference of content === undefined ? [] : records(comment.associated_id_refs)) {
        const member = scope.members.get(scalar(reference.node_ref) ?? '');
        if (member && content !== undefined) {
          this._comments.set(member.id, [...(this._comments.get(member.id) ?? []), content]);
        }
      }
    }
  }

  private _connect(scope: IScope): void {
    for (const member of scope.members.values()) {
      if (member.kind === 'execution') {
        this._connectNode(scope, member);
      } else if (member.inner) {
        this._connect(member.inner);
      }
    }
  }

  private _connectNode(scope: IScope, member: IMember): void {
    const seen = new Map<string, string | undefined>();
    const duplicates = new Set<string>();
    for (const { link, at } of linksOf(member)) {
      const id = scalar(link.id);
      const direct = scalar(link.node_id_ref);
      const sources = this._sources(scope, link, at, member);
      for (const from of sources) {
        if (seen.has(from) && direct !== undefined && !duplicates.has(from)) {
          duplicates.add(from);
          this._findings.push({
            code: 'duplicate-link',
            severity: 'information',
            message: `“${nodeLabel(member.raw)}” is linked twice to the same node; once counts.`,
            node: member.id,
            label: nodeLabel(member.raw),
            link: id,
            at
          });
        } else if (!seen.has(from)) {
          seen.set(from, id);
        }
      }
    }
    // A port of the supernode that is named after the node counts also when no binding leads to it.
    if (scope.parent) {
      const own = scalar(member.raw.id);
      for (const port of records(scope.parent.node.raw.inputs)) {
        if (port.id === `${own}_inPort`) {
          for (const from of this._portSources(scope.parent, port)) {
            if (!seen.has(from)) {
              seen.set(from, undefined);
            }
          }
        }
      }
    }
    for (const [from, link] of seen) {
      this._edges.push({ from, to: member.id, ...(link === undefined ? {} : { link }) });
    }
  }

  /** Executable nodes that a link comes from in the end. */
  private _sources(scope: IScope, link: JsonRecord, at: JsonPath, target: IMember): string[] {
    const reference = scalar(link.node_id_ref) ?? '';
    const source = scope.members.get(reference);
    if (!source) {
      this._findings.push({
        code: 'dangling-link',
        message: `A link leads to “${nodeLabel(target.raw)}” from a node that does not exist (${reference || 'no id'}). Remove the link.`,
        node: target.kind === 'execution' ? target.id : undefined,
        label: nodeLabel(target.raw),
        link: scalar(link.id),
        at
      });
      return [];
    }
    if (source.kind === 'execution') {
      return [source.id];
    }
    const mark = `${source.id} ${scalar(link.port_id_ref) ?? ''}`;
    const known = this._resolved.get(mark);
    if (known) {
      return known;
    }
    // Set before it is known: bindings that lead in a circle end here.
    this._resolved.set(mark, []);
    const found =
      source.kind === 'super'
        ? this._outputSources(source, scalar(link.port_id_ref) ?? '', at, target)
        : this._entrySources(scope, source, scalar(link.port_id_ref) ?? '');
    const unique = [...new Set(found)];
    this._resolved.set(mark, unique);
    return unique;
  }

  /** What an output port of a supernode stands for. */
  private _outputSources(source: IMember, port: string, at: JsonPath, target: IMember): string[] {
    const inner = source.inner;
    if (!inner) {
      return [];
    }
    const output = records(source.raw.outputs).find(entry => entry.id === port);
    const exit = output && inner.members.get(scalar(output.subflow_node_ref) ?? '');
    if (exit?.kind === 'binding') {
      return linksOf(exit).flatMap(({ link, at: place }) => this._sources(inner, link, place, target));
    }
    if (exit?.kind === 'execution') {
      return [exit.id];
    }
    // Without a binding the name of the port tells: <inner node>_outPort, also through several levels.
    const named = port.endsWith('_outPort') ? this._inside(inner, port.slice(0, -'_outPort'.length)) : undefined;
    if (named !== undefined) {
      return [named];
    }
    this._findings.push({
      code: 'dangling-link',
      message: `A link leads from the port ${port || '(none)'} of the supernode “${nodeLabel(source.raw)}”, which it does not have. Draw the link again.`,
      node: target.kind === 'execution' ? target.id : undefined,
      label: nodeLabel(target.raw),
      at
    });
    return [];
  }

  private _inside(scope: IScope, id: string): string | undefined {
    const member = scope.members.get(id);
    if (member?.kind === 'execution') {
      return member.id;
    }
    for (const other of scope.members.values()) {
      const found = other.inner && this._inside(other.inner, id);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** What flows into a body through one of its entry bindings. */
  private _entrySources(scope: IScope, binding: IMember, port: string): string[] {
    const { parent } = scope;
    if (!parent) {
      return [];
    }
    const id = scalar(binding.raw.id);
    const name = port.startsWith('output_') ? port.slice('output_'.length) : undefined;
    const inputs = records(parent.node.raw.inputs);
    const matching = inputs.filter(input => input.subflow_node_ref === id);
    return (matching.length > 0 ? matching : inputs.filter(input => input.id === name)).flatMap(input =>
      this._portSources(parent, input)
    );
  }

  private _portSources(parent: NonNullable<IScope['parent']>, port: JsonRecord): string[] {
    return linksOf(parent.node)
      .filter(entry => entry.port === port)
      .flatMap(({ link, at }) => this._sources(parent.scope, link, at, parent.node));
  }

  private _find(code: string, message: string, at: JsonPath, severity?: IFinding['severity']): void {
    this._findings.push({ code, message, at, ...(severity ? { severity } : {}) });
  }

  private readonly _pipelines: unknown[];
  private readonly _byId = new Map<string, number>();
  private readonly _used = new Set<number>();
  private readonly _instances: IInstance[] = [];
  private readonly _edges: IRawEdge[] = [];
  private readonly _comments = new Map<string, string[]>();
  private readonly _findings: IFinding[] = [];
  private readonly _resolved = new Map<string, string[]>();
  private _count = 0;
  private _full = false;
}

interface ILink {
  link: JsonRecord;
  port: JsonRecord;
  at: JsonPath;
}

function linksOf(member: IMember): ILink[] {
  const inputs: unknown[] = Array.isArray(member.raw.inputs) ? member.raw.inputs : [];
  return inputs.flatMap((port, input) => {
    const links: unknown[] = isRecord(port) && Array.isArray(port.links) ? port.links : [];
    return links.flatMap((link, index) =>
      isRecord(link) && isRecord(port) ? [{ link, port, at: [...member.at, 'inputs', input, 'links', index] }] : []
    );
  });
}
