import { baseName, isRecord, scalar, type JsonRecord } from './values';

/** Names of Elyra's example components before version 5, and what they became. */
const RENAMED: { [op: string]: string } = {
  'run-notebook-using-papermill': 'run_notebook_using_papermill_Runnotebookusingpapermill',
  'filter-text': 'filter_text_using_shell_and_grep_Filtertext',
  'bash-operator_BashOperator': 'bash_operator_BashOperator',
  'email-operator_EmailOperator': 'email_operator_EmailOperator',
  'http-operator_SimpleHttpOperator': 'http_operator_SimpleHttpOperator',
  'spark-sql-operator_SparkSqlOperator': 'spark_sql_operator_SparkSqlOperator',
  'spark-submit-operator_SparkSubmitOperator': 'spark_submit_operator_SparkSubmitOperator',
  'slack-operator_SlackAPIPostOperator': 'slack_operator_SlackAPIPostOperator'
};

const KFP = 'elyra-kfp-examples-catalog';
const AIRFLOW = 'elyra-airflow-examples-catalog';

/** Since version 6 components are named by their catalog and a hash. */
const CATALOGUED: { [op: string]: string } = {
  run_notebook_using_papermill_Runnotebookusingpapermill: `${KFP}:61e6f4141f65`,
  filter_text_using_shell_and_grep_Filtertext: `${KFP}:737915b826e9`,
  component_Downloaddata: `${KFP}:a08014f9252f`,
  component_Calculatedatahash: `${KFP}:d68ec7fcdf46`,
  bash_operator_BashOperator: `${AIRFLOW}:3a55d015ea96`,
  email_operator_EmailOperator: `${AIRFLOW}:a043648d3897`,
  http_operator_SimpleHttpOperator: `${AIRFLOW}:b94cd49692e2`,
  spark_sql_operator_SparkSqlOperator: `${AIRFLOW}:3b639742748f`,
  spark_submit_operator_SparkSubmitOperator: `${AIRFLOW}:b29c25ec8bd6`,
  slack_operator_SlackAPIPostOperator: `${AIRFLOW}:16a204f716a2`
};

/** File names that changed when the examples moved into catalogs. */
const REFERENCES: { [op: string]: string } = {
  [`${KFP}:a08014f9252f`]: 'download_data.yaml',
  [`${KFP}:d68ec7fcdf46`]: 'calculate_hash.yaml'
};

/** Properties of the KFP examples that may be a text or the output of another node; the Airflow ones are so altogether. */
const KFP_CHOICES = new Set([
  'hash_algorithm',
  'url',
  'curl_options',
  'pattern',
  'parameters',
  'packages_to_install',
  'input_data'
]);

const WIDGETS: { [control: string]: string } = {
  BooleanControl: 'boolean',
  NumberControl: 'number',
  NestedEnumControl: 'inputpath',
  StringControl: 'string'
};

/** The newest name of a component's op; the same text when it is not an old one. */
export function currentOp(op: string): string {
  const renamed = Object.hasOwn(RENAMED, op) ? RENAMED[op] : op;
  return Object.hasOwn(CATALOGUED, renamed) ? CATALOGUED[renamed] : renamed;
}

/** Version 6 writes the source of a component as JSON in a text. */
export function currentSource(op: string, source: unknown): string {
  const name = baseName(scalar(source) ?? '');
  return JSON.stringify({
    catalog_type: op.split(':')[0],
    component_ref: { 'component-id': name === 'component.yaml' ? (REFERENCES[op] ?? name) : name }
  });
}

/** What `{activeControl, …}` and `{option, value}` became; undefined when the value is not of these shapes. */
export function currentValue(value: unknown): JsonRecord | undefined {
  if (!isRecord(value) || 'widget' in value) {
    return undefined;
  }
  const control = value.activeControl;
  if (typeof control === 'string' && control !== '') {
    const widget = Object.hasOwn(WIDGETS, control) ? WIDGETS[control] : control.replace(/Control$/, '').toLowerCase();
    return { widget, value: value[control] ?? '' };
  }
  const keys = Object.keys(value);
  return 'option' in value && 'value' in value && keys.every(key => ['option', 'value', 'label'].includes(key))
    ? { widget: 'inputpath', value }
    : undefined;
}

/** A plain value of one of the examples' properties that had a choice before version 7. */
export function wrapped(op: string, property: string, value: unknown): JsonRecord | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return undefined;
  }
  const known = Object.values(CATALOGUED).includes(op);
  return known && (op.startsWith(AIRFLOW) || KFP_CHOICES.has(property)) ? { widget: typeof value, value } : undefined;
}
