/** The S3 client, loaded at the time of use: `require` instead of `import`, so that the bundle keeps it out of the start. */
/* eslint-disable @typescript-eslint/no-require-imports */
export type S3Sdk = typeof import('@aws-sdk/client-s3');

export const loadS3 = (): S3Sdk => require('@aws-sdk/client-s3') as S3Sdk;
export const loadUpload = (): typeof import('@aws-sdk/lib-storage') =>
  require('@aws-sdk/lib-storage') as typeof import('@aws-sdk/lib-storage');
/* eslint-enable @typescript-eslint/no-require-imports */

/** The clients of AWS would write to the console; what fails is thrown anyway. */
export const SILENT = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined
};
