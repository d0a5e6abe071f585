/**
 * Patterns of files and keys: `*` and `?` stay inside a folder, `**` goes through folders, `[a-z]` and `[!a-z]` are one
 * character, `{a,b}` is either. As in shells, names that begin with a dot need a dot in the pattern.
 */

/** The longest leading part of a pattern without special characters, cut at a slash: where to begin looking. */
export function fixedPart(pattern: string): string {
  const special = pattern.search(/[*?[{]/);
  return special < 0 ? pattern : pattern.slice(0, pattern.lastIndexOf('/', special) + 1);
}

export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** Makes the test of one pattern. A pattern that is not closed (`[a`) means itself. */
export function matcher(pattern: string): (path: string) => boolean {
  const expression = new RegExp(`^${translate(pattern)}$`, 'su');
  return path => expression.test(path);
}

const NO_DOT = '(?!\\.)';

function translate(pattern: string): string {
  let out = '';
  let braces = 0;
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    const first = i === 0 || characters[i - 1] === '/';
    if (character === '*' && characters[i + 1] === '*') {
      const slash = characters[i + 2] === '/';
      out += slash ? `(?:${NO_DOT}[^/]+/)*` : `(?:${NO_DOT}[^/]+(?:/|$))*`;
      i += slash ? 2 : 1;
    } else if (character === '*') {
      out += first ? `${NO_DOT}[^/]*` : '[^/]*';
    } else if (character === '?') {
      out += first ? `${NO_DOT}[^/]` : '[^/]';
    } else if (character === '[') {
      const end = characters.indexOf(']', characters[i + 1] === '!' || characters[i + 1] === ']' ? i + 3 : i + 2);
      if (end < 0) {
        out += '\\[';
        continue;
      }
      const inside = characters.slice(i + 1, end);
      const not = inside[0] === '!';
      out += `(?!/)[${not ? '^' : ''}${escapeClass(inside.slice(not ? 1 : 0))}]`;
      i = end;
    } else if (character === '{' && characters.indexOf('}', i) > 0) {
      out += '(?:';
      braces++;
    } else if (character === ',' && braces > 0) {
      out += '|';
    } else if (character === '}' && braces > 0) {
      out += ')';
      braces--;
    } else {
      out += escape(character);
    }
  }
  return out + ')'.repeat(braces);
}

const escape = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');

/** Inside brackets only ranges keep their meaning. */
const escapeClass = (characters: string[]): string =>
  characters.map(character => (/[\\\]^[]/.test(character) ? `\\${character}` : character)).join('');
