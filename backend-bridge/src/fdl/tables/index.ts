/** The tables of all fields of FDL: checks, writer, schema, documentation, completion and hover go by them. */
export * from './field';
export { AWS_FIELDS, BATCH_FIELDS, EXECUTION_MODES, LAMBDA_FIELDS, RETENTION_DAYS } from './aws';
export { SERVICE_FIELDS } from './oscar';
export { MISNOMERS } from './misnomers';
export { CLUSTER_FIELDS, PROVIDER_DESCRIPTIONS, PROVIDER_FIELDS, TOP_DESCRIPTIONS, TOP_LEVEL } from './top';
