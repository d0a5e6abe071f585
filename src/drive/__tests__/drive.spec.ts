import type { Contents, ServerConnection } from '@jupyterlab/services';

import { BridgeError } from '../../bridge/errors';
import type { ObjectCalls } from '../../bridge/objects';
import { BucketDrive } from '../drive';
import { AWS, freeName, parsePath } from '../path';

/** Objects in memory, listed in pages of two as S3 lists them. */
class Store {
  readonly objects_ = new Map<string, Blob>();

  async buckets(): Promise<{ name: string }[]> {
    return [{ name: 'results' }];
  }

  async objects(_bucket: string, { prefix = '', page }: { prefix?: string; page?: string }): Promise<unknown> {
    const entries = new Map<string, 'item' | 'prefix'>();
    for (const key of [...this.objects_.keys()].sort()) {
      if (key.startsWith(prefix)) {
        const slash = key.indexOf('/', prefix.length);
        entries.set(slash < 0 ? key : key.slice(0, slash + 1), slash < 0 ? 'item' : 'prefix');
      }
    }
    const rest = [...entries.keys()].filter(entry => page === undefined || entry > page);
    const shown = rest.slice(0, 2);
    return {
      items: shown
        .filter(entry => entries.get(entry) === 'item')
        .map(key => ({ key, size: this.objects_.get(key)?.size ?? 0, modified: '2026-01-02T03:04:05.000Z' })),
      prefixes: shown.filter(entry => entries.get(entry) === 'prefix'),
      ...(rest.length > 2 ? { next: shown[1] } : {})
    };
  }

  url(bucket: string, key: string): string {
    return `/download/${bucket}/${key}`;
  }

  async bytes(_bucket: string, key: string): Promise<Blob> {
    const found = this.objects_.get(key);
    if (!found) {
      throw new BridgeError({ type: 'not-found', title: 'Not found', status: 404, detail: key });
    }
    return found;
  }

  async put(_bucket: string, key: string, body: Blob): Promise<void> {
    this.objects_.set(key, body);
  }

  async remove(_bucket: string, key: string): Promise<void> {
    this.objects_.delete(key);
  }
}

describe('a drive of buckets', () => {
  let store: Store;
  let drive: BucketDrive;
  let changes: Contents.IChangedArgs[];

  beforeEach(() => {
    store = new Store();
    drive = new BucketDrive({
      serverSettings: {} as ServerConnection.ISettings,
      places: async () => ['local', AWS],
      storage: () => store as unknown as ObjectCalls,
      typeOf: path =>
        path.endsWith('.png') ? { mimetype: 'image/png', format: 'base64' } : { mimetype: 'text/plain', format: 'text' }
    });
    changes = [];
    drive.fileChanged.connect((_, change) => changes.push(change));
  });

  const names = async (path: string): Promise<string[]> =>
    ((await drive.get(path)).content as Contents.IModel[]).map(
      item => `${item.name}${item.type === 'directory' ? '/' : ''}`
    );

  const text = (key: string): Promise<string> | undefined => store.objects_.get(key)?.text();

  it('lists places, buckets, folders and files, page after page', async () => {
    ['a.txt', 'b.txt', 'in/x.png', 'in/y/z.txt', 'zz.txt'].forEach(key => store.objects_.set(key, new Blob(['1'])));
    expect(await names('')).toEqual(['local/', `${AWS}/`]);
    expect(await names('local')).toEqual(['results/']);
    expect((await names('local/results')).sort()).toEqual(['a.txt', 'b.txt', 'in/', 'zz.txt']);
    expect((await names('local/results/in')).sort()).toEqual(['x.png', 'y/']);
    expect((await drive.get('local/results/in', { content: false })).content).toBeNull();
    const file = ((await drive.get('local/results/in')).content as Contents.IModel[]).find(
      item => item.name === 'x.png'
    );
    expect(file).toMatchObject({
      path: 'local/results/in/x.png',
      mimetype: 'image/png',
      size: 1,
      last_modified: '2026-01-02T03:04:05.000Z'
    });
  });

  it('finds a folder behind many files whose names begin alike', async () => {
    ['in-1', 'in-2', 'in-3', 'in.txt', 'in/x'].forEach(key => store.objects_.set(key, new Blob(['1'])));
    expect(await names('local/results/in')).toEqual(['x']);
    expect(await drive.get('local/results/in', { content: false })).toMatchObject({ type: 'directory' });
  });

  it('gives text as text, bytes as base64, notebooks as JSON', async () => {
    store.objects_.set('a.txt', new Blob(['\ufeffé']));
    store.objects_.set('a.bin', new Blob([new Uint8Array([0, 255, 128])]));
    store.objects_.set('a.png', new Blob(['text in a picture']));
    store.objects_.set('a.ipynb', new Blob(['{"cells": []}']));
    store.objects_.set('bad.ipynb', new Blob(['{"cells": ']));
    const at = 'local/results/';
    expect(await drive.get(`${at}a.txt`)).toMatchObject({ type: 'file', format: 'text', content: '\ufeffé' });
    expect(await drive.get(`${at}a.txt`, { format: 'base64' })).toMatchObject({
      format: 'base64',
      content: '77u/w6k='
    });
    expect(await drive.get(`${at}a.png`)).toMatchObject({ format: 'base64', content: btoa('text in a picture') });
    expect(await drive.get(`${at}a.ipynb`)).toMatchObject({ type: 'notebook', format: 'json', content: { cells: [] } });
    await expect(drive.get(`${at}a.bin`, { format: 'text' })).rejects.toThrow('is not UTF-8 text');
    await expect(drive.get(`${at}bad.ipynb`)).rejects.toThrow('holds no notebook');
    await expect(drive.get(`${at}none`)).rejects.toMatchObject({ response: { status: 404 } });
    expect(await drive.getDownloadUrl(`${at}in/x.png`)).toBe('/download/results/in/x.png');
  });

  it('saves what it gave without changing a byte', async () => {
    const bytes = new Uint8Array(70_000).map((_, i) => i % 251);
    store.objects_.set('a.png', new Blob([bytes]));
    const model = await drive.get('local/results/a.png');
    const saved = await drive.save('local/results/b.png', { ...model, path: undefined });
    expect(saved).toMatchObject({ name: 'b.png', size: bytes.length });
    expect(new Uint8Array((await store.objects_.get('b.png')?.arrayBuffer()) ?? [])).toEqual(bytes);
    await drive.save('local/results/n.ipynb', { type: 'notebook', format: 'json', content: { cells: [] } });
    expect(JSON.parse((await text('n.ipynb')) ?? '')).toEqual({ cells: [] });
    expect(changes.map(change => change.type)).toEqual(['save', 'save']);
  });

  it('puts the pieces of an upload together, and begins anew with the first', async () => {
    const piece = (chunk: number, content: string): Promise<Contents.IModel> =>
      drive.save('local/results/big.txt', { type: 'file', format: 'base64', content: btoa(content), chunk });
    await piece(1, 'given up');
    await piece(1, 'one ');
    await piece(2, 'two ');
    expect(store.objects_.size).toBe(0);
    expect(await piece(-1, 'three')).toMatchObject({ size: 13, name: 'big.txt' });
    expect(await text('big.txt')).toBe('one two three');
  });

  it('makes files and folders with names that are free', async () => {
    const made = [
      await drive.newUntitled({ path: 'local/results', type: 'file', ext: '.md' }),
      await drive.newUntitled({ path: 'local/results', type: 'file', ext: '.md' }),
      await drive.newUntitled({ path: 'local/results/', type: 'directory' }),
      await drive.newUntitled({ path: 'local/results', type: 'notebook' })
    ];
    expect(made.map(item => item.name)).toEqual(['untitled.md', 'untitled1.md', 'untitled folder', 'Untitled.ipynb']);
    expect([...store.objects_.keys()]).toContain('untitled folder/');
    // The object that stands for a folder is not in it.
    expect(await names('local/results/untitled folder')).toEqual([]);
  });

  it('moves, copies and deletes files; folders are deleted with all that is in them', async () => {
    ['in/a.txt', 'in/b/c.txt', 'in/b/d.txt', 'in/e.txt', 'in/f.txt', 'inn.txt'].forEach(key =>
      store.objects_.set(key, new Blob([key]))
    );
    expect(await drive.rename('local/results/in/a.txt', 'local/results/x.txt')).toMatchObject({ name: 'x.txt' });
    expect(await text('x.txt')).toBe('in/a.txt');
    expect(store.objects_.has('in/a.txt')).toBe(false);
    expect(await drive.copy('local/results/x.txt', 'local/results')).toMatchObject({ name: 'x1.txt' });
    await expect(drive.rename('local/results/in', 'local/results/out')).rejects.toThrow(
      'no folders that could be renamed'
    );
    await drive.delete('local/results/in');
    await drive.delete('local/results/x1.txt');
    expect([...store.objects_.keys()]).toEqual(['inn.txt', 'x.txt']);
    expect(changes.map(change => change.type)).toEqual(['rename', 'new', 'delete', 'delete']);
  });

  it('writes over nothing when a file gets the name of another', async () => {
    ['a.txt', 'b.txt', 'in/c.txt'].forEach(key => store.objects_.set(key, new Blob([key])));
    for (const taken of ['b.txt', 'in']) {
      await expect(drive.rename('local/results/a.txt', `local/results/${taken}`)).rejects.toMatchObject({
        response: { status: 409 }
      });
    }
    expect(await text('a.txt')).toBe('a.txt');
    expect(await text('b.txt')).toBe('b.txt');
  });

  it.each(['', 'local', 'local/results'])('changes nothing outside of a bucket: %p', async path => {
    await expect(drive.delete(path)).rejects.toThrow('Buckets are made and deleted');
    await expect(drive.save(path, { type: 'file', format: 'text', content: 'x' })).rejects.toThrow('Buckets are made');
  });
});

it.each([
  ['', {}],
  ['/edge/', { place: 'edge' }],
  ['edge/b', { place: 'edge', bucket: 'b' }],
  ['@aws/b/c/d.txt', { place: '@aws', bucket: 'b', key: 'c/d.txt' }]
])('reads the path %p', (path, wanted) => {
  expect(parsePath(path)).toEqual({ place: undefined, bucket: undefined, key: '', ...wanted });
});

it.each([
  ['a.txt', ['a.txt', 'a1.txt'], 'a2.txt'],
  ['.env', ['.env'], '.env1'],
  ['a', [], 'a']
])('finds a free name for %p', (wanted, taken, free) => {
  expect(freeName(wanted, new Set(taken))).toBe(free);
});
