export * from './interfaces';
export * from './facade';
