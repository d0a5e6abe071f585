import { asMap, asText, isMap, join } from '../../pointer';
import { parseQuantity } from '../../quantity';
import type { IAwsCheck, IAwsEntry } from './index';

/** Keys that only a function has: an item with one of them lacks its `lambda`. */
const LAMBDA_KEYS = ['name', 'image', 'init_script', 'memory', 'timeout', 'container', 'input', 'output'];

/** Forms of older versions of SCAR. True when nothing else can be said about the entry. */
export function checkLegacy(entry: IAwsEntry, { reporter, document }: IAwsCheck): boolean {
  const { item, lambda, pointer, at } = entry;
  if (item.lambda === undefined && LAMBDA_KEYS.some(key => item[key] !== undefined)) {
    const key = document.places.get(join(pointer, Object.keys(item)[0]))?.key;
    reporter.add({
      code: 'missing-lambda',
      at: pointer,
      on: 'key',
      message: 'The key lambda is missing. Write "- lambda:" and put the fields of the function below it, indented.',
      ...(key && key.line > 0 && Object.keys(item).length === 1
        ? {
            fix: {
              title: 'Add lambda:',
              edits: [
                { ...key, endLine: key.line, endColumn: key.column, text: `lambda:\n${' '.repeat(key.column + 1)}` }
              ]
            }
          }
        : {})
    });
    return true;
  }
  const image = document.places.get(join(at, 'image'));
  if (lambda.image !== undefined && image?.key) {
    const free = lambda.container === undefined && !isMap(lambda.image);
    reporter.add({
      code: 'legacy-image',
      at: join(at, 'image'),
      on: 'key',
      message: 'Since SCAR 4 image stands below container. Write container: with image: below it.',
      ...(free && image.key.line === image.value.line
        ? {
            fix: {
              title: 'Put it below container',
              edits: [
                {
                  line: image.key.line,
                  column: image.key.column,
                  endLine: image.key.line,
                  endColumn: image.key.endColumn,
                  text: `container:\n${' '.repeat(image.key.column + 1)}image`
                }
              ]
            }
          }
        : {})
    });
  }
  const environment = asMap(lambda.environment);
  if (environment.variables !== undefined && environment.Variables === undefined) {
    reporter.add({
      code: 'aws-variables',
      at: join(at, 'environment', 'variables'),
      on: 'key',
      message: 'For AWS the word is Variables, with a capital.',
      fix: reporter.rename(join(at, 'environment', 'variables'), 'Variables')
    });
  }
  checkMemory(entry, { reporter });
  return false;
}

/** Memory of Lambda is a number of MB; the form of OSCAR is a quantity. */
function checkMemory({ lambda, at }: IAwsEntry, { reporter }: Pick<IAwsCheck, 'reporter'>): void {
  const { memory } = lambda;
  const place = join(at, 'memory');
  if (memory === undefined || memory === null) {
    return;
  }
  if (typeof memory === 'number' && Number.isInteger(memory)) {
    if (memory < 128 || memory > 10240) {
      reporter.error(
        'aws-memory',
        place,
        'Lambda has 128 to 10,240 MB of memory.',
        reporter.replace(place, memory < 128 ? '128' : '10240')
      );
    } else if (memory > 3008) {
      reporter.add({
        code: 'aws-memory-quota',
        at: place,
        severity: 'information',
        message: 'New accounts of AWS have at most 3,008 MB for a function until they ask for more.'
      });
    }
    return;
  }
  const amount = typeof memory === 'number' ? memory : parseQuantity(asText(memory));
  const megabytes =
    amount === undefined || !Number.isFinite(amount)
      ? undefined
      : Math.min(10240, Math.max(128, Math.round(amount >= 1e6 ? amount / 2 ** 20 : amount)));
  reporter.error(
    'aws-memory',
    place,
    `memory is a whole number of MB here.${megabytes === undefined ? ' Write 1024.' : ` Write ${megabytes}.`}`,
    megabytes === undefined || typeof memory === 'object' ? undefined : reporter.replace(place, String(megabytes))
  );
}
