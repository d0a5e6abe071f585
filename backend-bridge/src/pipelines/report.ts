import type { PipelineProblem } from '../contract';
import type { JsonPath, Places } from './json';
import type { IPipeline } from './model';

/** A problem before it has its place in the text. */
export interface IFinding {
  code: string;
  severity?: PipelineProblem['severity'];
  message: string;
  node?: string;
  label?: string;
  property?: string;
  link?: string;
  /** Where in the JSON; the nearest container that exists is shown. */
  at?: JsonPath;
}

/** What a pipeline was read from. */
export interface IOrigin {
  places: Places;
  /** Where each node lies, by its id in the model. */
  nodes: Map<string, JsonPath>;
  /** Path of `app_data.properties`. */
  properties: JsonPath;
}

// The model is plain data that is written to JSON and compared; where it was read from is kept beside it, by its list of nodes, which a
// copy with another name or file still has.
const ORIGINS = new WeakMap<IPipeline['nodes'], IOrigin>();

export const setOrigin = (pipeline: IPipeline, origin: IOrigin): void => void ORIGINS.set(pipeline.nodes, origin);
export const originOf = (pipeline: IPipeline): IOrigin | undefined => ORIGINS.get(pipeline.nodes);

/** Names that a parameter had in older versions, newest first. */
const OLD_NAMES: { [property: string]: readonly string[] } = {
  filename: ['notebook', 'artifact'],
  runtime_image: ['image', 'docker_image'],
  env_vars: ['vars'],
  dependencies: ['file_dependencies'],
  include_subdirectories: ['recursive_dependencies']
};

/** Gives a problem its place. Without a text (a pipeline made by a program) everything is at line 1. */
export function placed(finding: IFinding, file: string, places?: Places): PipelineProblem {
  const { at, severity = 'error', ...rest } = finding;
  const range = places
    ? places.range(narrow(places, at ?? [], finding.property))
    : { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { ...rest, severity, file, ...range };
}

function narrow(places: Places, at: JsonPath, property?: string): { start: number; end: number } {
  if (property !== undefined) {
    for (const name of [property, ...(OLD_NAMES[property] ?? [])]) {
      for (const between of [['app_data', 'component_parameters'], ['app_data'], ['pipeline_defaults'], []]) {
        const found = places.findExact([...at, ...between, name]);
        if (found) {
          return found;
        }
      }
    }
  }
  const span = places.find(at);
  // A node or a whole file is marked at its first line only: editors underline what they are given.
  const lineEnd = places.text.indexOf('\n', span.start);
  return { start: span.start, end: lineEnd < 0 ? span.end : Math.min(span.end, lineEnd) };
}

/** In the order of the text; what stands at one place in the order it was found. */
export function sorted(problems: PipelineProblem[]): PipelineProblem[] {
  return problems
    .map((problem, index) => ({ problem, index }))
    .sort((a, b) => a.problem.line - b.problem.line || a.problem.column - b.problem.column || a.index - b.index)
    .map(({ problem }) => problem);
}
