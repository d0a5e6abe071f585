import type { FdlProblem } from '../contract';
import { readSections } from './sections';
import type { IFdlDocument, IParseOptions, IParseResult, IRange } from './types';
import { readUsual } from './usual';
import { readYaml, type ILimits, type IRead } from './yaml-reader';

/** Characters. Files with scripts inside are not FDL; real ones have a few kB. */
export const MAX_TEXT = 1_000_000;
/** `values` counts what aliases expand to: what stops an alias bomb. */
const LIMITS: ILimits = { values: 200_000, depth: 60 };
const MAX_PROBLEMS = 200;

/**
 * Reads an FDL file. Never throws, whatever the text: what cannot be read is a problem with its place, and the document
 * holds what could be read.
 */
export function parseFdl(text: string, options: IParseOptions = {}): IParseResult {
  const file = options.file ?? '';
  const problems: FdlProblem[] = [];
  const report = (code: string, range: IRange, message: string, severity: FdlProblem['severity'] = 'error') => {
    if (problems.length < MAX_PROBLEMS) {
      problems.push({ code, severity, file, ...range, message });
    }
  };
  const start: IRange = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  let read: IRead = { value: null, places: new Map() };
  if (text.length > MAX_TEXT) {
    report(
      'too-large',
      start,
      `The file has ${text.length} characters. An FDL file has at most ${MAX_TEXT}; scripts stay in files of their own.`
    );
  } else if (nesting(text) > MAX_NESTING) {
    report('too-deep', start, 'The file is nested too deeply to be an FDL file.');
  } else {
    read = readUsual(text, LIMITS) ?? readYaml(text, LIMITS, report);
  }
  const { value, places } = read;
  const document: IFdlDocument = {
    file,
    text,
    value,
    syntax: problems,
    places,
    ...readSections(
      value,
      places,
      problems.some(problem => problem.severity === 'error'),
      report
    )
  };
  return { document, problems };
}

const MAX_NESTING = 400;

/** A cheap bound of how deep the text nests, so that the parser's recursion stays small. */
function nesting(text: string): number {
  let open = 0;
  let deepest = 0;
  let dashes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      deepest = Math.max(deepest, ++open);
    } else if ((code === 0x5d || code === 0x7d) && open > 0) {
      open--;
    } else if (code === 0x0a) {
      dashes = 0;
    } else if ((code === 0x2d || code === 0x3f || code === 0x3a) && /\s/.test(text[i + 1] ?? '')) {
      deepest = Math.max(deepest, ++dashes);
    }
  }
  return deepest;
}
