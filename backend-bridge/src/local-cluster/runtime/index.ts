/**
 * What runs services on this machine: jobs and synchronous calls (`createJobs`), exposed services (`createDeployments`), and
 * the Python environments of both. Give both factories the same options object, so that they share the machine.
 */
export { createDeployments } from './deployments';
export { createJobs } from './jobs';
export {
  environmentKey,
  findEnvironment,
  prepareEnvironment,
  type IEnvironment,
  type IEnvironmentProgress
} from './environments';
export { defaultCapacity, machineCapacity, type ICapacity } from './capacity';
export type { IRuntimeOptions, IRuntimeSettings } from './options';
