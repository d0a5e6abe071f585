import { parseFdl } from '../parse';
import { asText } from '../pointer';
import type { FdlMap, FdlValue } from '../types';
import { applyOp, Refusal, valueOf, type Op, type Path } from './ops';
import { graphOf } from './read';
import type { IFdlGraph, IGraphEdge, IGraphNode, ITextEdit } from './types';

const NAME = /^[a-z]([-a-z0-9]{0,37}[a-z0-9])?$/;
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const CLUSTER_ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** A text during one action of the canvas: it changes step by step, and each step is read back. */
export class WorkingText {
  constructor(public text: string) {}

  /** One after the other: each refers to the text that the one before it left. */
  readonly edits: ITextEdit[] = [];

  /** @throws Refusal when the text has errors. */
  value(): FdlValue {
    return valueOf(this.text);
  }

  /** Edits that refer to the text as it is, all at once. */
  apply(edits: readonly ITextEdit[]): void {
    for (const edit of [...edits].sort((a, b) => b.from - a.from)) {
      this.text = this.text.slice(0, edit.from) + edit.insert + this.text.slice(edit.to);
      this.edits.push(edit);
    }
  }

  graph(): IFdlGraph {
    return graphOf(parseFdl(this.text).document);
  }

  /** @throws Refusal when it is gone. */
  node(id: string): IGraphNode {
    const node = this.graph().nodes.find(item => item.id === id);
    if (!node) {
      throw new Refusal('That is not in the file any more.');
    }
    return node;
  }

  /** @throws Refusal when it is gone. */
  edge(id: string): IGraphEdge {
    const edge = this.graph().edges.find(item => item.id === id);
    if (!edge) {
      throw new Refusal('That is not in the file any more.');
    }
    return edge;
  }

  /** Replaces a text, unless it is that already. */
  set(path: Path, value: FdlValue): void {
    if (asText(at(this.value(), path)) !== value) {
      this.do({ op: 'set', path, value });
    }
  }

  /** @throws Refusal when the change cannot be written without touching anything else. */
  do(op: Op): void {
    const { text, edits } = applyOp(this.text, op);
    this.text = text;
    this.edits.push(...edits);
  }

  /** @throws Refusal when no service of the file can be called that. */
  freeServiceName(name: string): void {
    if (!NAME.test(name)) {
      throw new Refusal(
        'A name has small letters, digits and hyphens, begins with a letter, and has at most 39 characters.'
      );
    }
    if (this.graph().nodes.some(node => node.kind === 'service' && node.label === name)) {
      throw new Refusal(`The file has a service ${name} already.`);
    }
  }

  /** The same for functions of AWS. */
  freeFunctionName(name: string): void {
    if (!FUNCTION_NAME.test(name)) {
      throw new Refusal('A name has letters, digits, hyphens and underscores, at most 64.');
    }
    if (this.graph().nodes.some(node => node.id === `function:${name}`)) {
      throw new Refusal(`The file has a function ${name} already.`);
    }
  }

  /** @throws Refusal when no cluster can be called that. */
  clusterId(id: string): void {
    if (!CLUSTER_ID.test(id)) {
      throw new Refusal('The id of a cluster has letters, digits, hyphens, dots and underscores.');
    }
  }
}

/** @throws Refusal. Without a folder the server takes the path for a folder in the service's own bucket. */
export function needFolder(path: string): void {
  if (!path.includes('/')) {
    throw new Refusal(`Give a bucket and a folder in it: ${path}/in, for instance.`);
  }
}

/** The steps of a JSON pointer; positions in lists as numbers are left as text. */
export function stepsOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

export function at(value: FdlValue, path: Path): FdlValue {
  return path.reduce<FdlValue>(
    (here, step) => (typeof here === 'object' && here !== null ? ((here as FdlMap)[step] ?? null) : null),
    value
  );
}
