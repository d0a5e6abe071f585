import { rmSync } from 'node:fs';
import type { IJobs } from '../../src/local-cluster/interfaces';
import { createJobs } from '../../src/local-cluster/runtime';
import { ObjectServer } from './object-server';
import { place, service, storageEvent, until } from './support';

let at: ReturnType<typeof place>;
let jobs: IJobs;
let other: ObjectServer;
let endpoint: string;

beforeEach(async () => {
  other = new ObjectServer();
  endpoint = await other.open();
  at = place();
  await at.store.createBucket('own');
  jobs = createJobs(at.options);
});

afterEach(async () => {
  await jobs.close();
  other.close();
  rmSync(at.data, { recursive: true, force: true });
});

const WRITE = 'echo result > "$TMP_OUTPUT_DIR/r.txt"';

async function once(definition: ReturnType<typeof service>, body = '{}'): ReturnType<typeof until> {
  at.services.set(definition.name, definition);
  return until(jobs, jobs.submit(definition, body).name);
}

test('outputs go to another MinIO, to S3 and to the own store at once', async () => {
  const job = await once(
    service('spread', WRITE, {
      output: ['minio.far', 's3.results', 'minio.near', 'minio'].map(storage_provider => ({
        storage_provider,
        path: 'own/out'
      })),
      environment: { variables: { AWS_ENDPOINT_URL_S3: `${endpoint}/aws` }, secrets: {} },
      storage_providers: {
        minio: {
          far: { endpoint, verify: false, access_key: 'a', secret_key: 's', region: '' },
          near: {
            endpoint: `${at.options.storage().endpoint}/`,
            verify: true,
            access_key: 'a',
            secret_key: 's',
            region: ''
          }
        },
        s3: { results: { access_key: 'a', secret_key: 's', region: 'us-east-1' } }
      }
    })
  );
  expect(job).toMatchObject({ status: 'Succeeded' });
  expect([...other.objects].map(([key, value]) => [key, value.toString()])).toEqual([
    ['own/out/r.txt', 'result\n'],
    ['aws/own/out/r.txt', 'result\n']
  ]);
  expect(at.store.text('own', 'out/r.txt')).toBe('result\n');
  expect(at.store.types.get('own/out/r.txt')).toBe('text/plain');
});

test('a storage that cannot be reached fails the job and says so', async () => {
  other.close();
  const job = await once(
    service('away', WRITE, {
      output: [{ storage_provider: 'minio.far', path: 'own/out' }],
      storage_providers: { minio: { far: { endpoint, verify: false, access_key: 'a', secret_key: 's', region: '' } } }
    })
  );
  expect(job).toMatchObject({ status: 'Failed', reason: expect.stringContaining('ECONNREFUSED') });
});

test('a delegated event is fetched from the cluster it came from', async () => {
  other.objects.set('there/in/x.txt', Buffer.from('far'));
  const job = await once(
    service('worker', 'cat "$INPUT_FILE_PATH"', {
      storage_providers: {
        minio: { origin: { endpoint, verify: false, access_key: 'a', secret_key: 's', region: '' } }
      }
    }),
    JSON.stringify({ storage_provider: 'minio.origin', event: storageEvent('there', 'in/x.txt') })
  );
  expect(job.status).toBe('Succeeded');
  expect(await jobs.log(job.name)).toContain('\nfar');
});

test('with isolation level USER outputs go to the bucket of the user', async () => {
  await at.store.createBucket('own-user');
  await at.store.put('own-user', 'in/x', Buffer.from('x'));
  const job = await once(
    service('isolated', WRITE, {
      isolation_level: 'USER',
      bucket_list: ['own-user'],
      output: [{ storage_provider: 'minio', path: 'own/out' }]
    }),
    storageEvent('own-user', 'in/x')
  );
  expect(job.outputs).toEqual([{ bucket: 'own-user', key: 'out/r.txt', size: 7 }]);
});

test('raw bytes and plain text are inputs, too', async () => {
  const shows = service('shows', 'od -An -tx1 "$INPUT_FILE_PATH"');
  at.services.set('shows', shows);
  expect((await jobs.run(shows, Buffer.from([0xff, 0x00, 0x10]))).body.toString()).toBe(' ff 00 10\n\n');
  expect((await jobs.run(shows, Buffer.from('hello'))).body.toString()).toBe(' 68 65 6c 6c 6f\n\n');
  expect((await jobs.run(shows, Buffer.from('[1]'))).body.toString()).toBe(' 5b 31 5d\n\n');
});

test('a folder that is made in the bucket runs nothing', async () => {
  const job = await once(service('folder', 'echo ran'), storageEvent('own', 'in/new/'));
  expect(job.status).toBe('Succeeded');
  expect(await jobs.log(job.name)).not.toContain('ran');
});

test('an event too large for a variable is still an input', async () => {
  const large = service('large', 'wc -c < "$INPUT_FILE_PATH"; echo "event=${#EVENT}"');
  at.services.set('large', large);
  const job = await until(jobs, jobs.submit(large, Buffer.from(Buffer.alloc(300000, 1).toString('base64'))).name);
  expect(job.status).toBe('Succeeded');
  expect(await jobs.log(job.name)).toMatch(/\n300000\nevent=0\n/);
});
