export * from './interfaces';
export * from './facade';
export { OscarClient, type IClusterChange } from './client';
export { isFinished } from './job-calls';
export { ClusterConnection } from './connection';
export { ClusterRegistry } from './registry';
export { createClusters } from './clusters';
