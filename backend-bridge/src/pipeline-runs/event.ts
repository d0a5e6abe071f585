/**
 * The body that MinIO posts to a service when an object was made, as far as the manager and the supervisor read it. With it an
 * event that was lost, or that has to come again, is told once more.
 */
export function objectEvent(object: {
  bucket: string;
  key: string;
  size: number;
  etag: string;
  modified?: string;
}): string {
  const time = object.modified ?? new Date().toISOString();
  return JSON.stringify({
    EventName: 's3:ObjectCreated:Put',
    Key: `${object.bucket}/${object.key}`,
    Records: [
      {
        eventVersion: '2.0',
        eventSource: 'minio:s3',
        awsRegion: '',
        eventTime: time,
        eventName: 's3:ObjectCreated:Put',
        userIdentity: { principalId: '' },
        requestParameters: { principalId: '', region: '', sourceIPAddress: '' },
        responseElements: {},
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'Config',
          bucket: {
            name: object.bucket,
            ownerIdentity: { principalId: '' },
            arn: `arn:aws:s3:::${object.bucket}`
          },
          object: {
            key: encodeURIComponent(object.key),
            size: object.size,
            eTag: object.etag,
            contentType: 'application/octet-stream',
            sequencer: Date.now().toString(16).toUpperCase().padStart(16, '0')
          }
        },
        source: { host: '', port: '', userAgent: 'jupyterlab-oscar' }
      }
    ]
  });
}
