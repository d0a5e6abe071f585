import type { PipelineParameter } from '../contract';
import { BridgeError } from '../http';

/**
 * Values of a run: what was given, checked against what the pipeline declares, over its defaults. Texts, as a command line has
 * them, are read as the type that is declared.
 *
 * @throws BridgeError `invalid` that names the parameter
 */
export function readParameters(
  declared: PipelineParameter[],
  given: Record<string, unknown> = {}
): Record<string, unknown> {
  const unknown = Object.keys(given).filter(name => !declared.some(parameter => parameter.name === name));
  if (unknown.length > 0) {
    throw refuse(
      `The pipeline has no parameter ${unknown.join(', ')}.`,
      declared.length > 0
        ? `It has ${declared.map(parameter => parameter.name).join(', ')}.`
        : 'Run it without parameters, or declare them in its properties.'
    );
  }
  const values: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const parameter of declared) {
    const value = parameter.name in given ? given[parameter.name] : parameter.value;
    if (value !== undefined && value !== null) {
      values[parameter.name] = typed(parameter, value);
    } else if (parameter.required) {
      missing.push(parameter.name);
    }
  }
  if (missing.length > 0) {
    throw refuse(
      `${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no value.`,
      'Give each required parameter a value.'
    );
  }
  return values;
}

function typed(parameter: PipelineParameter, value: unknown): unknown {
  const { name, type } = parameter;
  const wrong = (): BridgeError =>
    refuse(
      `The parameter ${name} is a ${WORDS[type]}; ${JSON.stringify(value)?.slice(0, 80)} is none.`,
      'Correct its value.'
    );
  switch (type) {
    case 'String':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'Integer':
    case 'Float': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number) || (type === 'Integer' && !Number.isInteger(number))) {
        throw wrong();
      }
      return number;
    }
    case 'Bool': {
      const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
      if (text === true || text === 'true') {
        return true;
      }
      if (text === false || text === 'false') {
        return false;
      }
      throw wrong();
    }
    case 'List':
    case 'Dict': {
      const read = typeof value === 'string' ? parsed(value) : value;
      const fits = type === 'List' ? Array.isArray(read) : isMap(read);
      if (!fits) {
        throw wrong();
      }
      return read;
    }
  }
}

const WORDS: Record<PipelineParameter['type'], string> = {
  String: 'text',
  Integer: 'whole number',
  Float: 'number',
  Bool: 'truth value (true or false)',
  List: 'list (JSON)',
  Dict: 'mapping (JSON)'
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Said by the caller, in its own words.
    return undefined;
  }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(detail: string, action: string): BridgeError {
  return new BridgeError({ type: 'invalid', title: 'Parameters', status: 400, detail, action });
}
