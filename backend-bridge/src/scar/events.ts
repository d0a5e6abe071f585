/** An event as S3 sends it, for an object that is there already: full, and new for each. */
export function objectEvent(region: string, bucket: string, key: string, facts: { size?: number; etag?: string } = {}) {
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: region,
        // The supervisor breaks off without it.
        eventTime: new Date().toISOString(),
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: 'jupyterlab-oscar' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'scar-process',
          bucket: { name: bucket, ownerIdentity: { principalId: 'jupyterlab-oscar' }, arn: `arn:aws:s3:::${bucket}` },
          object: {
            key: encodeKey(key),
            ...(facts.size === undefined ? {} : { size: facts.size }),
            ...(facts.etag === undefined ? {} : { eTag: facts.etag }),
            sequencer: '0'
          }
        }
      }
    ]
  };
}

/** Keys travel percent-encoded with `+` for spaces. */
function encodeKey(key: string): string {
  return key
    .split('/')
    .map(part => encodeURIComponent(part).replace(/%20/g, '+'))
    .join('/');
}
