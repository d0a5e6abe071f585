import type { IOscarService } from './service';

/** What stands in the place of a secret. */
export const REDACTED = '********';

const SECRET_KEYS = new Set([
  'token',
  'access_key',
  'secret_key',
  'auth_password',
  'auth_user',
  'password',
  'login',
  'refresh_token',
  'access_token',
  'client_secret'
]);

/**
 * A copy of a service in which tokens, keys, secrets and passwords are masked: what is shown, logged or exported. Empty
 * values stay empty, so that it can be seen that there is none.
 */
export function redactService<T extends Partial<IOscarService> | Record<string, unknown>>(service: T): T {
  return mask(service, []) as T;
}

function mask(value: unknown, path: string[]): unknown {
  if (Array.isArray(value)) {
    return value.map(item => mask(item, path));
  }
  if (typeof value === 'object' && value !== null) {
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      Object.defineProperty(result, key, {
        value: isSecret(key, path) && typeof item === 'string' && item !== '' ? REDACTED : mask(item, [...path, key]),
        enumerable: true,
        configurable: true,
        writable: true
      });
    }
    return result;
  }
  return value;
}

function isSecret(key: string, path: string[]): boolean {
  const parent = path[path.length - 1];
  if (parent === 'secrets' || parent === 'Secrets' || parent === 'headers') {
    return true;
  }
  if (parent === 'variables' || parent === 'Variables') {
    return looksSecret(key);
  }
  return SECRET_KEYS.has(key.toLowerCase());
}

/** True for names of variables whose values are secrets by all experience. */
export function looksSecret(name: string): boolean {
  return /(^|_)(password|passwd|pass|pwd|secret|token|credentials?|api_?key|access_?key|secret_?key|private_?key)($|_)/i.test(
    name.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/-/g, '_')
  );
}
