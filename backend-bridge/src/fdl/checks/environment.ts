import { asMap, isMap, join, without } from '../pointer';
import { looksSecret } from '../redact';
import { SERVICE_FIELDS } from '../tables';
import { LINKS_VARIABLE, type IFdlDocument, type IFdlEntry } from '../types';
import type { IDialect } from '../version';
import { checkFields } from './fields';
import type { Reporter } from './reporter';
import { isPlaceholder } from './top';

export type VariableGroup = 'variables' | 'secrets' | 'aws';

/** Variables that the cluster sets for every job. */
const RESERVED = [
  'INPUT_FILE_PATH',
  'TMP_INPUT_DIR',
  'TMP_OUTPUT_DIR',
  'EVENT',
  'STORAGE_OBJECT_KEY',
  'EVENT_TIME',
  'JOB_UUID',
  'RESOURCE_ID',
  'OSCAR_SERVICE_NAME',
  'OSCAR_SERVICE_TOKEN',
  'OSCAR_SERVICE_BASE_PATH',
  'OSCAR_EPILOGUE',
  LINKS_VARIABLE
];

/** Variables and secrets of a service. */
export function checkEnvironment(
  entry: IFdlEntry,
  document: IFdlDocument,
  dialect: IDialect,
  reporter: Reporter
): void {
  const environment = entry.service.environment;
  const at = join(entry.pointer, 'environment');
  if (environment === undefined || environment === null) {
    return;
  }
  if (!isMap(environment)) {
    reporter.error('wrong-type', at, 'environment has to be a mapping with variables and secrets.');
    return;
  }
  const bare = without(environment, 'Variables');
  checkFields(bare, SERVICE_FIELDS.environment.fields ?? {}, at, { document, reporter, dialect }, 'environment');
  if (environment.Variables !== undefined) {
    const place = join(at, 'Variables');
    if (dialect.lowerVariables) {
      reporter.add({
        code: 'old-variables',
        at: place,
        on: 'key',
        severity: 'warning',
        message: 'Since OSCAR 3.4 it is variables, in lower case. It is translated when it is deployed.',
        fix: environment.variables === undefined ? reporter.rename(place, 'variables') : undefined
      });
    }
  }
  for (const group of ['variables', 'Variables', 'secrets']) {
    const values = asMap(environment[group]);
    for (const name of Object.keys(values)) {
      checkVariable(name, values[name], join(at, group, name), group === 'secrets' ? 'secrets' : 'variables', reporter);
    }
  }
}

/** The name and the value of one variable. */
export function checkVariable(
  name: string,
  value: unknown,
  at: string,
  group: VariableGroup,
  reporter: Reporter
): void {
  const secret = group === 'secrets';
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    reporter.add({
      code: 'bad-variable-name',
      at,
      on: 'key',
      severity: secret && !/^[-._a-zA-Z0-9]+$/.test(name) ? 'error' : 'warning',
      message: `${name} cannot be used in a script: a name has letters, digits and _, and does not begin with a digit.`
    });
  } else if (group === 'aws' ? /^(AWS_LAMBDA_|AWS_REGION$|_HANDLER$|FDL$)/.test(name) : RESERVED.includes(name)) {
    reporter.add({
      code: 'reserved-variable',
      at,
      on: 'key',
      severity: 'warning',
      message: `${name} is set by ${group === 'aws' ? 'AWS' : 'the cluster'} or when it is deployed; this value is lost. Choose another name.`
    });
  }
  const text = typeof value === 'string' ? value : '';
  if (secret && !isPlaceholder(text)) {
    reporter.warning(
      'secret-in-plain-text',
      at,
      'A secret stands here in plain text. Do not share or commit this file.'
    );
  } else if (!secret && looksSecret(name) && !isPlaceholder(text)) {
    reporter.warning(
      'variable-looks-secret',
      at,
      group === 'aws'
        ? `${name} looks like a secret, and everybody who may read the function sees its variables. Keep it in AWS Secrets Manager, or give the function's role the right it needs.`
        : `${name} looks like a secret, and variables can be read by everybody who may read the service. Move it to environment.secrets.`
    );
  }
}
