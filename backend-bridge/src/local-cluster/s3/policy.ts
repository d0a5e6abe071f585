import { StoreError } from './errors';

/** What bucket policies speak of; the names are AWS's. */
export type Action =
  | 's3:ListBucket'
  | 's3:ListBucketMultipartUploads'
  | 's3:GetBucketLocation'
  | 's3:GetObject'
  | 's3:PutObject'
  | 's3:DeleteObject'
  | 's3:AbortMultipartUpload'
  | 's3:ListMultipartUploadParts'
  | 's3:GetObjectTagging'
  | 's3:PutObjectTagging'
  | 's3:DeleteObjectTagging'
  | 's3:DeleteBucket'
  | 's3:BucketSettings';

interface IStatement {
  allow: boolean;
  /** `*` or access keys. */
  principals: string[];
  actions: string[];
  resources: string[];
}

const MAX_BYTES = 20 * 1024;
const parsed = new Map<string, IStatement[]>();

/**
 * Reads a bucket policy. Conditions are refused: to ignore one would allow more than was asked for.
 *
 * @throws StoreError MalformedPolicy
 */
export function checkPolicy(text: string, bucket: string): void {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new StoreError('MalformedPolicy', 'A policy may have at most 20 kB.');
  }
  const statements = read(text);
  for (const { resources } of statements) {
    const arn = `arn:aws:s3:::${bucket}`;
    if (resources.some(resource => resource !== arn && !resource.startsWith(`${arn}/`) && resource !== `${arn}*`)) {
      throw new StoreError('MalformedPolicy', 'Policy has invalid resource.');
    }
  }
  if (statements.length === 0) {
    throw new StoreError('MalformedPolicy', 'A policy needs a statement.');
  }
}

/** What the bucket's policy says: a denial wins; undefined when it says nothing. */
export function policyAllows(
  text: string,
  request: { action: Action; bucket: string; key: string; accessKey: string | undefined }
): boolean | undefined {
  if (text === '') {
    return undefined;
  }
  const resource = `arn:aws:s3:::${request.bucket}${request.key === '' ? '' : `/${request.key}`}`;
  let answer: boolean | undefined;
  for (const statement of statementsOf(text)) {
    const hit =
      statement.principals.some(name => name === '*' || name === request.accessKey) &&
      statement.actions.some(pattern => glob(pattern.toLowerCase(), request.action.toLowerCase())) &&
      statement.resources.some(pattern => glob(pattern, resource));
    if (hit && !statement.allow) {
      return false;
    }
    if (hit) {
      answer = true;
    }
  }
  return answer;
}

/** True when nobody has to say who they are for something in it. */
export function isPublicPolicy(text: string): boolean {
  return text !== '' && statementsOf(text).some(one => one.allow && one.principals.includes('*'));
}

function statementsOf(text: string): IStatement[] {
  let statements = parsed.get(text);
  if (statements === undefined) {
    statements = read(text);
    if (parsed.size > 100) {
      parsed.clear();
    }
    parsed.set(text, statements);
  }
  return statements;
}

function read(text: string): IStatement[] {
  const fail = (detail: string): never => {
    throw new StoreError('MalformedPolicy', detail);
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return fail('The policy is not valid JSON.');
  }
  const list = (document as { Statement?: unknown } | null)?.Statement;
  const statements = Array.isArray(list) ? list : list === undefined ? [] : [list];
  return statements.map(value => {
    const one = (value ?? {}) as Record<string, unknown>;
    if (one.Effect !== 'Allow' && one.Effect !== 'Deny') {
      fail('Effect must be Allow or Deny.');
    }
    for (const name of ['Condition', 'NotPrincipal', 'NotAction', 'NotResource']) {
      const part = one[name];
      if (part !== undefined && Object.keys(part as object).length > 0) {
        fail(`${name} is not supported by the local cluster.`);
      }
    }
    const principal = one.Principal;
    const principals = strings(
      typeof principal === 'object' && principal !== null ? (principal as { AWS?: unknown }).AWS : principal
    );
    const actions = strings(one.Action);
    const resources = strings(one.Resource);
    if (principals.length === 0 || actions.length === 0 || resources.length === 0) {
      fail('A statement needs Principal, Action and Resource.');
    }
    return {
      allow: one.Effect === 'Allow',
      principals: principals.map(name => name.replace(/^arn:aws:iam::[^:]*:user\//, '')),
      actions,
      resources
    };
  });
}

function strings(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** `*` and `?` as in AWS, in time that no pattern can blow up. */
function glob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let n = 0; n < text.length;) {
    if (at < pattern.length && (pattern[at] === '?' || (pattern[at] === text[n] && pattern[at] !== '*'))) {
      at++;
      n++;
    } else if (pattern[at] === '*') {
      star = at++;
      resume = n;
    } else if (star >= 0) {
      at = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
