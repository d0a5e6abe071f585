/** The tables of all fields of FDL: checks, writer, schema, documentation, completion and hover go by them. */
export * from './field';
export { SERVICE_FIELDS } from './oscar';
export { MISNOMERS } from './misnomers';
export { CLUSTER_FIELDS, PROVIDER_FIELDS, TOP_LEVEL } from './top';
