import type { Infrastructure } from '../contract';
import { redactText } from '../http';
import { isTree, parseTemplate, type Tree } from './templates/parse';

const HIDDEN = '[redacted]';
const SECRET_KEY =
  /pass(word|wd|phrase)?$|secret(_?key)?$|token$|private_?key$|credential(s)?$|^im_auth$|_auth$|^auth_token$/i;
/** Shortest value that is looked for in texts: a shorter one would blank half of them. */
const SHORTEST = 4;

/** A text without these values, and without what looks like a secret. */
export function maskText(text: string, secrets: Iterable<string> = []): string {
  let result = text;
  for (const secret of [...secrets].filter(value => value.length >= SHORTEST).sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(secret, HIDDEN).replaceAll(encodeURIComponent(secret), HIDDEN);
  }
  return redactText(result);
}

/** A template without the values of secrets: defaults of secret inputs, and fields that are named like one. */
export function maskTemplate(text: string, secrets: Iterable<string> = []): string {
  const { document, tree } = parseTemplate({ name: 'template', text });
  if (document) {
    maskTree(document, tree, []);
  }
  return maskText(document ? document.toString({ lineWidth: 0 }) : text, secrets);
}

function maskTree(
  document: { setIn(path: (string | number)[], value: unknown): void },
  value: unknown,
  path: (string | number)[]
): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => maskTree(document, item, [...path, index]));
    return;
  }
  if (!isTree(value)) {
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const here = [...path, key];
    const input = path.at(-1) === 'inputs' && isTree(item);
    if (input && SECRET_KEY.test(key) && item['default'] !== undefined && item['default'] !== '') {
      document.setIn([...here, 'default'], HIDDEN);
    } else if (SECRET_KEY.test(key) && typeof item === 'string' && item !== '') {
      document.setIn(here, HIDDEN);
    } else if (!input || !SECRET_KEY.test(key)) {
      maskTree(document, item, here);
    }
  }
}

/** Output of OSCAR's own template that has the password in the address of a third party; never shown. */
const NEVER_SHOWN = new Set(['oscarui_endpoint']);

export function outputsOf(outputs: Tree, secrets: string[]): Infrastructure['outputs'] {
  return Object.entries(outputs)
    .filter(([name, value]) => !NEVER_SHOWN.has(name) && value !== null && value !== undefined)
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const masked = maskText(text, secrets);
      const secret = SECRET_KEY.test(name) || masked !== text || /[?&](password|token|secret)=/i.test(text);
      const url = !secret && /^https?:\/\/\S+$/.test(text);
      return { name, value: secret ? HIDDEN : masked, kind: secret ? 'secret' : url ? 'url' : 'text' };
    });
}
