import type { PipelineParameter } from '../../contract';
import type { IPipeline } from '../model';
import { inWords, isRecord } from '../values';
import type { Findings } from './findings';
import { nearest } from '../../fdl/checks/suggest';
import { shorten } from './node';

const FITS: { [type in PipelineParameter['type']]: (value: unknown) => boolean } = {
  String: value => typeof value === 'string',
  Integer: Number.isInteger,
  Float: value => typeof value === 'number' && Number.isFinite(value),
  Bool: value => typeof value === 'boolean',
  List: value => Array.isArray(value) || (typeof value === 'string' && /^\s*\[.*\]\s*$/s.test(value)),
  Dict: value => isRecord(value) || (typeof value === 'string' && /^\s*\{.*\}\s*$/s.test(value))
};

const NAMES: { [type in PipelineParameter['type']]: string } = {
  String: 'a text',
  Integer: 'a whole number',
  Float: 'a number',
  Bool: 'true or false',
  List: 'a list',
  Dict: 'an object'
};

export function checkParameters({ nodes, parameters }: IPipeline, findings: Findings): void {
  const defined = new Map(parameters.map(parameter => [parameter.name, parameter]));
  const used = new Set<string>();
  for (const node of nodes) {
    for (const name of node.parameters) {
      used.add(name);
      if (!defined.has(name)) {
        const meant = nearest(name, defined.keys());
        findings.node(
          node,
          'undefined-parameter',
          `“${node.label}” uses the parameter ${shorten(name)}, which the pipeline does not define.${meant ? ` Is ${meant} meant?` : ' Define it in the parameters of the pipeline.'}`,
          'pipeline_parameters'
        );
      }
    }
  }
  parameters.forEach((parameter, index) => {
    const { name, type, value, required } = parameter;
    const find = (code: string, message: string, severity: 'error' | 'warning' | 'information') =>
      findings.pipeline(code, message, 'pipeline_parameters', severity, index);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      find(
        'bad-parameter',
        `${shorten(name)} cannot be the name of a parameter: letters, digits and _ only, and no digit first.`,
        'error'
      );
    }
    if (value !== undefined && !FITS[type](value)) {
      find(
        'bad-default',
        `The default of the parameter ${shorten(name)} is ${inWords(value, 40)}, but it is to be ${NAMES[type]}.`,
        'error'
      );
    }
    if (!used.has(name)) {
      find(
        'unused-parameter',
        `No node uses the parameter ${shorten(name)}. Choose it in a node that needs it, or remove it.`,
        'warning'
      );
    } else if (value === undefined && required) {
      find(
        'parameter-needs-value',
        `The parameter ${shorten(name)} is asked for at each run: it is required and has no default.`,
        'information'
      );
    }
  });
}
