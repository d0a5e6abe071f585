import { asList, asMap, asText, isMap } from '../pointer';
import { isUnder, parsePath, pathOf, type IPlaceInStorage } from '../paths';
import type { FdlMap, IFdlDocument } from '../types';

/** A service or function of the file, and the places it reads and writes. */
export interface IFlowNode {
  name: string;
  aws: boolean;
  inputs: IPlaceInStorage[];
  outputs: IPlaceInStorage[];
}

/** All services and functions with their places. */
export function flowOf(document: IFdlDocument): IFlowNode[] {
  const read = (service: FdlMap, aws: boolean): IFlowNode => {
    const name = asText(service.name);
    const places = (side: 'input' | 'output') =>
      asList(service[side]).flatMap(io => {
        const { storage_provider: provider, path } = asMap(io);
        return typeof provider === 'string' && typeof path === 'string' && path !== ''
          ? [parsePath(provider, path, aws ? undefined : name)]
          : [];
      });
    return { name, aws, inputs: places('input'), outputs: places('output') };
  };
  return [
    ...document.oscar.map(entry => read(entry.service, false)),
    ...document.aws.map(item => read(asMap(isMap(item) ? item.lambda : undefined), true))
  ];
}

/** Sentences about who writes to a place and whom it starts. */
export function describePlace(document: IFdlDocument, place: IPlaceInStorage): string[] {
  const nodes = flowOf(document);
  const writers = nodes.filter(node => node.outputs.some(output => isUnder(output, place) || isUnder(place, output)));
  const readers = nodes.filter(node => node.inputs.some(input => isUnder(place, input) || isUnder(input, place)));
  const names = (list: IFlowNode[]) => [...new Set(list.map(node => node.name || '(no name)'))].join(', ');
  return [
    ...(writers.length > 0 ? [`Written by ${names(writers)}.`] : []),
    ...(readers.length > 0 ? [`New files start ${names(readers)}.`] : [])
  ];
}

/** `bucket/folder` of all places of the file, without doubles. */
export function pathsIn(nodes: readonly IFlowNode[], side: 'inputs' | 'outputs', aws: boolean): string[] {
  return [...new Set(nodes.filter(node => node.aws === aws).flatMap(node => node[side].map(pathOf)))];
}
