import type { FdlProblem } from '../../contract';
import { keyRange, placeOf, valueRange } from '../pointer';
import type { IFdlDocument, IRange } from '../types';

type Fix = NonNullable<FdlProblem['fix']>;

export interface IReport {
  code: string;
  /** JSON pointer of what it is about. */
  at: string;
  /** Where it is shown: at the value (default for scalars), or at the key (for what is missing or a whole mapping). */
  on?: 'key' | 'value';
  message: string;
  severity?: FdlProblem['severity'];
  fix?: Fix;
}

const MAX_PROBLEMS = 1000;

/** Collects problems with their places. */
export class Reporter {
  constructor(private readonly _document: IFdlDocument) {}

  add(report: IReport): void {
    if (this._problems.length >= MAX_PROBLEMS) {
      return;
    }
    const range = report.on === 'key' ? keyRange(this._document, report.at) : valueRange(this._document, report.at);
    this._problems.push({
      code: report.code,
      severity: report.severity ?? 'error',
      file: this._document.file,
      ...range,
      message: report.message,
      ...(report.fix ? { fix: report.fix } : {})
    });
  }

  error(code: string, at: string, message: string, fix?: Fix): void {
    this.add({ code, at, message, fix });
  }

  warning(code: string, at: string, message: string, fix?: Fix): void {
    this.add({ code, at, message, severity: 'warning', fix });
  }

  /** Replaces the value. */
  replace(at: string, text: string, title?: string): Fix {
    return { title: title ?? `Write ${text}`, edits: [{ ...valueRange(this._document, at), text }] };
  }

  /** Replaces the key; undefined when the key is not in the text (merged from elsewhere). */
  rename(at: string, name: string): Fix | undefined {
    const key = placeOf(this._document, at).key;
    return key && this._document.places.has(at)
      ? { title: `Write ${name}`, edits: [{ ...key, text: name }] }
      : undefined;
  }

  /** Puts a line before the first key of a mapping. */
  insertInto(at: string, firstKey: string | undefined, line: string): Fix | undefined {
    const map = this._document.places.get(at);
    const first = firstKey === undefined ? undefined : this._document.places.get(firstKey)?.key;
    if (!map || !first) {
      return undefined;
    }
    if (first.line === map.value.line && first.line === map.key?.line) {
      // In braces on the line of its key.
      const edit = { line: first.line, column: first.column, endLine: first.line, endColumn: first.column };
      return { title: `Add ${line}`, edits: [{ ...edit, text: `${line}, ` }] };
    }
    const at1: IRange = { line: first.line, column: first.column, endLine: first.line, endColumn: first.column };
    return { title: `Add ${line}`, edits: [{ ...at1, text: `${line}\n${' '.repeat(first.column - 1)}` }] };
  }

  /** In the order of the text. */
  problems(): FdlProblem[] {
    return [...this._problems].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  private readonly _problems: FdlProblem[] = [];
}

/** A text as YAML writes it so that it stays a text. */
export function quote(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** `a, b and c` */
export function listing(items: readonly string[], word = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items[items.length - 1]}`;
}
