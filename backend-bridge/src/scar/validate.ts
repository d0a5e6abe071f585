import type { FdlProblem } from '../contract';
import type { IFdlDocument } from '../fdl';
import type { IFunctionSpec, ITrigger } from './spec';

/** Reports problems of one item of `functions.aws`; `at` is a path below it. */
export function problemsOf(document: IFdlDocument, index: number, problems: FdlProblem[]) {
  return (code: string, at: string, message: string, severity: FdlProblem['severity'] = 'error'): void => {
    const parts = at === '' ? [] : at.split('/');
    // What is not written has no place: the nearest that is written stands for it.
    for (let length = parts.length; length >= 0; length--) {
      const place = document.places.get(['/functions/aws', String(index), ...parts.slice(0, length)].join('/'));
      if (place || length === 0) {
        const { line, column, endLine, endColumn } = (length === parts.length ? place?.value : place?.key) ??
          place?.value ?? { line: 1, column: 1, endLine: 1, endColumn: 1 };
        problems.push({ code, severity, file: document.file, line, column, endLine, endColumn, message });
        return;
      }
    }
  };
}

/** True when one object can match both: S3 refuses such configurations. */
export function collide(a: ITrigger, b: ITrigger): boolean {
  return (
    a.bucket === b.bucket &&
    (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) &&
    (a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix))
  );
}

/** Functions of one file that listen to one folder. */
export function overlaps(functions: IFunctionSpec[], document: IFdlDocument): FdlProblem[] {
  const problems: FdlProblem[] = [];
  const seen: { name: string; trigger: ITrigger }[] = [];
  for (const { name, triggers } of functions) {
    for (const trigger of triggers) {
      const other = seen.find(item => item.name !== name && collide(item.trigger, trigger));
      if (other) {
        const index = document.aws.findIndex(
          item => JSON.stringify(item)?.includes(`"name":${JSON.stringify(name)}`) === true
        );
        problemsOf(document, index, problems)(
          'aws-overlapping-trigger',
          'lambda/input',
          `S3 starts one function for a folder, and ${other.name} listens to ${trigger.bucket}/${other.trigger.prefix} already. Use another folder.`
        );
      }
      seen.push({ name, trigger });
    }
  }
  return problems;
}
