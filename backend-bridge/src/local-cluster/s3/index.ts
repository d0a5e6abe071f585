/** The object store and its S3 endpoint. */
export { createS3Handler, createS3Server, type IS3Options } from './handler';
export { StoreError } from './errors';
export { checkBucketName, checkKey } from './keys';
export { ObjectStore, type IStoreOptions } from './store';
