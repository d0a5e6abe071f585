export { convertPipeline } from './convert';
export { CALL_SECRETS, type ICallPaths } from './call';
export { serviceNames, slug } from './names';
export { sha256 } from './sha256';
export { base64Lines, tar, tarGz, type ITarFile } from './tar';
