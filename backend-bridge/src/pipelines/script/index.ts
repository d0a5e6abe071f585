/** Scripts of services that pipelines become: sh around one Python program. */
export { RUNNER } from './runner';
export { writeScript, type IScriptOptions } from './write-script';
export type { INodeConfig } from './node-config';
