import { PackProblem } from './problem';
import { scanPython, type IPythonImport } from './python-scan';
import { readMagic } from './requirements';

export interface IReadNotebook {
  /** The notebook that runs in the service: without outputs, without what only makes sense here. JSON. */
  text: string;
  imports: IPythonImport[];
  installs: string[];
  notes: string[];
}

interface ICell {
  cell_type?: unknown;
  source?: unknown;
  metadata?: { tags?: unknown };
  [key: string]: unknown;
}

const sourceOf = (cell: ICell): string =>
  Array.isArray(cell.source) ? cell.source.join('') : typeof cell.source === 'string' ? cell.source : '';

/** Reads a notebook of Python. @throws PackProblem */
export function readNotebook(text: string): IReadNotebook {
  const notebook = parse(text);
  const notes: string[] = [];
  const imports: IPythonImport[] = [];
  const installs: string[] = [];
  const cells: ICell[] = [];
  (notebook.cells as ICell[]).forEach((cell, index) => {
    if (cell.cell_type !== 'code') {
      cells.push(cell);
      return;
    }
    const read = readCell(sourceOf(cell), index + 1, notes);
    if (read === undefined) {
      return;
    }
    imports.push(...read.imports);
    installs.push(...read.installs);
    cells.push({ ...cell, source: read.source, outputs: [], execution_count: null });
  });
  if (!cells.some(cell => cell.cell_type === 'code' && sourceOf(cell).trim() !== '')) {
    throw new PackProblem('The notebook has no code that could run in a service.');
  }
  return { text: JSON.stringify({ ...notebook, cells }), imports, installs, notes };
}

function parse(text: string): { cells: unknown[]; [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new PackProblem(`The notebook is not JSON: ${(error as Error).message}.`);
  }
  const notebook = value as { cells?: unknown; nbformat?: unknown; metadata?: Record<string, unknown> } | null;
  if (typeof notebook !== 'object' || notebook === null || !Array.isArray(notebook.cells)) {
    throw new PackProblem(
      typeof notebook?.nbformat === 'number' && notebook.nbformat < 4
        ? `The notebook has the old format ${notebook.nbformat}. Open and save it in JupyterLab.`
        : 'The file is no notebook: it has no cells.'
    );
  }
  const kernel = notebook.metadata?.['kernelspec'] as { language?: unknown; name?: unknown } | undefined;
  const info = notebook.metadata?.['language_info'] as { name?: unknown } | undefined;
  const language = info?.name ?? kernel?.language ?? 'python';
  if (typeof language === 'string' && language.toLowerCase() !== 'python') {
    throw new PackProblem(`The notebook is written in ${language}; only Python notebooks become services.`);
  }
  return notebook as { cells: unknown[] };
}

function readCell(
  source: string,
  number: number,
  notes: string[]
): { source: string; imports: IPythonImport[]; installs: string[] } | undefined {
  const first = /^\s*%%(\w+)/.exec(source)?.[1];
  if (first === 'oscar') {
    notes.push(`Cell ${number} is left out: it makes services itself.`);
    return undefined;
  }
  if (first !== undefined) {
    // Of another language, or timed: the kernel of the service knows what to do with it.
    return { source, imports: [], installs: [] };
  }
  const scan = scanPython(source);
  const lines = source.split('\n');
  const installs: string[] = [];
  for (const magic of scan.magics) {
    if (/^%oscar\b|^%load_ext\s+jupyterlab_oscar\b|=\s*%oscar\b/.test(magic.text)) {
      notes.push(
        `Line ${magic.line} of cell ${number} is left out: ${magic.text.split(/\s+/).slice(0, 2).join(' ')} works here only.`
      );
    } else if (/^[%!].*\bpip3?\s+install\b/s.test(magic.text)) {
      const { requirements, problem } = readMagic(magic);
      if (problem) {
        throw new PackProblem(`Cell ${number}: ${problem.message}`, problem.line);
      }
      installs.push(...requirements);
    } else {
      continue;
    }
    silence(lines, magic.line, magic.endLine);
  }
  return { source: lines.join('\n'), imports: scan.imports, installs };
}

/** Takes lines out without moving the others. */
export function silence(lines: string[], from: number, to: number): void {
  for (let line = from; line <= to; line++) {
    const indent = /^\s*/.exec(lines[line - 1])?.[0] ?? '';
    lines[line - 1] = `${indent}${line === from ? 'pass  ' : ''}# ${lines[line - 1].trim().replace(/\\$/, '')}`;
  }
}
