import type { PipelineProblem } from '../contract';
import { parseJson, Places, type JsonPath } from './json';
import { currentOp, currentSource, currentValue, wrapped } from './migrate-components';
import { LIST_PROPERTIES, readItems } from './migrate-items';
import { relativeToPipeline } from './migrate-paths';
import { placed, sorted, type IFinding } from './report';
import { baseName, inWords, isRecord, records, scalar, some, word, type JsonRecord } from './values';

export const CURRENT_VERSION = 8;

export const GENERIC_OPS: { [op: string]: 'notebook' | 'python' | 'r' } = {
  'execute-notebook-node': 'notebook',
  'execute-python-node': 'python',
  'execute-r-node': 'r'
};

const RUNTIME_TYPES: { [runtime: string]: string } = { kfp: 'KUBEFLOW_PIPELINES', airflow: 'APACHE_AIRFLOW' };

/** New name first. */
const V0_NAMES: readonly (readonly [string, string])[] = [
  ['filename', 'notebook'],
  ['filename', 'artifact'],
  ['runtime_image', 'docker_image'],
  ['runtime_image', 'image'],
  ['env_vars', 'vars'],
  ['dependencies', 'file_dependencies'],
  ['include_subdirectories', 'recursive_dependencies']
];

/** What was done to an old file, told once for all nodes that it was done to. */
class Changes {
  add(sentence: string, label?: string): void {
    const labels = this._labels.get(sentence) ?? [];
    if (label !== undefined) {
      labels.push(label);
    }
    this._labels.set(sentence, labels);
  }

  sentences(): string[] {
    return [...this._labels].map(([sentence, labels]) =>
      labels.length === 0 ? sentence : `${sentence.replace(/\.$/, '')}: ${some(labels)}.`
    );
  }

  private readonly _labels = new Map<string, string[]>();
}

export interface IUpgrade {
  /** As labelled; 0 when it is not. */
  version: number;
  changes: string[];
  findings: IFinding[];
}

/** The version that the file says it has. */
export function versionOf(flow: JsonRecord, main: number): { version: number; at?: JsonPath } {
  const pipelines = Array.isArray(flow.pipelines) ? flow.pipelines : [];
  for (const index of [main, 0]) {
    const data: unknown = isRecord(pipelines[index]) ? pipelines[index].app_data : undefined;
    if (isRecord(data) && data.version !== undefined) {
      const version = Number(scalar(data.version) ?? Number.NaN);
      return { version: Number.isFinite(version) ? version : 0, at: ['pipelines', index, 'app_data', 'version'] };
    }
  }
  return { version: 0 };
}

/**
 * Brings a parsed pipeline to the shapes of version 8, in place. Every step looks at the shape of what is there, not only at the label:
 * there are files labelled 5 that are written as version 8, and version 1 written as 4.
 *
 * @param main - Index of the main pipeline in `flow.pipelines`.
 * @param file - Where the file lies, relative to the workspace if possible: until version 1 names of files were relative to the workspace.
 */
export function upgrade(flow: JsonRecord, main: number, file = ''): IUpgrade {
  const { version, at } = versionOf(flow, main);
  const findings: IFinding[] = [];
  const changes = new Changes();
  if (version > CURRENT_VERSION) {
    findings.push({
      code: 'newer-version',
      message: `The pipeline has version ${version}; up to version ${CURRENT_VERSION} can be read. Update jupyterlab-oscar, or save it with the Elyra that you have on the other side.`,
      at
    });
    return { version, changes: [], findings };
  }
  const pipelines = Array.isArray(flow.pipelines) ? (flow.pipelines as unknown[]) : [];
  pipelines.forEach((pipeline, index) => {
    if (isRecord(pipeline)) {
      upgradePipeline(pipeline, index === main || (index === 0 && !isRecord(pipelines[main])), version, changes);
      upgradeDefaults(pipeline, index, changes, findings);
      if (Array.isArray(pipeline.nodes)) {
        pipeline.nodes.forEach((node: unknown, position) => {
          if (isRecord(node)) {
            upgradeNode(
              node,
              { version, file, position, at: ['pipelines', index, 'nodes', position] },
              changes,
              findings
            );
          }
        });
      }
    }
  });
  const sentences = changes.sentences();
  if (version < CURRENT_VERSION) {
    sentences.unshift(`The pipeline was written in version ${version} and was read as version ${CURRENT_VERSION}.`);
  }
  return { version, changes: sentences, findings };
}

function upgradePipeline(pipeline: JsonRecord, main: boolean, version: number, changes: Changes): void {
  if (version < CURRENT_VERSION && pipeline.runtime_ref === undefined) {
    pipeline.runtime_ref = '';
  }
  if (!main) {
    return;
  }
  if (!isRecord(pipeline.app_data)) {
    pipeline.app_data = {};
  }
  const data = pipeline.app_data as JsonRecord;
  if (version < CURRENT_VERSION) {
    data.version = CURRENT_VERSION;
    for (const key of ['export', 'export_format', 'export_path']) {
      if (version < 1 && key in data) {
        delete data[key];
        changes.add('Settings of an old export were removed.');
      }
    }
    if (version < 1 && data.title !== undefined && data.name === undefined) {
      data.name = data.title;
      delete data.title;
      changes.add('The title became the name.');
    }
    const runtime = scalar(data.runtime);
    if (runtime !== undefined && data.runtime_type === undefined && Object.hasOwn(RUNTIME_TYPES, runtime)) {
      data.runtime_type = RUNTIME_TYPES[runtime];
      delete data.runtime;
      changes.add(`The runtime ${runtime} became the runtime type ${RUNTIME_TYPES[runtime]}.`);
    }
    if (!isRecord(data.properties)) {
      data.properties = {};
    }
    const properties = data.properties as JsonRecord;
    const name = word(data.name) ?? word(data.title);
    if (properties.name === undefined && name !== undefined) {
      properties.name = name;
      changes.add('The name moved to the properties of the pipeline.');
    }
    if (!isRecord(data.ui_data)) {
      data.ui_data = { comments: [] };
    }
  }
}

function upgradeDefaults(pipeline: JsonRecord, index: number, changes: Changes, findings: IFinding[]): void {
  const properties = isRecord(pipeline.app_data) ? pipeline.app_data.properties : undefined;
  const defaults = isRecord(properties) ? properties.pipeline_defaults : undefined;
  if (isRecord(defaults)) {
    const at = ['pipelines', index, 'app_data', 'properties'];
    upgradeLists(defaults, { at, label: 'Pipeline defaults' }, changes, findings);
  }
}

interface IPlace {
  at: JsonPath;
  label: string;
  node?: string;
}

function upgradeLists(parameters: JsonRecord, place: IPlace, changes: Changes, findings: IFinding[]): void {
  for (const property of LIST_PROPERTIES) {
    const read = readItems(property, parameters[property]);
    if (read) {
      parameters[property] = read.items;
      changes.add(`Texts in ${property} became pairs, cut at their first =`, place.label);
      for (const bad of read.bad) {
        findings.push({
          code: 'bad-entry',
          severity: 'warning',
          message: `${property} of ${place.label} has an entry that cannot be read (${inWords(bad, 40)}). It is left out: write it as KEY=VALUE.`,
          property,
          ...place
        });
      }
    }
  }
}

interface INodeContext {
  version: number;
  file: string;
  position: number;
  at: JsonPath;
}

function upgradeNode(node: JsonRecord, context: INodeContext, changes: Changes, findings: IFinding[]): void {
  const { version } = context;
  if (node.type === 'pipeline_node' || (version < 1 && node.type === undefined)) {
    node.type = 'execution_node';
    changes.add('Nodes of the type pipeline_node became execution_node.');
  }
  if (node.type !== 'execution_node') {
    return;
  }
  if (!isRecord(node.app_data)) {
    node.app_data = {};
  }
  let data = node.app_data as JsonRecord;
  const flat = !isRecord(data.component_parameters);
  if (flat) {
    // Until version 3 the parameters stood in app_data itself.
    const { ui_data: ui, component_source: source, invalidNodeError, ...parameters } = data;
    const label = isRecord(ui) ? (scalar(ui.label) ?? '') : '';
    delete parameters.component_parameters;
    if (Object.keys(parameters).length > 0) {
      changes.add('Parameters moved into component_parameters.');
    }
    data = {
      label: scalar(parameters.label) || label,
      component_parameters: parameters,
      ui_data: isRecord(ui) ? ui : {},
      ...(source === undefined ? {} : { component_source: source }),
      ...(invalidNodeError === undefined ? {} : { invalidNodeError })
    };
    delete parameters.label;
    node.app_data = data;
  }
  const parameters = data.component_parameters as JsonRecord;
  if (version < 1) {
    renameV0(parameters, changes);
  }
  upgradeOp(node, data, parameters, version, changes);
  const ui = isRecord(data.ui_data) ? data.ui_data : undefined;
  const label = word(data.label) ?? word(ui?.label) ?? word(baseName(scalar(parameters.filename) ?? '')) ?? 'node';
  if (version < 2 && typeof parameters.filename === 'string') {
    const path = relativeToPipeline(parameters.filename, context.file);
    if (path !== parameters.filename) {
      changes.add(`Names of files are relative to the pipeline now, not to the workspace`, path);
      parameters.filename = path;
    }
  }
  upgradeLists(parameters, { at: context.at, label, node: scalar(node.id) }, changes, findings);
  if (typeof node.op !== 'string' || !Object.hasOwn(GENERIC_OPS, node.op)) {
    upgradeValues(node, parameters, label, version, changes);
  }
  completeForEditor(node, data, context, changes);
}

function renameV0(parameters: JsonRecord, changes: Changes): void {
  for (const [name, old] of V0_NAMES) {
    if (old in parameters && parameters[name] === undefined) {
      parameters[name] = parameters[old];
      delete parameters[old];
      changes.add(`${old} was renamed to ${name}.`);
    }
  }
}

function upgradeOp(
  node: JsonRecord,
  data: JsonRecord,
  parameters: JsonRecord,
  version: number,
  changes: Changes
): void {
  const op = word(node.op);
  if (op === undefined) {
    const filename = (scalar(parameters.filename) ?? '').toLowerCase();
    node.op = filename.endsWith('.py')
      ? 'execute-python-node'
      : filename.endsWith('.r')
        ? 'execute-r-node'
        : 'execute-notebook-node';
    changes.add(`Nodes without an op are taken for what the ending of their file says.`, baseName(filename));
  } else if (version < CURRENT_VERSION && currentOp(op) !== op) {
    node.op = currentOp(op);
    data.component_source = currentSource(node.op as string, data.component_source);
    changes.add(`The component ${op} is called ${node.op as string} now.`);
  }
}

function upgradeValues(
  node: JsonRecord,
  parameters: JsonRecord,
  label: string,
  version: number,
  changes: Changes
): void {
  for (const [property, value] of Object.entries(parameters)) {
    const current = currentValue(value) ?? (version < 7 ? wrapped(scalar(node.op) ?? '', property, value) : undefined);
    if (current) {
      parameters[property] = current;
      changes.add('Values of components are written as widget and value', `${label} ${property}`);
    }
  }
}

const port = (id: string, label: string) => ({
  id,
  app_data: { ui_data: { cardinality: { min: 0, max: -1 }, label } }
});

/** What the canvas needs and old or generated files lack. */
function completeForEditor(node: JsonRecord, data: JsonRecord, context: INodeContext, changes: Changes): void {
  if (!isRecord(data.ui_data)) {
    data.ui_data = {};
  }
  const ui = data.ui_data as JsonRecord;
  if (typeof ui.x_pos !== 'number' || typeof ui.y_pos !== 'number') {
    ui.x_pos = 60 + (context.position % 6) * 240;
    ui.y_pos = 60 + Math.floor(context.position / 6) * 120;
    changes.add('Nodes without a place on the canvas got one.');
  }
  if (records(node.inputs).length === 0 || records(node.outputs).length === 0) {
    node.inputs = records(node.inputs).length > 0 ? node.inputs : [port('inPort', 'Input Port')];
    node.outputs = records(node.outputs).length > 0 ? node.outputs : [port('outPort', 'Output Port')];
    changes.add('Nodes without ports got them.');
  }
}

/** Index of the main pipeline: the one that `primary_pipeline` names, else the first. */
export function mainIndex(flow: JsonRecord): number {
  const pipelines: unknown[] = Array.isArray(flow.pipelines) ? flow.pipelines : [];
  const named = pipelines.findIndex(entry => isRecord(entry) && entry.id === flow.primary_pipeline);
  return named >= 0 ? named : Math.max(0, pipelines.findIndex(isRecord));
}

/** Why this JSON is no pipeline at all. */
export function envelopeProblem(flow: unknown): IFinding | undefined {
  if (!isRecord(flow)) {
    return {
      code: 'not-a-pipeline',
      message: 'This is JSON, but no pipeline: a pipeline is an object with “pipelines”.'
    };
  }
  if (!('pipelines' in flow)) {
    return {
      code: 'no-pipelines',
      message: 'The file has no “pipelines”: nothing in it can be run. Save it again with the pipeline editor.'
    };
  }
  if (!Array.isArray(flow.pipelines) || !flow.pipelines.some(isRecord)) {
    return {
      code: 'no-pipelines',
      message: '“pipelines” is empty: there is no pipeline in the file. Save it again with the pipeline editor.',
      at: ['pipelines']
    };
  }
  return undefined;
}

/**
 * The flow as the editor opens it: version 8 whatever the file has. Nothing is written anywhere. A version 8 file that keeps its rules comes
 * back as it is. Never throws.
 *
 * @param file - Where the file lies; needed by files of version 0 and 1 only.
 */
export function migrateFlow(
  text: string,
  { file = '' }: { file?: string } = {}
): { flow?: unknown; changes: string[]; problems: PipelineProblem[] } {
  const places = new Places(text);
  const parsed = parseJson(text);
  if ('error' in parsed) {
    return { changes: [], problems: [syntaxProblem(parsed.error, places, file)] };
  }
  const wrong = envelopeProblem(parsed.value);
  if (wrong) {
    return { changes: [], problems: [placed(wrong, file, places)] };
  }
  const flow = parsed.value as JsonRecord;
  const main = mainIndex(flow);
  const { version, changes, findings } = upgrade(flow, main, file);
  const problems = sorted(findings.map(finding => placed(finding, file, places)));
  if (version > CURRENT_VERSION) {
    return { changes, problems };
  }
  if (main > 0) {
    // The editor shows the first pipeline, Elyra's server runs the primary one.
    const pipelines = flow.pipelines as unknown[];
    pipelines.unshift(...pipelines.splice(main, 1));
    changes.push('The primary pipeline was put first.');
  }
  return { flow, changes, problems };
}

export function syntaxProblem(
  { offset, message }: { offset: number; message: string },
  places: Places,
  file: string
): PipelineProblem {
  const range = places.range({ start: offset, end: Math.min(offset + 1, places.text.length) });
  return { code: 'bad-json', severity: 'error', message: `The file is not valid JSON. ${message}`, file, ...range };
}
