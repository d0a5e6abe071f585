const KEYS = 'authorization|password|passwd|secret|secret_?key|access_?key|token|refresh_token|api_?key|x-amz-signature|x-amz-credential|x-amz-security-token';

const PATTERNS: [RegExp, string][] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi, '$1 ***'],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s:@]*:[^/\s@]*@/gi, '$1***@'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '***'],
  [/\b[0-9a-f]{64}\b/g, '***'],
  [new RegExp(`(["']?(?:${KEYS})["']?\\s*[:=]\\s*)("[^"]*"|'[^']*'|[^\\s,;&}"']+)`, 'gi'), '$1***']
];

/** Takes secrets out of a text that goes to a log, an error or a view. */
export function redact(text: string): string {
  return PATTERNS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/** The same for every text inside a value. */
export function redactValue<T>(value: T): T {
  if (typeof value === 'string') {
    return redact(value) as T;
  }
  if (Array.isArray(value)) {
    return value.map(item => redactValue<unknown>(item)) as T;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactValue<unknown>(item)])) as T;
  }
  return value;
}
