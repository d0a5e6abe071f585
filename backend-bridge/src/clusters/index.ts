export * from './interfaces';
export * from './facade';
export { OscarClient, isFinished, type IClusterChange } from './client';
export { ClusterConnection, ClusterRegistry } from './registry';
export { createClusters } from './clusters';
