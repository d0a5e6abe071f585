import type { FdlProblem } from '../../contract';
import { checkAws } from './aws';
import { Reporter } from './reporter';
import { checkEntry } from './service';
import { checkGraph } from './graph';
import { checkTop } from './top';
import type { ICheckContext, IFdlDocument } from '../types';

/**
 * What is wrong or doubtful in a file that could be read, in the order of the text. The problems of the text itself are in
 * `document.syntax`.
 */
export function checkFdl(document: IFdlDocument, context: ICheckContext = {}): FdlProblem[] {
  const reporter = new Reporter(document);
  checkTop(document, context, reporter);
  for (const entry of document.oscar) {
    checkEntry(entry, document, context, reporter);
  }
  checkAws(document, context, reporter);
  checkGraph(document, context, reporter);
  return reporter.problems();
}
