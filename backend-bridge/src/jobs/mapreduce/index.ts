export { createMapReducePlanner } from './planner';
export type { IPlaces } from './places';
