export { killOrphans, LocalEngine, type ILocalEngineOptions } from './engine';
