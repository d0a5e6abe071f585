/** Kubernetes' rules for names and labels, with the sentences that the manager passes on. */

const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL_VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`;

const subdomain = new RegExp(`^${SUBDOMAIN}$`);
const labelValue = new RegExp(`^${LABEL_VALUE}$`);

export function isSubdomain(name: string): boolean {
  return name.length <= 253 && subdomain.test(name);
}

export function isLabelValue(value: string): boolean {
  return value.length <= 63 && labelValue.test(value);
}

/** Names of volumes. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** Kubernetes' answer to an object whose name, or label made of the name, it refuses; undefined when both are fine. */
export function invalidName(kind: string, name: string, labelField?: string): string | undefined {
  const problems: string[] = [];
  if (!isSubdomain(name)) {
    problems.push(`metadata.name: Invalid value: "${name}": ${SUBDOMAIN_RULE}`);
  }
  if (labelField && !isLabelValue(name)) {
    problems.push(invalidLabel(labelField, name));
  }
  if (problems.length === 0) {
    return undefined;
  }
  return `${kind} "${name}" is invalid: ${problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]}`;
}

export function invalidLabel(field: string, value: string): string {
  return `${field}: Invalid value: "${value}": ${LABEL_RULE}`;
}

/** The user part of a subject: what stands before `@`, when that is lower-case letters and digits. */
export function formatUid(uid: string): string {
  return /^([0-9a-z]+)@/.exec(uid)?.[1] ?? uid;
}

/** What a label can hold of a user's name. */
export function labelOf(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

export const SERVICES_NAMESPACE = 'oscar-svc';

/** The namespace of a user's services; the administrator's when there is no user. */
export function namespaceOf(uid: string | undefined): string {
  return uid === undefined ? SERVICES_NAMESPACE : `${SERVICES_NAMESPACE}-${formatUid(uid)}`.slice(0, 18);
}
