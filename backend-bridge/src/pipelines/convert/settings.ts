import { ANNOTATIONS } from '../layout';
import type { IPipeline, IPipelineNode } from '../model';
import type { Reporter } from './report';
import type { IYamlMap } from './yaml';

/** Enough for a Jupyter kernel; OSCAR's own default of 256Mi is not. */
const DEFAULT_MEMORY = '1Gi';
const DEFAULT_CPU = '1';
/** Image of nodes that only call something. */
export const CALLER_IMAGE = 'docker.io/library/python:3.12-slim';

const LABEL_KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Image of a node; undefined when it needs one and names none, which is refused. */
export function imageOf(node: IPipelineNode, reporter: Reporter): string | undefined {
  if (node.image !== undefined && node.image !== '') {
    reporter.mapped(node, 'runtime_image');
    return node.image;
  }
  if (node.kind === 'service' || node.kind === 'function') {
    return CALLER_IMAGE;
  }
  reporter.refused(
    node,
    'missing-image',
    'The node has no runtime image, and the pipeline has no default. Choose one.',
    'runtime_image'
  );
  return undefined;
}

/** CPU in cores and memory in 10^9 bytes, limits before requests: OSCAR knows limits only. */
export function resourcesOf(node: IPipelineNode, reporter: Reporter): { cpu?: number; memory?: number } {
  const cpu = node.cpuLimit ?? node.cpu;
  const memory = node.memoryLimit ?? node.memory;
  for (const [property, request, limit] of [
    ['cpu', node.cpu, node.cpuLimit],
    ['memory', node.memory, node.memoryLimit]
  ] as const) {
    if (request !== undefined && limit !== undefined && request !== limit) {
      reporter.approximated(
        node,
        property,
        `OSCAR sets one amount: the limit of ${limit}, not the request of ${request}.`
      );
    } else if (request !== undefined || limit !== undefined) {
      reporter.mapped(node, property);
    }
  }
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

export function oscarResources(node: IPipelineNode, reporter: Reporter): IYamlMap {
  const { cpu, memory } = resourcesOf(node, reporter);
  const caller = node.kind === 'service' || node.kind === 'function';
  const result: IYamlMap = {
    cpu: cpu === undefined ? (caller ? '0.2' : DEFAULT_CPU) : String(cpu),
    memory: memory === undefined ? (caller ? '256Mi' : DEFAULT_MEMORY) : `${memory}G`
  };
  if (node.gpu !== undefined && node.gpu > 0) {
    result.enable_gpu = true;
    const vendor = node.gpuVendor !== undefined && node.gpuVendor !== 'nvidia.com/gpu' ? node.gpuVendor : undefined;
    if (node.gpu > 1 || vendor) {
      reporter.approximated(
        node,
        'gpu',
        `OSCAR gives exactly one nvidia.com/gpu, not ${node.gpu} ${vendor ?? 'of them'}.`
      );
    } else {
      reporter.mapped(node, 'gpu');
    }
  }
  return result;
}

/** Annotations and labels that Kubernetes takes, and those by which services of pipelines are known. */
export function metadataOf(node: IPipelineNode, pipeline: IPipeline, reporter: Reporter): IYamlMap {
  const own: { [key: string]: string } = {
    [ANNOTATIONS.pipeline]: pipeline.name,
    [ANNOTATIONS.node]: node.id,
    [ANNOTATIONS.file]: pipeline.file,
    ...(pipeline.options.runtime === undefined ? {} : { [ANNOTATIONS.runtime]: pipeline.options.runtime })
  };
  const annotations: { [key: string]: string } = {};
  for (const [key, value] of Object.entries(node.annotations)) {
    if (!LABEL_KEY.test(key)) {
      reporter.ignored(node, 'kubernetes_pod_annotations', `${key} is no name of an annotation in Kubernetes.`);
    } else if (!Object.hasOwn(own, key)) {
      annotations[key] = value;
      reporter.mapped(node, 'kubernetes_pod_annotations');
    }
  }
  const labels: { [key: string]: string } = {};
  for (const [key, value] of Object.entries(node.labels)) {
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value)) {
      reporter.ignored(node, 'kubernetes_pod_labels', `${key}: ${value} is no label that Kubernetes takes.`);
    } else {
      labels[key] = value;
      reporter.mapped(node, 'kubernetes_pod_labels');
    }
  }
  return {
    annotations: { ...annotations, ...own },
    ...(Object.keys(labels).length > 0 ? { labels } : {})
  };
}

/** OSCAR mounts one managed volume. */
export function volumeOf(node: IPipelineNode, reporter: Reporter): IYamlMap {
  let volume: IYamlMap | undefined;
  for (const { path, claim, subPath, readOnly } of node.volumes) {
    const property = 'mounted_volumes';
    if (volume) {
      reporter.ignored(node, property, `OSCAR mounts one volume a service; ${claim} at ${path} is left out.`);
    } else if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(claim)) {
      reporter.ignored(node, property, `${claim} is no name of a volume: lower-case letters, digits and hyphens.`);
    } else if (!path.startsWith('/') || /^\/oscar\/(config|bin)(\/|$)/.test(path)) {
      reporter.ignored(node, property, `${path} is no place where OSCAR can mount a volume.`);
    } else {
      volume = { name: claim, mount_path: path };
      const lost = [subPath ? 'its folder' : '', readOnly ? 'the write protection' : ''].filter(Boolean).join(' and ');
      reporter.approximated(
        node,
        property,
        `It is OSCAR's managed volume ${claim}, which has to exist on the cluster${lost ? `; ${lost} cannot be said` : ''}.`
      );
    }
  }
  return volume ? { volume } : {};
}

/** What the file says and nothing here can do. */
export function reportUnsupported(node: IPipelineNode, reporter: Reporter): void {
  for (const { property, value } of node.unsupported) {
    reporter.ignored(node, property, `Neither OSCAR nor AWS Lambda has it (${value}).`);
  }
}
