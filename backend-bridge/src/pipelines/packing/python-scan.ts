/** What a piece of Python says at first sight: its imports, its magics, what it defines. No parser: it only must never be fooled by strings, comments and brackets. */

export interface IPythonImport {
  /** As written, dotted: `sklearn.linear_model`. */
  module: string;
  /** What is taken from it: `from google.cloud import storage` has `storage`. */
  names: string[];
  line: number;
}

/** A line that IPython understands and Python does not. */
export interface IMagicLine {
  line: number;
  /** Last line of it; later ones are joined by backslashes. */
  endLine: number;
  text: string;
}

export interface IPythonScan {
  imports: IPythonImport[];
  magics: IMagicLine[];
  /** Functions, classes and variables at the top, with the line of the first definition. */
  defined: Map<string, number>;
  /** True when it has a part for being run as a program (`if __name__ == …`). */
  guarded: boolean;
}

interface ILogicalLine {
  line: number;
  endLine: number;
  /** Without comments; strings are emptied. */
  text: string;
  /** As written. */
  raw: string;
}

const MAGIC = /^\s*(?:[%!?]|[A-Za-z_][\w.,[\]\s]*=\s*[%!])/;

/** Lines count from 1. */
export function scanPython(text: string): IPythonScan {
  const scan: IPythonScan = { imports: [], magics: [], defined: new Map(), guarded: false };
  for (const { line, endLine, text: bare, raw } of logicalLines(text)) {
    if (MAGIC.test(raw)) {
      scan.magics.push({ line, endLine, text: raw.trim() });
      continue;
    }
    for (const match of bare.matchAll(/(?:^|[;:])\s*(?:import\s+([^;\n]+)|from\s+([.\w]+)\s+import\s+\(?([^;)]*))/g)) {
      if (match[1] !== undefined) {
        for (const part of match[1].split(',')) {
          const module = /^\s*([A-Za-z_][\w.]*)/.exec(part)?.[1];
          if (module !== undefined) {
            scan.imports.push({ module, names: [], line });
          }
        }
      } else {
        const names = (match[3] ?? '').split(',').map(name => name.trim().split(/\s/)[0] ?? '');
        scan.imports.push({ module: match[2] ?? '', names: names.filter(name => /^\w+$/.test(name)), line });
      }
    }
    const made =
      /^(?:async\s+)?(?:def|class)\s+([A-Za-z_]\w*)/.exec(bare) ?? /^([A-Za-z_]\w*)\s*(?::[^=]*)?=(?!=)/.exec(bare);
    if (made?.[1] !== undefined && !scan.defined.has(made[1])) {
      scan.defined.set(made[1], line);
    }
    scan.guarded ||= /^if\s+__name__\s*==/.test(bare);
  }
  return scan;
}

/** Lines as Python joins them: by open brackets, backslashes, and strings of several lines. */
function* logicalLines(text: string): Iterable<ILogicalLine> {
  let line = 1;
  let start = 1;
  let begin = 0;
  let bare = '';
  let depth = 0;
  let at = 0;
  const flush = (end: number): ILogicalLine => ({
    line: start,
    endLine: line,
    text: bare,
    raw: text.slice(begin, end)
  });
  while (at < text.length) {
    const char = text[at];
    if (bare.trim() === '' && depth === 0 && MAGIC.test(text.slice(at, at + 1))) {
      // A magic ends with its line, whatever quotes and brackets are in it.
      const end = endOfMagic(text, at);
      line += count(text.slice(at, end));
      bare += text.slice(at, end);
      at = end;
      continue;
    }
    if (char === '\n') {
      if (depth === 0) {
        if (bare.trim() !== '') {
          yield flush(at);
        }
        bare = '';
        begin = at + 1;
        start = line + 1;
      } else {
        bare += ' ';
      }
      line++;
      at++;
    } else if (char === '\\' && text[at + 1] === '\n') {
      bare += ' ';
      line++;
      at += 2;
    } else if (char === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (char === '"' || char === "'") {
      const end = endOfString(text, at);
      line += count(text.slice(at, end));
      bare += '""';
      at = end;
    } else {
      if ('([{'.includes(char)) {
        depth++;
      } else if (')]}'.includes(char)) {
        depth = Math.max(0, depth - 1);
      }
      bare += char;
      at++;
    }
  }
  if (bare.trim() !== '') {
    yield flush(text.length);
  }
}

function endOfMagic(text: string, from: number): number {
  let at = from;
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) {
      return text.length;
    }
    if (text[end - 1] !== '\\') {
      return end;
    }
    at = end + 1;
  }
}

function endOfString(text: string, from: number): number {
  const quote = text[from];
  const long = text.startsWith(quote.repeat(3), from);
  const close = long ? quote.repeat(3) : quote;
  for (let at = from + close.length; at < text.length; at++) {
    if (text[at] === '\\') {
      at++;
    } else if (text.startsWith(close, at)) {
      return at + close.length;
    } else if (!long && text[at] === '\n') {
      return at; // not closed: Python will say so
    }
  }
  return text.length;
}

function count(text: string): number {
  return text.split('\n').length - 1;
}
