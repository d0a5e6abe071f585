import { eventually, SERVICE, start, temporaryFolder, testOptions } from './cluster';

describe('two clusters side by side', () => {
  it("one's output goes into the other's bucket, where it starts a job", async () => {
    const edge = await start(testOptions(temporaryFolder()));
    const cloud = await start(testOptions(temporaryFolder(), { strict: true }));
    try {
      await cloud.client.call('POST', '/system/services', {
        ...SERVICE,
        name: 'count',
        script: '#!/bin/sh\nwc -c < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/size.txt"\n',
        input: [{ storage_provider: 'minio', path: 'count/in' }],
        output: [{ storage_provider: 'minio', path: 'count/out' }]
      });
      const { s3 } = cloud.cluster;
      const created = await edge.client.call('POST', '/system/services', {
        ...SERVICE,
        name: 'double',
        script: '#!/bin/sh\ncat "$INPUT_FILE_PATH" "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/twice.txt"\n',
        input: [{ storage_provider: 'minio', path: 'double/in' }],
        output: [{ storage_provider: 'minio.cloud', path: 'count/in' }],
        storage_providers: {
          minio: {
            cloud: {
              endpoint: s3.endpoint,
              verify: false,
              access_key: s3.access_key,
              secret_key: s3.secret_key,
              region: s3.region
            }
          }
        }
      });
      expect([created.status, created.text]).toEqual([201, '']);
      const link = await edge.client.call('POST', '/system/buckets/double/presign', {
        object_key: 'in/x.txt',
        operation: 'upload'
      });
      await fetch(link.json<{ url: string }>().url, { method: 'PUT', body: '12345' });
      await eventually(async () => {
        const bucket = await cloud.client.call('GET', '/system/buckets/count');
        return bucket.text.includes('"out/size.txt"');
      }, 'the other cluster has worked');
      const result = await cloud.client.call('POST', '/system/buckets/count/presign', {
        object_key: 'out/size.txt',
        operation: 'download'
      });
      expect((await (await fetch(result.json<{ url: string }>().url)).text()).trim()).toBe('10');
      // Each knows its own only.
      expect((await edge.client.call('GET', '/system/services/count')).status).toBe(404);
      expect((await cloud.client.call('GET', '/system/services/double')).status).toBe(404);
    } finally {
      await edge.cluster.close();
      await cloud.cluster.close();
    }
  });
});
