import { pathsOf, type IServicePath } from './storage';
import { isUnder, parsePath, pathOf, type IPlaceInStorage } from '../paths';
import { join, textOf } from '../pointer';
import type { Reporter } from './reporter';
import type { ICheckContext, IFdlDocument, IFdlEntry } from '../types';

interface INode {
  name: string;
  entry?: IFdlEntry;
  inputs: { place: IPlaceInStorage; pointer: string }[];
  outputs: { place: IPlaceInStorage; pointer: string }[];
}

/** What services do to each other: names, loops, one folder that starts two. */
export function checkGraph(document: IFdlDocument, context: ICheckContext, reporter: Reporter): void {
  const nodes = document.oscar.map((entry): INode => {
    const paths = pathsOf(entry, document);
    const name = textOf(document, join(entry.pointer, 'name'), entry.service.name) ?? '';
    return { name, entry, inputs: side(paths, 'input'), outputs: side(paths, 'output') };
  });
  checkNames(nodes, reporter);
  const names = new Set(nodes.map(node => node.name));
  const deployed = (context.deployed ?? [])
    .filter(service => !names.has(service.name))
    .map((service): INode => {
      const places = (list: typeof service.input) =>
        (list ?? []).map(io => ({ place: parsePath(io.storage_provider, io.path, service.name), pointer: '' }));
      return { name: service.name, inputs: places(service.input), outputs: places(service.output) };
    });
  checkLoops([...nodes, ...deployed], reporter);
  // Those that are there come first: it is the new one that is told.
  checkTriggers([...deployed, ...nodes], reporter);
}

function side(paths: IServicePath[], which: 'input' | 'output'): IServicePath[] {
  return paths.filter(item => item.side === which);
}

function checkNames(nodes: INode[], reporter: Reporter): void {
  const seen = new Map<string, INode>();
  for (const node of nodes) {
    const key = `${node.entry?.clusterId} ${node.name}`;
    if (node.name !== '' && seen.has(key) && node.entry) {
      reporter.error(
        'duplicate-name',
        join(node.entry.pointer, 'name'),
        `There is another service ${node.name} in this file. Names are unique in a cluster.`
      );
    }
    seen.set(key, node);
  }
}

/** By bucket, so that a thousand services are compared with few others each. */
function byBucket(nodes: INode[]): Map<string, { node: INode; place: IPlaceInStorage; pointer: string }[]> {
  const map = new Map<string, { node: INode; place: IPlaceInStorage; pointer: string }[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const key = `${input.place.provider}/${input.place.bucket}`;
      const list = map.get(key) ?? [];
      list.push({ node, ...input });
      map.set(key, list);
    }
  }
  return map;
}

function checkLoops(nodes: INode[], reporter: Reporter): void {
  const listeners = byBucket(nodes);
  const next = new Map<INode, { node: INode; pointer: string }[]>();
  for (const node of nodes) {
    next.set(
      node,
      node.outputs.flatMap(output =>
        (listeners.get(`${output.place.provider}/${output.place.bucket}`) ?? [])
          .filter(input => input.node !== node && isUnder(output.place, input.place))
          .map(input => ({ node: input.node, pointer: output.pointer }))
      )
    );
  }
  // Depth first without recursion; a node on the way that is met again closes a loop.
  const state = new Map<INode, 'open' | 'done'>();
  for (const start of nodes) {
    if (state.has(start)) {
      continue;
    }
    const way: { node: INode; edge: number }[] = [{ node: start, edge: 0 }];
    state.set(start, 'open');
    while (way.length > 0) {
      const top = way[way.length - 1];
      const edge = next.get(top.node)?.[top.edge++];
      if (!edge) {
        state.set(top.node, 'done');
        way.pop();
      } else if (state.get(edge.node) === 'open') {
        const loop = way.slice(way.findIndex(item => item.node === edge.node)).map(item => item.node.name);
        const pointer =
          edge.pointer || way.map(item => next.get(item.node)?.[item.edge - 1]?.pointer).find(Boolean) || '';
        reporter.error(
          'loop',
          join(pointer, 'path'),
          `These services would start each other for ever: ${[...loop, loop[0]].join(' → ')}. Send one of these outputs elsewhere.`
        );
      } else if (!state.has(edge.node)) {
        state.set(edge.node, 'open');
        way.push({ node: edge.node, edge: 0 });
      }
    }
  }
}

/** Two services that listen to one folder which no service of the file writes to. */
function checkTriggers(nodes: INode[], reporter: Reporter): void {
  const outputs = new Set(
    nodes.flatMap(node => node.outputs.map(output => `${output.place.provider}/${pathOf(output.place)}`))
  );
  for (const list of byBucket(nodes).values()) {
    const first = new Map<string, string>();
    for (const { node, place, pointer } of list) {
      const path = pathOf(place);
      const other = first.get(path);
      if (other === undefined) {
        first.set(path, node.name);
      } else if (other !== node.name && pointer !== '' && !outputs.has(`${place.provider}/${path}`)) {
        reporter.warning(
          'shared-trigger',
          join(pointer, 'path'),
          `Each new file in ${path} starts ${other}, too. OSCAR itself refuses this; here ${node.name} is connected by a notification. Use a folder of its own if that is not meant.`
        );
      }
    }
  }
}
