import type { Contents } from '@jupyterlab/services';

import type { IBridgeClient } from '../../bridge/client';
import { BridgeError } from '../../bridge/errors';
import { bucketFile, inBucket, serverPath } from '../files';

const contents = { localPath: (path: string) => path.replace(/^[^/:]*:/, '') } as Contents.IManager;

describe('paths of JupyterLab', () => {
  it.each([
    ['a.yaml', false],
    ['RTC:a.yaml', false],
    ['my buckets:a.yaml', false],
    ['data/buckets:a.yaml', false],
    ['buckets:local/results/a.yaml', true]
  ])('%s: in a bucket is %s', (path, expected) => {
    expect(inBucket(path)).toBe(expected);
  });

  it('lose the drive that the server does not know', () => {
    expect(serverPath(contents, 'RTC:data/a.yaml')).toBe('data/a.yaml');
  });

  it('of buckets are refused, with what to do', () => {
    expect(() => serverPath(contents, 'buckets:local/results/in/a.yaml')).toThrow(BridgeError);
    try {
      serverPath(contents, 'buckets:local/results/in/a.yaml');
    } catch (error) {
      const { problem } = error as BridgeError;
      expect(problem.detail).toContain('a.yaml is in a bucket');
      expect(problem.action).toContain('Copy it');
    }
  });
});

describe('a file of a bucket', () => {
  const asked: string[] = [];
  const storage = (place: string): unknown => ({
    bytes: async (bucket: string, key: string) => {
      asked.push(`${place} ${bucket} ${key}`);
      return new Blob(['text']);
    }
  });
  const client = { storage, aws: { storage: storage('AWS') } } as unknown as IBridgeClient;

  it.each([
    ['buckets:edge/results/in/x 1.png', 'edge results in/x 1.png', 'x 1.png'],
    ['buckets:@aws/results/x.png', 'AWS results x.png', 'x.png']
  ])('%s is fetched from its place', async (path, expected, name) => {
    const file = await bucketFile(client, path);
    expect(asked.pop()).toBe(expected);
    expect({ name: file.name, size: file.size }).toEqual({ name, size: 4 });
  });
});
