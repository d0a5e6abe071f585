export { createHtcPlanner } from './planner';
