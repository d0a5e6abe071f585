import { some } from '../sample';
import { deploy, fdl, files, finished, minio, openRoom, readObject, until, type IRoom } from './support';

jest.setTimeout(120_000);

const COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n';
const SERVER = `import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        answer = self.path.encode() + b' ' + body.upper()
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
print('listening', flush=True)
http.server.ThreadingHTTPServer(('127.0.0.1', int(__import__('os').environ.get('PORT', '8899'))), Handler).serve_forever()
`;

describe.each(some([false, true]))('what is out of the ordinary, strict %s', strict => {
  let room: IRoom;

  beforeAll(async () => {
    room = await openRoom({ strict });
  });

  afterAll(() => room.close());

  it('finds the jobs of a service that logs next to nothing', async () => {
    await deploy(
      room,
      'quiet',
      { 'run.sh': COPY },
      { name: 'quiet', script: 'run.sh', log_level: 'CRITICAL', input: minio('quiet/in'), output: minio('quiet/out') }
    );
    const done = await finished(
      room.clusters,
      await room.clusters.submit(
        room.cluster,
        'quiet',
        ['a', 'b', 'c'].map(name => ({ file: name, name: `${name}.txt`, data: Buffer.from(name) }))
      )
    );
    for (const item of done.items) {
      expect(item).toMatchObject({ state: 'succeeded', outputs: [{ name: `${item.file}.txt` }] });
      expect(await readObject(room.cluster, 'quiet', item.outputs[0].key ?? '')).toBe(item.file);
    }
  });

  it('gives a service without an input bucket its input in the call', async () => {
    await deploy(room, 'direct', { 'run.sh': 'cat "$INPUT_FILE_PATH"\n' }, { name: 'direct', script: 'run.sh' });
    const done = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'direct', [{ file: 'x', name: 'x', data: Buffer.from('by call') }])
    );
    expect(done.items[0]).toMatchObject({ state: 'succeeded', exitCode: 0 });
    expect(await room.clusters.jobLog(room.cluster, done.items[0].job ?? '')).toContain('by call');
    const large = await finished(
      room.clusters,
      await room.clusters.submit(room.cluster, 'direct', [{ file: 'x', name: 'x', data: Buffer.alloc(200_000, 'x') }])
    );
    expect(large.items[0]).toMatchObject({ state: 'failed', problem: { title: 'Too large for this service' } });
  });

  it('says which file is not there, and goes on with the others', async () => {
    const base = await files(room, 'some', { 'there.txt': 'x' });
    const submission = await room.clusters.submit(
      room.cluster,
      'quiet',
      ['there.txt', 'gone.txt'].map(name => ({ file: name, name, path: `${base}/${name}` }))
    );
    const done = await finished(room.clusters, submission);
    expect(done.items[0].state).toBe('succeeded');
    expect(done.items[1]).toMatchObject({ state: 'failed', problem: { title: 'No such file' } });
    await expect(
      room.clusters.submit(room.cluster, 'nobody', [{ file: 'x', name: 'x', data: Buffer.from('') }])
    ).rejects.toMatchObject({ problem: { title: 'No such service' } });
  });

  it('does not delete a service whose data it cannot keep apart', async () => {
    const client = room.cluster.client;
    const update = client.updateService.bind(client);
    client.updateService = () => Promise.resolve();
    try {
      await expect(room.clusters.deleteService(room.cluster, 'quiet', 'keep')).rejects.toMatchObject({
        problem: {
          type: 'urn:jupyterlab-oscar:problem:data-at-risk',
          detail: expect.stringContaining('quiet') as unknown,
          buckets: ['quiet']
        }
      });
    } finally {
      client.updateService = update;
    }
    expect(await room.clusters.service(room.cluster, 'quiet')).toBeDefined();
  });

  it('keeps a bucket that another service uses, even when the data may go', async () => {
    await deploy(
      room,
      'reader',
      { 'run.sh': COPY },
      { name: 'reader', script: 'run.sh', input: minio('reader/in'), output: minio('reader/out') }
    );
    const reader = await room.cluster.client.service('reader');
    // Another service that writes into it, as a PUT can make it.
    await room.cluster.client
      .updateService({ ...(await room.cluster.client.service('quiet')), output: minio('reader/from-quiet') })
      .catch(() => undefined);
    expect(reader).toBeDefined();
    const result = await room.clusters.deleteService(room.cluster, 'reader', 'delete');
    expect(result).toEqual({ service: 'reader', kept: ['reader'], deleted: [] });
  });

  it('calls an exposed service at its path, with its token', async () => {
    await deploy(
      room,
      'web',
      { 'run.sh': 'exec python3 -c "$APP"\n' },
      {
        name: 'web',
        script: 'run.sh',
        environment: { variables: { APP: SERVER } },
        expose: {
          min_scale: 1,
          max_scale: 1,
          cpu_threshold: 80,
          api_port: [8899],
          rewrite_target: false,
          set_auth: true,
          health_path: '/'
        }
      }
    );
    const service = await room.clusters.service(room.cluster, 'web');
    expect(service).toMatchObject({ exposed: true, state: 'ready', url: '/clusters/local/services/web/exposed/' });
    const result = await room.clusters.invoke(
      room.cluster,
      'web',
      { file: 'x.txt', name: 'x.txt', data: Buffer.from('hi') },
      { exposed: { path: '/predict?x=1' } }
    );
    expect(result).toMatchObject({
      via: 'exposed',
      state: 'succeeded',
      text: expect.stringMatching(/\/predict\?x=1 HI$/) as unknown
    });
    const log = await until('its log', async () => {
      let text = '';
      for await (const part of room.clusters.serviceLog(room.cluster, 'web')) {
        text += part;
      }
      return text.includes('listening') && text;
    });
    expect(log).toContain('listening');
    const stopped = await room.clusters.controlService(room.cluster, 'web', 'stop');
    expect(stopped.state).toBe('stopped');
    await expect(room.clusters.controlService(room.cluster, 'direct', 'stop')).rejects.toMatchObject({
      problem: { title: 'Nothing to start or stop' }
    });
  });

  it('follows two hundred files with little noise', async () => {
    const base = await files(
      room,
      'many',
      Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`${n}.txt`, String(n)]))
    );
    room.events.length = 0;
    const submission = await room.clusters.submit(
      room.cluster,
      'quiet',
      Array.from({ length: 200 }, (_, n) => ({ file: `${n}.txt`, name: `${n}.txt`, path: `${base}/${n}.txt` }))
    );
    const done = await finished(room.clusters, submission, 100);
    expect(done.items.filter(item => item.state !== 'succeeded')).toEqual([]);
    expect(new Set(done.items.map(item => item.job)).size).toBe(200);
    expect(done.items.every((item, n) => item.outputs.length === 1 && item.outputs[0].name === `${n}.txt`)).toBe(true);
    expect(room.events.filter(event => event.type === 'submission').length).toBeLessThan(200);
  });
});

it('takes a service back whose requirements cannot be met', async () => {
  const room = await openRoom();
  try {
    const base = await files(room, 'req', { 'run.sh': COPY, 'requirements.txt': './no-such-package-here\n' });
    const steps: string[] = [];
    await expect(
      room.clusters.apply(
        room.cluster,
        { text: fdl({ name: 'needs', script: 'run.sh', input: minio('needs/in') }), name: 'fdl.yaml', base },
        {
          onSteps: now => steps.push(now.map(step => `${step.kind}:${step.state}`).join(' '))
        }
      )
    ).rejects.toMatchObject({
      problem: { title: 'The service does not get ready', cause: expect.any(String) as unknown }
    });
    expect(steps.some(line => line.includes('environment:running'))).toBe(true);
    expect(steps[steps.length - 1]).toContain('environment:failed');
    expect(await room.clusters.services(room.cluster)).toEqual([]);
    expect(await room.cluster.client.buckets()).toEqual([]);
  } finally {
    await room.close();
  }
});
