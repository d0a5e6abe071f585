import type { IPipelineNode } from './model';
import { pairs, readSecrets, readVolumes, sharedMemory, tolerations } from './read-lists';
import { inWords, isEmpty, unwrap, word, type JsonRecord } from './values';

/** `pipeline_defaults`: what a node that says nothing gets. */
export interface IDefaults {
  image?: string;
  variables: Map<string, string>;
  secrets: IPipelineNode['secrets'];
  volumes: IPipelineNode['volumes'];
  annotations: Map<string, string>;
  labels: Map<string, string>;
  tolerations: string[];
  sharedMemory?: string;
  /** What has no meaning on a cluster of OSCAR. */
  ignored: { property: string; value: string }[];
}

function filled(value: unknown, keys: readonly string[], empty = false): Map<string, string> {
  return new Map(
    [...pairs(value, keys)].flatMap(([key, text]): [string, string][] =>
      text === undefined ? (empty ? [[key, '']] : []) : [[key, text]]
    )
  );
}

export function readDefaults(defaults: JsonRecord): IDefaults {
  return {
    image: word(unwrap(defaults.runtime_image)),
    variables: filled(defaults.env_vars, ['env_var', 'name', 'key']),
    secrets: readSecrets(defaults.kubernetes_secrets),
    volumes: readVolumes(defaults.mounted_volumes),
    annotations: filled(defaults.kubernetes_pod_annotations, ['key', 'name'], true),
    labels: filled(defaults.kubernetes_pod_labels, ['key', 'name'], true),
    tolerations: tolerations(defaults.kubernetes_tolerations),
    sharedMemory: sharedMemory(defaults.kubernetes_shared_mem_size),
    ignored: ['disable_node_caching', 'cos_object_prefix'].flatMap(property =>
      isEmpty(unwrap(defaults[property])) ? [] : [{ property, value: inWords(unwrap(defaults[property])) }]
    )
  };
}
