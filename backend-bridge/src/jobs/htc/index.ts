export { createHtcPlanner } from './planner';
export { withConfig } from './with-config';
