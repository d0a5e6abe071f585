import type { ICluster } from '../clusters';
import type {
  PipelineCheckResult,
  PipelineParameter,
  PipelineProblem,
  PipelineSecret,
  PipelineTarget
} from '../contract';
import { BridgeError } from '../http';
import {
  checkPipeline,
  convertPipeline,
  filesOf,
  readPipeline,
  type IConversion,
  type IPipeline,
  type IPipelineFiles
} from '../pipelines';
import { gather } from './gather';
import type { IPipelineText } from './interfaces';

/** A pipeline that may be deployed: nothing that can be seen beforehand stands in the way. */
export interface IPrepared {
  source: IPipelineText;
  pipeline: IPipeline;
  conversion: IConversion;
  /** Where services without a target of their own go. */
  cluster: string;
  /** All clusters that get services. */
  clusters: string[];
  /** What the nodes get as secrets, by service; never written anywhere. */
  secrets: Map<string, IServiceSecrets>;
}

/** What a service gets; `keep`: the cluster has them already. */
export type IServiceSecrets = { keep: true } | { keep: false; values: Record<string, string>; mark: string };

export interface IReadPipeline {
  pipeline?: IPipeline;
  files: IPipelineFiles;
  problems: PipelineProblem[];
  /** As the caller named the pipeline. */
  shown: string;
}

export interface IReadOptions {
  target?: PipelineTarget;
  /** Ids of the clusters that there are. */
  clusterIds: string[];
  /** Services that nodes may call; undefined: not known. */
  services?: { name: string; cluster: string }[];
}

/** Reads a pipeline with its files, and says all that is wrong with it. Never throws for what the pipeline says. */
export async function readWithFiles(source: IPipelineText, options: IReadOptions): Promise<IReadPipeline> {
  // Names of services come from the file's own place, not from how the caller named it; problems are told as the caller named it.
  const read = readPipeline(source.text, { file: source.file });
  const shown = (problem: PipelineProblem): PipelineProblem => ({ ...problem, file: source.shown });
  if (!read.pipeline) {
    return {
      files: { list: () => [], read: () => undefined },
      problems: read.problems.map(shown),
      shown: source.shown
    };
  }
  const { pipeline } = read;
  const gathered = await gather({
    base: source.base,
    boundary: source.boundary,
    needed: filesOf(pipeline),
    file: source.shown
  });
  const found = checkPipeline(pipeline, {
    files: gathered.files,
    target: options.target,
    services: options.services,
    clusterIds: options.clusterIds
  });
  return {
    pipeline,
    files: gathered.files,
    shown: source.shown,
    problems: unique(
      [...read.problems, ...found, ...gathered.problems].map(problem => labelled(shown(problem), pipeline))
    )
  };
}

/** The clusters whose services matter to a pipeline: those of its nodes that call one. */
export function callingTargets(text: string, file: string, cluster: string): string[] {
  const { pipeline } = readPipeline(text, { file });
  return [
    ...new Set((pipeline?.nodes ?? []).filter(node => node.kind === 'service').map(node => node.target ?? cluster))
  ];
}

export interface IConvertRequest {
  target: PipelineTarget;
  cluster?: string;
  user?: string;
  /** The pipeline's own place, where it was read under another name. */
  place?: string;
  services?: { name: string; cluster: string }[];
}

/** The conversion of what was read. */
export function convertRead(read: IReadPipeline, request: IConvertRequest): IConversion {
  return convertPipeline(read.pipeline as IPipeline, { files: read.files, ...request });
}

export function checkResult(read: IReadPipeline, conversion: IConversion | undefined): PipelineCheckResult {
  const { pipeline } = read;
  return {
    name: pipeline?.name ?? read.shown,
    problems: conversion && pipeline ? problemsOf(read, conversion) : read.problems,
    nodes: (pipeline?.nodes ?? []).map(({ id, label, kind }) => ({ id, label, kind })),
    parameters: parametersOf(pipeline),
    secrets: secretsOf(pipeline)
  };
}

/** Of reading and of converting, each once. */
export function problemsOf(read: IReadPipeline, conversion: IConversion): PipelineProblem[] {
  const pipeline = read.pipeline as IPipeline;
  const told = conversion.report.problems.map(problem => ({ ...labelled(problem, pipeline), file: read.shown }));
  return unique([...read.problems, ...told]);
}

function parametersOf(pipeline: IPipeline | undefined): PipelineParameter[] {
  return pipeline?.parameters ?? [];
}

/** Secrets that the user gives, by variable. */
export function secretsOf(pipeline: IPipeline | undefined): PipelineSecret[] {
  const nodes = new Map<string, string[]>();
  for (const node of pipeline?.nodes ?? []) {
    for (const { variable } of node.secrets) {
      nodes.set(variable, [...(nodes.get(variable) ?? []), node.id]);
    }
  }
  return [...nodes].map(([variable, ids]) => ({ variable, nodes: [...new Set(ids)] }));
}

/** @throws BridgeError with the problems when one of them is an error */
export function refuseErrors(problems: PipelineProblem[], title = 'The pipeline has errors'): void {
  const errors = problems.filter(problem => problem.severity === 'error');
  if (errors.length === 0) {
    return;
  }
  const [first] = errors;
  const where = first.label ?? first.node;
  throw new BridgeError({
    type: 'invalid-pipeline',
    title,
    status: 400,
    detail: `${where === undefined ? '' : `${where}: `}${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
    action: 'Correct the pipeline, then try again.',
    extra: { problems }
  });
}

/** @throws BridgeError for nodes that go to AWS: those are exported, not deployed from here */
export function refuseAws(conversion: IConversion): void {
  const aws = conversion.services.filter(service => service.target === 'aws');
  if (aws.length > 0) {
    throw new BridgeError({
      type: 'invalid-pipeline',
      title: 'Some nodes are for AWS',
      status: 400,
      detail: `${aws.map(service => service.label).join(', ')}: nodes for AWS are exported, and not deployed from here.`,
      action: 'Export the pipeline and deploy its functions with scar, or give these nodes a cluster.'
    });
  }
}

function labelled(problem: PipelineProblem, pipeline: IPipeline): PipelineProblem {
  const label = problem.label ?? pipeline.nodes.find(node => node.id === problem.node)?.label;
  return label === undefined ? problem : { ...problem, label };
}

function unique(problems: PipelineProblem[]): PipelineProblem[] {
  const seen = new Set<string>();
  return problems.filter(problem => {
    const key = JSON.stringify([problem.code, problem.node, problem.property, problem.link, problem.message]);
    return seen.has(key) ? false : Boolean(seen.add(key));
  });
}

/** Services of the clusters; those that cannot be asked are left out, and undefined when none could. */
export async function servicesOf(clusters: ICluster[]): Promise<{ name: string; cluster: string }[] | undefined> {
  const lists = await Promise.all(
    clusters.map(async cluster => {
      try {
        return (await cluster.client.services()).map(service => ({ name: service.name, cluster: cluster.id }));
      } catch (error) {
        if (!(error instanceof BridgeError)) {
          throw error;
        }
        return undefined;
      }
    })
  );
  return lists.some(list => list === undefined) ? undefined : lists.flatMap(list => list ?? []);
}
