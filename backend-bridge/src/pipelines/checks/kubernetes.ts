import type { IPipelineNode } from '../model';
import type { Findings } from './findings';
import { shorten } from './node';

const DNS_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const DATA_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const NAME_PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** `[prefix/]name` */
function isQualified(key: string): boolean {
  const slash = key.indexOf('/');
  return NAME_PART.test(key.slice(slash + 1)) && (slash < 0 || DNS_NAME.test(key.slice(0, slash)));
}

/** What Elyra's server checks of values that Kubernetes gives their form. */
export function checkKubernetes(node: IPipelineNode, findings: Findings): void {
  const { label } = node;
  for (const { variable, name, key } of node.secrets) {
    const bad =
      name !== undefined && !DNS_NAME.test(name)
        ? `the secret ${shorten(name)} has a name that Kubernetes does not take`
        : key !== undefined && !DATA_KEY.test(key)
          ? `the key ${shorten(key)} has a name that Kubernetes does not take`
          : name === undefined || key === undefined
            ? 'the secret or its key is not named, which Elyra needs'
            : undefined;
    if (bad) {
      findings.node(
        node,
        'bad-secret',
        `${shorten(variable)} of “${label}”: ${bad}. Here only the variable counts; its value is asked for at deployment.`,
        'kubernetes_secrets',
        'warning'
      );
    }
  }
  for (const { path, claim } of node.volumes) {
    if (!path.startsWith('/') || path.length < 2) {
      findings.node(
        node,
        'bad-volume',
        `The volume ${shorten(claim || path)} of “${label}” needs a mount path that begins with /.`,
        'mounted_volumes'
      );
    } else if (!DNS_NAME.test(claim)) {
      findings.node(
        node,
        'bad-volume',
        `The volume at ${shorten(path)} of “${label}” has the claim ${shorten(claim) || '(none)'}; write small letters, digits and hyphens.`,
        'mounted_volumes'
      );
    }
  }
  for (const [property, values] of [
    ['kubernetes_pod_annotations', node.annotations],
    ['kubernetes_pod_labels', node.labels]
  ] as const) {
    for (const [key, value] of Object.entries(values)) {
      if (!isQualified(key)) {
        findings.node(
          node,
          'bad-label',
          `${shorten(key)} of “${label}” is no key that Kubernetes takes: letters, digits, -, _ and ., up to 63.`,
          property
        );
      } else if (property === 'kubernetes_pod_labels' && !LABEL_VALUE.test(value)) {
        findings.node(
          node,
          'bad-label',
          `The label ${shorten(key)} of “${label}” has a value that Kubernetes does not take: letters, digits, -, _ and ., up to 63.`,
          property
        );
      }
    }
  }
  for (const { property, value } of node.unsupported) {
    const wrong = property === 'kubernetes_tolerations' ? badToleration(value) : undefined;
    if (wrong) {
      findings.node(
        node,
        'bad-toleration',
        `A toleration of “${label}” (${shorten(value)}): ${wrong}.`,
        property,
        'warning'
      );
    }
  }
}

/** `key:operator:value:effect` */
function badToleration(text: string): string | undefined {
  const [key, operator, value, effect] = text.split(':');
  return operator !== 'Exists' && operator !== 'Equal'
    ? 'the operator is Exists or Equal'
    : operator === 'Exists' && value
      ? 'with Exists there is no value'
      : operator === 'Equal' && !key
        ? 'with Equal there is a key'
        : effect && !['NoExecute', 'NoSchedule', 'PreferNoSchedule'].includes(effect)
          ? 'the effect is NoExecute, NoSchedule or PreferNoSchedule'
          : undefined;
}
