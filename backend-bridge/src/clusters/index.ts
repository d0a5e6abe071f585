export * from './interfaces';
export * from './facade';
export { OscarClient, isFinished, type IClusterChange } from './client';
export { ClusterConnection } from './connection';
export { ClusterRegistry } from './registry';
export { createClusters } from './clusters';
