import { FOLDERS } from '../layout';
import type { IConversion, IConvertOptions, INodeService, IPipeline, IPipelineNode } from '../model';
import { writeScript, type INodeConfig } from '../script';
import { baseName } from '../values';
import { awsFunction } from './aws';
import { AWS_SECRETS, CALL_SECRETS, callOf, isInside } from './call';
import { codeOf } from './code';
import { environmentOf, type IEnvironment } from './environment';
import { fdlText, type IEntry } from './fdl';
import { FileIndex } from './files';
import { AWS, flowOf, type IStep } from './flow';
import { serviceNames } from './names';
import { crossingsOf, inputsOf, outputsOf, ownProvider, placeOfEdge, storageProviders } from './places';
import { Reporter } from './report';
import { requirementsOf } from './requirements';
import { imageOf, metadataOf, oscarResources, reportUnsupported, volumeOf } from './settings';
import { sha256 } from './sha256';
import { base64Lines, tarGz, type ITarFile } from './tar';
import type { IYamlMap } from './yaml';

/** Base64 of code that still fits into a script: a service is one ConfigMap of 1 MiB at most. */
const LARGEST_CODE = 700_000;

/** What one node becomes. */
interface IPart {
  entry: IEntry;
  service: INodeService;
  files: IConversion['files'];
  upload?: IConversion['uploads'][number];
}

/**
 * A pipeline as services: FDL, scripts and a report. Never throws for what a pipeline says: with an error in the report's problems
 * there are no files. The same pipeline, files and options give the same bytes.
 */
export function convertPipeline(pipeline: IPipeline, options: IConvertOptions): IConversion {
  const reporter = new Reporter(pipeline);
  if (pipeline.nodes.length === 0) {
    reporter.problem('error', 'empty', 'The pipeline has no nodes. Draw some first.');
  }
  const names = serviceNames(pipeline.nodes, {
    name: pipeline.name,
    file: options.place ?? pipeline.file,
    user: options.user
  });
  const steps = flowOf(pipeline, names, options, reporter);
  const context: IContext = {
    pipeline,
    reporter,
    files: new FileIndex(options.files),
    archives: new Map(),
    identities: new Map()
  };
  const parts = steps.flatMap(step => partOf(step, context) ?? []);
  const crossings = crossingsOf(steps);
  const made = new Map(steps.map(({ node, service, target }) => [node.id, { service, target }]));
  const report = reporter.report(options.target, reporter.failed ? new Map() : made);
  if (reporter.failed) {
    return { files: [], fdl: '', services: [], uploads: [], crossings: [], report };
  }
  const fdl = fdlText(
    pipeline,
    parts.map(part => part.entry),
    storageProviders(crossings)
  );
  const archives = new Map(parts.flatMap(part => part.files).map(file => [file.path, file]));
  return {
    files: [
      { path: 'fdl.yaml', content: fdl },
      ...archives.values(),
      { path: 'report.json', content: `${JSON.stringify(report, undefined, 2)}\n` }
    ],
    fdl,
    services: parts.map(part => part.service),
    uploads: parts.flatMap(part => part.upload ?? []),
    crossings,
    report
  };
}

interface IContext {
  pipeline: IPipeline;
  reporter: Reporter;
  files: FileIndex;
  /** Packed code by what it is made of: many nodes share it. */
  archives: Map<string, IArchive>;
  identities: Map<Uint8Array, number>;
}

interface IArchive {
  bytes: Uint8Array;
  base64?: string;
  sha?: string;
}

function partOf(step: IStep, context: IContext): IPart | undefined {
  const { node, service, target } = step;
  const { pipeline, reporter } = context;
  if (!accepted(node, pipeline, reporter)) {
    return undefined;
  }
  const image = imageOf(node, reporter);
  const environment = environmentOf(node, pipeline, reporter);
  const call = callOf(step, reporter);
  const code = codeOf(node, context.files, reporter);
  const requirements = target === AWS ? undefined : requirementsOf(node, context.files, reporter);
  const outputs = outputsDeclared(node, reporter);
  reportUnsupported(node, reporter);
  if (image === undefined || (call === undefined && (node.kind === 'service' || node.kind === 'function'))) {
    return undefined;
  }
  const asked = node.kind === 'function' && target !== AWS ? [...AWS_SECRETS] : [];
  environment.secrets.push(...asked.filter(name => !environment.secrets.includes(name)));
  const archive = code.length === 0 ? undefined : pack(code, context);
  const large = archive !== undefined && archive.base64 === undefined;
  const key = large ? `code/${archive.sha}.tar.gz` : '';
  const config: INodeConfig = {
    version: 1,
    pipeline: pipeline.name,
    node: node.id,
    label: node.label,
    service,
    kind: node.kind,
    rank: step.rank,
    ...(node.filename === undefined ? {} : { file: baseName(node.filename) }),
    ...(node.command === undefined ? {} : { command: node.command }),
    parents: step.parents.map(parent => ({ service: parent.service, path: placeOfEdge(parent, step) })),
    next: step.children.length > 0,
    artifacts: `${service}/${FOLDERS.artifacts}`,
    provider: ownProvider(step),
    outputs: withResults(outputs, call, node.call?.folder !== undefined),
    parameters: environment.parameters,
    own: environment.own,
    ...(large ? { code: { bucket: service, key, sha256: archive.sha as string } } : {}),
    ...(call ? { call } : {})
  };
  const script = writeScript({
    config,
    code: archive?.base64,
    comments: [
      `${node.label}: a node of the pipeline ${pipeline.name}. Written by jupyterlab-oscar; edit the pipeline, not this file.`,
      ...node.comments.flatMap(text => text.split(/\r\n?|\n/))
    ]
  });
  return {
    entry: { step, ...definition(step, context, { image, environment, call: call !== undefined }) },
    service: {
      node: node.id,
      label: node.label,
      kind: node.kind,
      service,
      target,
      after: step.parents.map(parent => parent.node.id),
      secrets: environment.secrets,
      ...(node.kind === 'service' && call ? { calls: call.name } : {})
    },
    files: [
      { path: `${service}/script.sh`, content: script },
      ...(requirements === undefined ? [] : [{ path: `${service}/requirements.txt`, content: requirements }]),
      ...(large ? [{ path: key, content: archive.bytes }] : [])
    ],
    ...(large ? { upload: { service, bucket: service, key, path: key } } : {})
  };
}

/** What a call brings is handed on: when the node names no outputs, and when it names a folder for it. */
function withResults(outputs: string[], call: INodeConfig['call'], isNamed: boolean): string[] {
  if (!call || (outputs.length > 0 && !isNamed)) {
    return outputs;
  }
  const { folder } = call;
  const isThere = outputs.some(output => output.replace(/\/+$/, '') === folder || output.startsWith(`${folder}/`));
  return isThere ? outputs : [...outputs, folder];
}

/** False for nodes that nothing can be made of; why is in the report. */
function accepted(node: IPipelineNode, pipeline: IPipeline, reporter: Reporter): boolean {
  if (node.kind === 'component') {
    const platform = { KUBEFLOW_PIPELINES: 'Kubeflow Pipelines', APACHE_AIRFLOW: 'Apache Airflow' }[
      pipeline.runtimeType ?? ''
    ];
    reporter.refused(
      node,
      'component',
      `It is the component ${node.component ?? node.op}${platform ? ` of ${platform}` : ''}, which only its own platform can run. Replace it by a notebook, a script or a command.`
    );
    return false;
  }
  if ((node.kind === 'notebook' || node.kind === 'python' || node.kind === 'r') && !node.filename) {
    reporter.refused(node, 'missing-file', 'No file is chosen that it runs. Choose one.', 'filename');
    return false;
  }
  if (node.kind === 'command' && !node.command?.trim()) {
    reporter.refused(node, 'missing-command', 'It has no command. Write one.', 'command');
    return false;
  }
  return true;
}

/** Outputs that lie in the working folder; the others are reported. */
function outputsDeclared(node: IPipelineNode, reporter: Reporter): string[] {
  const inside = node.outputs.filter(isInside);
  for (const output of node.outputs.filter(path => !isInside(path))) {
    reporter.ignored(
      node,
      'outputs',
      `${output} lies outside the working folder, and only what is in it is handed on.`
    );
  }
  if (inside.length > 0) {
    reporter.mapped(node, 'outputs');
  }
  return [...new Set(inside.map(path => path.replace(/^(\.\/+)+/, '')).filter(path => path !== ''))];
}

function definition(
  step: IStep,
  { pipeline, reporter }: IContext,
  parts: { image: string; environment: IEnvironment; call: boolean }
): { oscar?: IYamlMap; aws?: IYamlMap } {
  const { node, service, target } = step;
  if (target === AWS) {
    return { aws: awsFunction(step, pipeline, parts, reporter) };
  }
  const secrets = [...parts.environment.secrets, ...(node.kind === 'service' && parts.call ? CALL_SECRETS : [])];
  const { variables } = parts.environment;
  const environment: IYamlMap = {
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
    ...(secrets.length > 0 ? { secrets: Object.fromEntries(secrets.map(name => [name, ''])) } : {})
  };
  return {
    oscar: {
      name: service,
      image: parts.image,
      script: `${service}/script.sh`,
      ...oscarResources(node, reporter),
      // What the supervisor says would stand between the lines of the node.
      log_level: 'CRITICAL',
      ...(Object.keys(environment).length > 0 ? { environment } : {}),
      ...metadataOf(node, pipeline, reporter),
      ...volumeOf(node, reporter),
      input: inputsOf(step),
      output: outputsOf(step)
    }
  };
}

function pack(code: ITarFile[], context: IContext): IArchive {
  const { identities } = context;
  const parts = code.map(({ name, data }) => {
    // Files are compared as the values that the caller gave: the same array is the same file.
    const identity = identities.get(data) ?? identities.size;
    identities.set(data, identity);
    return `${name}\0${identity}`;
  });
  const id = parts.join('\0');
  let archive = context.archives.get(id);
  if (!archive) {
    const bytes = tarGz(code);
    const small = (bytes.length * 4) / 3 < LARGEST_CODE;
    archive = { bytes, ...(small ? { base64: base64Lines(bytes) } : { sha: sha256(bytes) }) };
    context.archives.set(id, archive);
  }
  return archive;
}
