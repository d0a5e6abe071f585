export * from './interfaces';
export { createScar } from './scar';
