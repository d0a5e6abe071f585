import type { PipelineParameter } from '../contract';
import type { JsonPath } from './json';
import type { IFinding } from './report';
import { inWords, isRecord, scalar, word } from './values';

const TYPES: { [name: string]: PipelineParameter['type'] } = {
  string: 'String',
  str: 'String',
  integer: 'Integer',
  int: 'Integer',
  number: 'Float',
  float: 'Float',
  double: 'Float',
  bool: 'Bool',
  boolean: 'Bool',
  list: 'List',
  dict: 'Dict'
};

/** Parameters of a pipeline; of two with one name the first counts. */
export function readParameters(
  value: unknown,
  at: JsonPath
): { parameters: PipelineParameter[]; findings: IFinding[] } {
  const parameters = new Map<string, PipelineParameter>();
  const findings: IFinding[] = [];
  (Array.isArray(value) ? value : []).forEach((item: unknown, index) => {
    const place = [...at, index];
    const name = isRecord(item) ? word(item.name) : word(item);
    if (name === undefined) {
      findings.push({
        code: 'bad-parameter',
        message: `A parameter of the pipeline has no name (${inWords(item, 40)}). Name it or remove it.`,
        property: 'pipeline_parameters',
        at: place
      });
      return;
    }
    if (parameters.has(name)) {
      findings.push({
        code: 'duplicate-parameter',
        message: `The parameter ${name} is defined twice; the first one counts. Remove the other.`,
        property: 'pipeline_parameters',
        at: place
      });
      return;
    }
    parameters.set(name, readParameter(name, isRecord(item) ? item : {}));
  });
  return { parameters: [...parameters.values()], findings };
}

function readParameter(name: string, item: { [key: string]: unknown }): PipelineParameter {
  const given = item.default_value;
  const typed = isRecord(given) ? given : { value: given };
  const value = item.value ?? typed.value;
  const kind = (scalar(typed.type) ?? scalar(item.type) ?? '').toLowerCase();
  const type = Object.hasOwn(TYPES, kind) ? TYPES[kind] : guess(value);
  const description = word(item.description);
  const none = value === undefined || value === null || (value === '' && type !== 'String');
  return {
    name,
    type,
    ...(description === undefined ? {} : { description }),
    ...(none ? {} : { value: converted(type, value) }),
    required: item.required === true
  };
}

function guess(value: unknown): PipelineParameter['type'] {
  return typeof value === 'boolean'
    ? 'Bool'
    : typeof value === 'number'
      ? Number.isInteger(value)
        ? 'Integer'
        : 'Float'
      : Array.isArray(value)
        ? 'List'
        : isRecord(value)
          ? 'Dict'
          : 'String';
}

/** Numbers and truth values that were written as text; what cannot be read stays, so that the check can name it. */
function converted(type: PipelineParameter['type'], value: unknown): unknown {
  if (typeof value === 'string') {
    const text = value.trim();
    if ((type === 'Integer' || type === 'Float') && text !== '' && Number.isFinite(Number(text))) {
      return Number(text);
    }
    if (type === 'Bool' && /^(?:true|false)$/i.test(text)) {
      return text.toLowerCase() === 'true';
    }
  }
  return type === 'String' ? (scalar(value) ?? inWords(value, 10_000)) : value;
}
