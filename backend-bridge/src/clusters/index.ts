export * from './interfaces';
export * from './facade';
export { OscarClient, isFinished } from './client';
export { ClusterRegistry } from './registry';
export { createClusters } from './clusters';
