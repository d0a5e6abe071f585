import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ADMIN, startEndpoint, type IEndpoint } from './endpoint';
import { KEYS } from './keys';

const PYTHON = process.env.OSCAR_TEST_PYTHON ?? resolve(__dirname, '../../../.venv/bin/python');
const hasBoto = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import boto3']).status === 0;
const curl = spawnSync('curl', ['--help', 'all']).stdout?.toString().includes('--aws-sigv4') === true;

if (!hasBoto) {
  console.warn(`SKIPPED: boto3 against the S3 endpoint, ${PYTHON} has no boto3.`);
}
if (!curl) {
  console.warn('SKIPPED: curl --aws-sigv4 against the S3 endpoint, there is no such curl.');
}

let endpoint: IEndpoint;

beforeAll(async () => {
  endpoint = await startEndpoint();
});

afterAll(() => endpoint.close());

(hasBoto ? describe : describe.skip)('boto3 (skipped without the .venv)', () => {
  it('finds a server it can work with', async () => {
    const seen = await drive();
    expect(seen).toMatchObject({ v1: true, v2: true, read: [], copied: [], links: [], left: 0 });
    expect(seen).toMatchObject({ large_supported: true, large_required: true });
    expect(seen.form).toBe(204);
    expect(seen.form_read).toEqual([true, 'text/plain', { who: 'me' }]);
    expect(seen.form_too_large).toEqual([400, 'EntityTooLarge']);
    expect(seen.form_too_small).toEqual([400, 'EntityTooSmall']);
    expect(seen.form_extra).toEqual([403, 'AccessDenied']);
    expect(seen.form_other_key).toEqual([403, 'AccessDenied']);
    expect(seen.form_tampered).toEqual([403, 'SignatureDoesNotMatch']);
    expect(seen.ranges).toEqual([
      [206, '234', 'bytes 2-4/10'],
      [206, '56789', 'bytes 5-9/10'],
      [206, '789', 'bytes 7-9/10'],
      [206, '0123456789', 'bytes 0-9/10'],
      [416, 'InvalidRange'],
      [200, '0123456789', null],
      [200, '0123456789', null]
    ]);
    expect(seen.conditions).toEqual([
      [200, '0123456789', null],
      [412, 'PreconditionFailed'],
      [304, '304'],
      [200, '0123456789', null],
      [200, '0123456789', null],
      [412, 'PreconditionFailed'],
      [304, '304']
    ]);
    expect(seen.unset).toEqual({
      get_bucket_cors: [404, 'NoSuchCORSConfiguration'],
      get_bucket_encryption: [404, 'ServerSideEncryptionConfigurationNotFoundError'],
      get_bucket_lifecycle_configuration: [404, 'NoSuchLifecycleConfiguration'],
      get_bucket_policy: [404, 'NoSuchBucketPolicy'],
      get_bucket_replication: [404, 'ReplicationConfigurationNotFoundError'],
      get_bucket_tagging: [404, 'NoSuchTagSet'],
      get_bucket_website: [404, 'NoSuchWebsiteConfiguration'],
      get_object_lock_configuration: [404, 'ObjectLockConfigurationNotFoundError'],
      get_bucket_versioning: [],
      get_bucket_acl: ['Grants', 'Owner'],
      get_bucket_logging: [],
      get_bucket_request_payment: ['Payer'],
      get_bucket_accelerate_configuration: []
    });
    expect(endpoint.lines).toEqual([]);
  });
});

(curl ? describe : describe.skip)('curl --aws-sigv4 (skipped without curl)', () => {
  it('puts and gets', async () => {
    await endpoint.store.createBucket('curl');
    const put = await runCurl(
      '-T',
      join(__dirname, 'keys.ts'),
      '-H',
      'x-amz-meta-who: me',
      `${endpoint.url}/curl/a%20b%2B%C3%B1.txt`
    );
    expect(put).toBe('200');
    expect(endpoint.store.head('curl', 'a b+ñ.txt')?.metadata).toEqual({ who: 'me' });
    expect(await runCurl('-X', 'DELETE', `${endpoint.url}/curl/a%20b%2B%C3%B1.txt`)).toBe('204');
  });
});

function drive(): Promise<Record<string, unknown>> {
  return new Promise((done, fail) => {
    const child = spawn(PYTHON, [join(__dirname, 'peers', 'drive.py'), endpoint.url], {
      stdio: ['pipe', 'pipe', 'pipe']
    });
    let out = '';
    let problems = '';
    child.stdout.on('data', chunk => (out += chunk));
    child.stderr.on('data', chunk => (problems += chunk));
    child.on('close', code => {
      if (code === 0) {
        done(JSON.parse(out) as Record<string, unknown>);
      } else {
        fail(new Error(`boto3 ended with ${code}: ${problems}`));
      }
    });
    child.stdin.end(JSON.stringify({ access_key: ADMIN.accessKey, secret_key: ADMIN.secretKey, keys: KEYS }));
  });
}

function runCurl(...args: string[]): Promise<string> {
  const all = [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '--aws-sigv4',
    'aws:amz:us-east-1:s3',
    '-K',
    '-',
    ...args
  ];
  return new Promise((done, fail) => {
    const child = execFile('curl', all, (error, stdout) => (error === null ? done(stdout) : fail(error)));
    child.stdin?.end(`user = "${ADMIN.accessKey}:${ADMIN.secretKey}"\n`);
  });
}
