/**
 * The one redactor: what logs, errors and views show passes through it. It knows the shapes of secrets (headers, tokens,
 * signatures, passwords in JSON, YAML and URLs) and the very values that were registered while the bridge ran.
 */

const HIDDEN = '[redacted]';

/** Values shorter than this are not registered: they would blank half of every text. */
const SHORTEST = 6;

const known = new Set<string>();
let knownPattern: RegExp | undefined;

/** Names of fields whose value is never shown, whatever it holds. */
const SECRET_FIELD =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-amz-security-token|(auth_?)?pass(word|wd|phrase)?|.*(_|-)?(secret|token|password|passwd|private_?key|secret_?key|access_?key|api_?key))$/i;

/** Fields that end like a secret and are none. */
const OPEN_FIELD = /^(token_endpoint|tokenfile|token_file|max_tokens|image_pull_secrets?)$/i;

const PATTERNS: [RegExp, string][] = [
  [
    /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|aws4-hmac-sha256)\s+)?[^\r\n"']+/gi,
    `$1${HIDDEN}`
  ],
  [/\b(bearer|basic)\s+[A-Za-z0-9+/._~-]{8,}=*/gi, `$1 ${HIDDEN}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"'<>]+/gi, `$1${HIDDEN}`],
  [/([?&](?:token|access_token|signature|sig|password|secret)=)[^&\s"'<>]+/gi, `$1${HIDDEN}`],
  [/(?<!sha256:)(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])/g, HIDDEN],
  [/([a-z][a-z0-9+.-]*:\/\/[^/\s:@"']+:)[^/\s@"']+(@)/gi, `$1${HIDDEN}$2`],
  // In a sentence (`the token: expired`) a word follows; at the beginning of a line it is a field, and anything is its value.
  [
    /(["']?\btoken["']?\s*[:=]\s*)(?!(?<=\w token: )[a-z]{1,15}(?:[\s.,;:!?)]|$))("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'{}[\]]+)/gi,
    `$1${HIDDEN}`
  ],
  [
    /(["']?\b(?:auth_password|password|passwd|secret_key|secretKey|access_key|accessKey|refresh_token|access_token|api_key|client_secret)["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'{}[\]]+)/gi,
    `$1${HIDDEN}`
  ]
];

/** Makes a value unshowable from now on, also in its base64 and percent-encoded forms. */
export function addSecret(secret: string | undefined): void {
  if (!secret || secret.length < SHORTEST) {
    return;
  }
  // Asked on each call of a service: what is known already must not cost a new pattern.
  if (known.has(secret)) {
    return;
  }
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
    known.add(form);
  }
  knownPattern = undefined;
}

function withoutKnown(text: string): string {
  if (known.size === 0) {
    return text;
  }
  // Longest first: a secret may contain another one.
  knownPattern ??= new RegExp(
    [...known]
      .sort((a, b) => b.length - a.length)
      .map(value => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('|'),
    'g'
  );
  return text.replace(knownPattern, HIDDEN);
}

/** A copy of the text without secrets. */
export function redactText(text: string): string {
  let result = withoutKnown(text);
  for (const [pattern, replacement] of PATTERNS) {
    result = result.replace(pattern, replacement);
  }
  return result;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    return redactText(value);
  }
  if (value === null || typeof value !== 'object' || value instanceof Date) {
    return value;
  }
  if (depth > 50) {
    return HIDDEN;
  }
  if (Array.isArray(value)) {
    return value.map(item => redactValue(item, depth + 1));
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === 'secrets' && item !== null && typeof item === 'object' && !Array.isArray(item)) {
      result[key] = Object.fromEntries(Object.keys(item).map(name => [name, HIDDEN]));
    } else if (SECRET_FIELD.test(key) && !OPEN_FIELD.test(key) && typeof item === 'string') {
      result[key] = item === '' || item === 'hidden' ? item : HIDDEN;
    } else {
      result[key] = redactValue(item, depth + 1);
    }
  }
  return result;
}

/**
 * A copy of a text or of a tree of plain values without secrets. Fields that are named like a secret lose their value,
 * every other string is searched for what looks like one.
 */
export function redact<T>(value: T): T {
  return redactValue(value, 0) as T;
}
