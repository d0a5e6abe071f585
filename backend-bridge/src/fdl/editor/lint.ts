import { checkFdl } from '../checks';
import { parseFdl } from '../parse';
import type { ICheckContext } from '../types';
import type { ILinted } from './types';

/** Reads and checks a text in one go. */
export function lint(text: string, options: ICheckContext & { file?: string } = {}): ILinted {
  const { document, problems } = parseFdl(text, { file: options.file });
  return {
    document,
    problems: [...problems, ...checkFdl(document, options)].sort((a, b) => a.line - b.line || a.column - b.column)
  };
}
