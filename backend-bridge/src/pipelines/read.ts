import { flatten, type IInstance } from './flatten';
import { parseJson, Places, type JsonPath } from './json';
import { envelopeProblem, mainIndex, syntaxProblem, upgrade } from './migrate';
import type { IPipeline, IReadResult } from './model';
import { orderOf } from './order';
import { readDefaults } from './read-defaults';
import { record } from './read-lists';
import { readNode, type IReadNode } from './read-node';
import { readParameters } from './read-parameters';
import { replaceRecipes } from './recipes';
import { placed, setOrigin, sorted, type IFinding } from './report';
import { baseName, isRecord, scalar, word, type JsonRecord } from './values';

/**
 * Reads an Elyra pipeline of any version. Never throws; what it cannot read it tells in `problems`, with places. What the pipeline
 * itself breaks (cycles, files, numbers, …) is told by `checkPipeline`; the two lists have nothing in common and are shown together.
 *
 * @param text - Of the file; 10 MB and 5,000 nodes take linear time.
 * @param file - As the caller names it; goes into problems and, without a name in the file, gives the name.
 */
export function readPipeline(text: string, { file }: { file: string }): IReadResult {
  const places = new Places(text);
  const parsed = parseJson(text);
  if ('error' in parsed) {
    return { problems: [syntaxProblem(parsed.error, places, file)] };
  }
  const wrong = envelopeProblem(parsed.value);
  if (wrong) {
    return { problems: [placed(wrong, file, places)] };
  }
  return readFlow(parsed.value as JsonRecord, file, places);
}

function readFlow(flow: JsonRecord, file: string, places: Places): IReadResult {
  const main = mainIndex(flow);
  const findings: IFinding[] = envelope(flow, main);
  const { version, changes, findings: old } = upgrade(flow, main, file);
  findings.push(...old);

  const raw = record((flow.pipelines as unknown[])[main]);
  const data = record(raw.app_data);
  const properties = record(data.properties);
  const at: JsonPath = ['pipelines', main, 'app_data', 'properties'];
  const defaults = readDefaults(record(properties.pipeline_defaults));
  for (const { property, value } of defaults.ignored) {
    findings.push({
      code: 'ignored-property',
      severity: 'information',
      message: `${property} (${value}) has no meaning here and is left out.`,
      property,
      at
    });
  }
  const { parameters, findings: wrong } = readParameters(properties.pipeline_parameters, [
    ...at,
    'pipeline_parameters'
  ]);
  findings.push(...wrong);

  const flat = flatten(flow, main);
  findings.push(...flat.findings);
  const read = flat.instances.map(instance => readNode(instance, defaults, flat.comments.get(instance.id) ?? []));
  for (const { findings: own } of read) {
    findings.push(...own);
  }
  findings.push(...inputPaths(read, flat.instances, flat.edges));
  const nodePlaces = new Map(flat.instances.map(instance => [instance.id, instance.at]));
  const graph = replaceRecipes(read, flat.edges, nodePlaces);
  findings.push(...graph.findings);
  if (graph.nodes.length === 0) {
    findings.push({
      code: 'no-nodes',
      message: 'The pipeline has no nodes. Add one: drag a notebook or a script onto the canvas.',
      at: ['pipelines', main, 'nodes']
    });
  }
  const byId = new Map(graph.nodes.map(node => [node.id, node]));
  const { order } = orderOf({ ids: graph.nodes.map(node => node.id), edges: graph.edges });
  const pipeline: IPipeline = {
    name: word(properties.name) ?? word(data.name) ?? word(baseName(file).replace(/\.[^.]*$/, '')) ?? 'pipeline',
    file,
    version,
    ...optional('description', word(properties.description)),
    ...optional('runtimeType', word(data.runtime_type)),
    nodes: order.flatMap(id => byId.get(id) ?? []),
    edges: graph.edges,
    parameters,
    options: options(record(properties.oscar)),
    migration: [...changes, ...graph.changes]
  };
  const problems = sorted(findings.map(finding => placed(finding, file, places)));
  setOrigin(pipeline, { places, nodes: nodePlaces, properties: at });
  return { pipeline, problems };
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
}

function options(oscar: JsonRecord): IPipeline['options'] {
  const runtime = oscar.runtime;
  return {
    ...(runtime === 'process' || runtime === 'container' ? { runtime } : {}),
    ...(oscar.serial === true ? { serial: true } : {})
  };
}

/** What is odd about the frame of the file. */
function envelope(flow: JsonRecord, main: number): IFinding[] {
  const findings: IFinding[] = [];
  const format = scalar(flow.version);
  if (format !== undefined && Number.parseFloat(format) !== 3) {
    findings.push({
      code: 'unknown-format',
      message: `The file is written in version ${format} of the flow format; Elyra and this program read 3.0.`,
      at: ['version']
    });
  }
  if (flow.doc_type !== undefined && flow.doc_type !== 'pipeline') {
    findings.push({
      code: 'unknown-format',
      severity: 'warning',
      message: `doc_type is ${scalar(flow.doc_type) ?? 'no text'}; in a pipeline it is “pipeline”.`,
      at: ['doc_type']
    });
  }
  const pipelines = flow.pipelines as unknown[];
  const primary = scalar(flow.primary_pipeline);
  const named = isRecord(pipelines[main]) && pipelines[main].id === flow.primary_pipeline;
  if (primary !== undefined && !named) {
    findings.push({
      code: 'primary-missing',
      severity: 'warning',
      message: `primary_pipeline names ${primary}, which is not in the file; the first pipeline is taken.`,
      at: ['primary_pipeline']
    });
  } else if (main > 0) {
    findings.push({
      code: 'primary-not-first',
      severity: 'information',
      message: 'The primary pipeline is not the first one in the file; Elyra’s editor shows another one than runs.',
      at: ['primary_pipeline']
    });
  }
  return findings;
}

/** A value that is the output of another node needs that node before it. */
function inputPaths(
  read: readonly IReadNode[],
  instances: readonly IInstance[],
  edges: readonly { from: string; to: string }[]
): IFinding[] {
  if (!read.some(({ takes }) => takes.length > 0)) {
    return [];
  }
  const parents = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = parents.get(to);
    if (known) {
      known.push(from);
    } else {
      parents.set(to, [from]);
    }
  }
  const scopes = new Map(instances.map(({ id, scope }) => [id, scope]));
  const findings: IFinding[] = [];
  read.forEach(({ node, takes }, index) => {
    const scope = scopes.get(node.id) ?? '';
    for (const take of takes) {
      const near = scope === '' ? take.node : `${scope}/${take.node}`;
      const meant = (id: string) => id === near || id === take.node || id.endsWith(`/${take.node}`);
      if (!isBefore(node.id, parents, meant)) {
        findings.push({
          code: 'input-not-before',
          message: `${take.property} of “${node.label}” is the output of a node that does not come before it (${take.node}). Link them.`,
          node: node.id,
          label: node.label,
          property: take.property,
          at: instances[index].at
        });
      }
    }
  });
  return findings;
}

/** Whether one of the nodes before `id` is meant. The nearest are asked first, which nearly always settles it. */
function isBefore(id: string, parents: ReadonlyMap<string, string[]>, meant: (id: string) => boolean): boolean {
  const seen = new Set<string>([id]);
  let level = [id];
  while (level.length > 0) {
    const next: string[] = [];
    for (const child of level) {
      for (const parent of parents.get(child) ?? []) {
        if (meant(parent)) {
          return true;
        }
        if (!seen.has(parent)) {
          seen.add(parent);
          next.push(parent);
        }
      }
    }
    level = next;
  }
  return false;
}
