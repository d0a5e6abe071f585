import { some } from '../sample';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ICluster } from '../../src/clusters';
import { deploy, fdl, files, finished, minio, openRoom, readObject, until, type IRoom } from './support';

const UPPER =
  '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .txt).out.txt"\necho did it\n';

jest.setTimeout(90_000);

describe.each(some([false, true]))('a service from apply to delete, strict %s', strict => {
  let room: IRoom;

  beforeAll(async () => {
    room = await openRoom({ strict });
    await deploy(
      room,
      'upper',
      { 'upper.sh': UPPER },
      { name: 'upper', script: 'upper.sh', input: minio('upper/in'), output: minio('upper/out') }
    );
  });

  afterAll(() => room.close());

  it('is ready, and a second plan has nothing to do', async () => {
    const state = await room.cluster.describe();
    expect(state).toMatchObject({ id: 'local', state: 'ready', current: true, removable: false });
    expect(state.features.includes('job-id')).toBe(!strict);
    const [service] = await room.clusters.services(room.cluster);
    expect(service).toMatchObject({
      name: 'upper',
      cluster: 'local',
      exposed: false,
      input: [{ bucket: 'upper', prefix: 'in' }]
    });
    const plan = await room.clusters.plan(room.cluster, {
      text: fdl({ name: 'upper', script: 'upper.sh', input: minio('upper/in'), output: minio('upper/out') }),
      name: 'fdl.yaml',
      base: `${room.folder}/upper`
    });
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(new Set(plan.steps.map(step => step.action))).toEqual(new Set(['keep']));
  });

  it('turns a file into its output, whose name is the one of the input', async () => {
    const base = await files(room, 'data', { 'words.txt': 'some words' });
    const done = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'upper', [
        { file: 'words.txt', name: 'words.txt', path: `${base}/words.txt` }
      ])
    );
    const [item] = done.items;
    expect(item).toMatchObject({ file: 'words.txt', state: 'succeeded', exitCode: 0 });
    expect(item.key).toMatch(/^upper\/in\/words-[0-9a-f]{8}\.txt$/);
    expect(item.outputs).toHaveLength(1);
    expect(item.outputs[0]).toMatchObject({
      name: 'words.out.txt',
      mediaType: 'text/plain',
      size: 10,
      bucket: 'upper'
    });
    expect(await readObject(room.cluster, 'upper', item.outputs[0].key ?? '')).toBe('SOME WORDS');
    const job = await room.clusters.job(room.cluster, item.job ?? '');
    expect(job).toMatchObject({ state: 'succeeded', exitCode: 0, service: 'upper', kind: 'service' });
    expect(`${job.input?.bucket}/${job.input?.key}`).toBe(item.key);
    expect(await room.clusters.jobLog(room.cluster, item.job ?? '')).toContain('did it');
    const result = await room.clusters.jobResult(room.cluster, item.job ?? '');
    expect(result).toMatchObject({ state: 'succeeded', text: 'SOME WORDS' });
    expect(result.files.map(file => file.name)).toEqual(['words.out.txt']);
    const followed: string[] = [];
    for await (const text of room.clusters.followJobLog(room.cluster, item.job ?? '')) {
      followed.push(text);
    }
    expect(followed.join('')).toContain('did it');
  });

  it('answers a call at once, or through the bucket where there is no /run', async () => {
    const result = await room.clusters.invoke(room.cluster, 'upper', {
      file: 'x.txt',
      name: 'x.txt',
      data: Buffer.from('hello there')
    });
    expect(result).toMatchObject({ state: 'succeeded', text: 'HELLO THERE' });
    expect(result.files).toHaveLength(1);
    if (result.via === 'run') {
      const [, , id, file] = result.files[0].href.split('/');
      const stored = await room.clusters.result(id, file);
      expect((await readFile(stored.path)).toString()).toBe('HELLO THERE');
    }
  });

  it('keeps two submitters with equal names apart', async () => {
    const bases = await Promise.all(
      ['a', 'b'].map(who =>
        files(
          room,
          `mix-${who}`,
          Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`f${n}.txt`, `from ${who} ${n}`]))
        )
      )
    );
    const submissions = await Promise.all(
      bases.map(base =>
        room.clusters.submit(
          room.cluster,
          'upper',
          Array.from({ length: 6 }, (_, n) => ({ file: `f${n}.txt`, name: `f${n}.txt`, path: `${base}/f${n}.txt` }))
        )
      )
    );
    const done = await Promise.all(submissions.map(submission => finished(room.clusters, submission)));
    for (const [who, submission] of [
      ['A', done[0]],
      ['B', done[1]]
    ] as const) {
      for (const [n, item] of submission.items.entries()) {
        expect(item).toMatchObject({ file: `f${n}.txt`, state: 'succeeded' });
        expect(item.outputs.map(output => output.name)).toEqual([`f${n}.out.txt`]);
        expect(await readObject(room.cluster, 'upper', item.outputs[0].key ?? '')).toBe(`FROM ${who} ${n}`);
      }
    }
    const jobs = done.flatMap(submission => submission.items.map(item => item.job));
    expect(new Set(jobs).size).toBe(12);
  });

  it('says which script failed and with what', async () => {
    await deploy(
      room,
      'fails',
      { 'run.sh': 'echo before\nexit 3\n' },
      { name: 'fails', script: 'run.sh', input: minio('fails/in'), output: minio('fails/out') }
    );
    const done = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'fails', [{ file: 'x', name: 'x', data: Buffer.from('x') }])
    );
    expect(done.items[0]).toMatchObject({ state: 'failed', exitCode: 3, problem: { title: 'The job failed' } });
    const page = await room.clusters.jobs(room.cluster, { service: 'fails' });
    expect(page.items).toHaveLength(1);
    expect(page.items[0]).toMatchObject({ state: 'failed', exitCode: 3 });
    const retried = await finished(room.clusters, await room.clusters.retryJob(room.cluster, page.items[0].id));
    expect(retried.items[0]).toMatchObject({ file: 'x', state: 'failed', exitCode: 3 });
    expect(retried.items[0].job).not.toBe(page.items[0].id);
  });

  it('warns of a job that wrote nothing', async () => {
    await deploy(
      room,
      'silent',
      { 'run.sh': 'true\n' },
      { name: 'silent', script: 'run.sh', input: minio('silent/in'), output: minio('silent/out') }
    );
    const done = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'silent', [{ file: 'x', name: 'x', data: Buffer.from('x') }])
    );
    expect(done.items[0]).toMatchObject({
      state: 'succeeded',
      outputs: [],
      warning: 'Finished without output in silent/out.'
    });
  });

  it('cancels what runs', async () => {
    await deploy(
      room,
      'slow',
      { 'run.sh': 'sleep 60\n' },
      { name: 'slow', script: 'run.sh', input: minio('slow/in'), output: minio('slow/out') }
    );
    const submission = await room.clusters.submit(room.cluster, 'slow', [
      { file: 'x', name: 'x', data: Buffer.from('x') }
    ]);
    await until('a running job', async () =>
      (await room.clusters.jobs(room.cluster, { service: 'slow' })).items.some(job => job.state === 'running')
    );
    await room.clusters.cancelSubmission(submission.id);
    const done = await finished(room.clusters, submission);
    expect(done.items[0].state).toBe('cancelled');
    await until(
      'no running job',
      async () =>
        !(await room.clusters.jobs(room.cluster, { service: 'slow' })).items.some(job => job.state === 'running')
    );
  });

  it('goes on following after the bridge was started anew', async () => {
    await deploy(
      room,
      'later',
      { 'run.sh': 'sleep 2\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n' },
      { name: 'later', script: 'run.sh', input: minio('later/in'), output: minio('later/out') }
    );
    const submission = await room.clusters.submit(room.cluster, 'later', [
      { file: 'x.bin', name: 'x.bin', data: Buffer.from('x') }
    ]);
    await until(
      'the upload',
      async () => (await room.clusters.submission(submission.id)).items[0].state !== 'uploading'
    );
    await room.reopen();
    expect(room.clusters.running()).toBe(0);
    room.clusters.resume();
    expect(room.clusters.running()).toBe(1);
    const done = await finished(room.clusters, await room.clusters.submission(submission.id));
    expect(done.items[0]).toMatchObject({ state: 'succeeded', outputs: [{ name: 'x.bin' }] });
  });

  it('follows its cluster to another port', async () => {
    const forward = async (): Promise<{ endpoint: string; close(): Promise<void> }> => {
      const { hostname, port } = new URL(room.local.endpoint);
      const sockets = new Set<Socket>();
      const server = createServer(socket => {
        const other = connect(Number(port), hostname);
        for (const end of [socket, other]) {
          sockets.add(end);
          end.on('error', () => undefined);
        }
        socket.pipe(other).pipe(socket);
      });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      return {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: async () => {
          sockets.forEach(socket => socket.destroy());
          await new Promise(resolve => server.close(resolve));
        }
      };
    };
    const register = (endpoint: string): ICluster =>
      room.clusters.registry.register({
        id: 'local',
        endpoint,
        user: room.local.user,
        password: room.local.password
      });
    const first = await forward();
    const gate = join(room.folder, 'gate');
    await deploy(
      room,
      'moved',
      { 'run.sh': `while [ ! -e "${gate}" ]; do sleep 0.1; done\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n` },
      { name: 'moved', script: 'run.sh', input: minio('moved/in'), output: minio('moved/out') }
    );
    const submission = await room.clusters.submit(register(first.endpoint), 'moved', [
      { file: 'x.bin', name: 'x.bin', data: Buffer.from('x') }
    ]);
    await until(
      'the job to run',
      async () => (await room.clusters.submission(submission.id)).items[0].state === 'running'
    );
    await first.close();
    const second = await forward();
    room.cluster = register(second.endpoint);
    writeFileSync(gate, '');
    const done = await finished(room.clusters, await room.clusters.submission(submission.id));
    expect(done.items[0]).toMatchObject({ state: 'succeeded', outputs: [{ name: 'x.bin' }] });
    room.cluster = register(room.local.endpoint);
    await second.close();
  });

  it('needs nobody to keep what may be taken away', async () => {
    const base = await files(room, 'transient', { data: 'may go' });
    const submission = await room.clusters.submit(room.cluster, 'upper', [
      { file: 'gone.txt', name: 'gone.txt', path: `${base}/data`, transient: true }
    ]);
    rmSync(`${base}/data`);
    const done = await finished(room.clusters, submission);
    expect(done.items[0]).toMatchObject({ state: 'succeeded', outputs: [{ name: 'gone.out.txt' }] });
    await until('its copy to be removed', async () => !existsSync(join(room.folder, 'bridge', 'spool', submission.id)));
  });

  it('takes up uploads that were cut off, and starts no job twice', async () => {
    const countJobs = async (): Promise<number> => {
      let count = 0;
      let page: string | undefined;
      do {
        const list = await room.cluster.client.jobs('upper', page);
        count += list.jobs.length;
        page = list.next;
      } while (page !== undefined);
      return count;
    };
    const jobsBefore = await countJobs();
    const names = Array.from({ length: 30 }, (_, n) => `cut${n}.txt`);
    const base = await files(room, 'cut', Object.fromEntries(names.map(name => [name, name])));
    const submission = await room.clusters.submit(
      room.cluster,
      'upper',
      names.map(name => ({ file: name, name, path: `${base}/${name}` }))
    );
    await room.reopen();
    room.clusters.resume();
    const done = await finished(room.clusters, await room.clusters.submission(submission.id));
    expect(done.items.filter(item => item.state !== 'succeeded' || item.outputs.length !== 1)).toEqual([]);
    const storage = await room.cluster.storage();
    const inputs = (await storage.list('upper', { prefix: 'in/cut' })).items;
    expect(inputs).toHaveLength(30);
    expect(new Set(done.items.map(item => item.job)).size).toBe(30);
    expect(await countJobs()).toBe(jobsBefore + 30);
  });

  it('is deleted without its data, and created again over it only where the cluster can', async () => {
    const preview = await room.clusters.deletionPreview(room.cluster, 'upper');
    expect(preview.buckets).toHaveLength(1);
    expect(preview.buckets[0]).toMatchObject({ name: 'upper', more: false, usedBy: [] });
    expect(preview.buckets[0].objects).toBeGreaterThan(20);
    expect(preview.jobs).toBeGreaterThan(10);
    const result = await room.clusters.deleteService(room.cluster, 'upper', 'keep');
    expect(result).toEqual({ service: 'upper', kept: ['upper'], deleted: [] });
    await expect(room.clusters.service(room.cluster, 'upper')).rejects.toMatchObject({ problem: { status: 404 } });
    const left = await (await room.cluster.storage()).list('upper', { prefix: 'out/' });
    expect(left.items.length).toBeGreaterThan(10);
  });

  it('is deleted with its data when that is asked for', async () => {
    const result = await room.clusters.deleteService(room.cluster, 'fails', 'delete');
    expect(result).toEqual({ service: 'fails', kept: [], deleted: ['fails'] });
    expect((await room.cluster.client.buckets()).map(bucket => bucket.bucket_name)).not.toContain('fails');
  });
});
