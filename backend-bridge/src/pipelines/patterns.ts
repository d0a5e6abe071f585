import type { INeededFiles } from './model';
import { baseName, folderOf, joinPath } from './values';

export const isPattern = (path: string): boolean => /[*?[]/.test(path);

/** Shell pattern as Python's fnmatch reads it, but `*` and `?` stop at `/`, and `**` does not. */
export function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '*') {
      const deep = pattern[i + 1] === '*';
      while (pattern[i + 1] === '*') {
        i++;
      }
      if (deep && pattern[i + 1] === '/') {
        i++;
        source += '(?:.*/)?';
      } else {
        source += deep ? '.*' : '[^/]*';
      }
    } else if (char === '?') {
      source += '[^/]';
    } else if (char === '[') {
      const end = pattern.indexOf(']', i + (pattern[i + 1] === '!' ? 3 : 2));
      if (end < 0) {
        source += '\\[';
      } else {
        const inside = pattern
          .slice(i + 1, end)
          .replace(/\\/g, '\\\\')
          .replace(/\]/g, '\\]')
          .replace(/^!/, '^');
        source += `[${inside}]`;
        i = end;
      }
    } else {
      source += char.replace(/[.+^${}()|\\\]]/g, '\\$&');
    }
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // A range that is the wrong way round, [z-a]: fnmatch finds nothing with it either.
    return /^(?!)/;
  }
}

const hidden = (path: string): boolean => path.split('/').some(part => part.startsWith('.') && part !== '..');

/**
 * Which of the listed files are meant. A pattern without a folder is looked for below its folder too when `recursive`; hidden files are
 * only taken by their name, as Elyra does.
 *
 * @param list - Paths relative to the folder of the pipeline.
 */
export function matchingFiles({ path, pattern, recursive }: INeededFiles, list: readonly string[]): string[] {
  if (!pattern) {
    return list.filter(file => file === path || (file.startsWith(`${path}/`) && !hidden(file.slice(path.length + 1))));
  }
  const folder = folderOf(path);
  const own = globToRegExp(path);
  const below = recursive ? globToRegExp(joinPath(folder, `**/${baseName(path)}`)) : own;
  // Hidden is what the pattern does not name: behind the last folder before its first wildcard.
  const named = folderOf(path.slice(0, path.search(/[*?[]/)));
  const start = named === '' ? 0 : named.length + 1;
  const mayHide = /(?:^|\/)\./.test(path.slice(start));
  return list.filter(file => (own.test(file) || below.test(file)) && (mayHide || !hidden(file.slice(start))));
}
