export * from './store';
export * from './auth';
