/** From a cell, a script or a notebook to a service: FDL, script, requirements. */
export { packService, modulesNeeded, SERVICE_NAME, type IPackOptions, type IPacked, type PackLanguage } from './pack';
export { PackProblem } from './problem';
export { scanPython } from './python-scan';
export { namesIn } from './requirements';
