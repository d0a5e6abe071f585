import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { sdk } from '../../src/scar/sdk';
import { ACCOUNT, describeAws, fdl, IMAGE, Moto, REGION, Room, setEnvironment } from './support';

/** A stand-in for podman: it notes what it was asked for, and keeps the folder that it was to build. */
const PODMAN = `#!/bin/sh
echo "$@" >> "$NOTES/calls"
case "$1" in
  login) cat > "$NOTES/password" ;;
  build) for last; do :; done; cp -r "$last" "$NOTES/context"; test -z "$FAIL" || { echo "no space left" >&2; exit 3; } ;;
esac
exit 0
`;

describeAws('images that are built here', () => {
  let moto: Moto;
  let room: Room;
  let restore: () => void;
  let server: Server;
  let notes: string;
  let bin: string;

  beforeAll(async () => {
    moto = await Moto.start();
    const zip = Buffer.from(
      zipSync({ 'supervisor/supervisor': Buffer.from('binary'), 'supervisor/lib/x.so': Buffer.from('x') })
    );
    server = createServer((request, response) => {
      response.writeHead(request.url === '/1.5.8/supervisor.zip' ? 200 : 404);
      response.end(zip);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  }, 100_000);
  afterAll(async () => {
    await moto?.stop();
    server?.closeAllConnections();
    server?.close();
  });

  async function begin(withTool: boolean, more: Record<string, string> = {}): Promise<void> {
    await moto.reset();
    const folder = Room.empty();
    bin = join(folder.folder, 'bin');
    notes = join(folder.folder, 'notes');
    [bin, notes].forEach(path => mkdirSync(path, { recursive: true }));
    if (withTool) {
      writeFileSync(join(bin, 'podman'), PODMAN);
      chmodSync(join(bin, 'podman'), 0o755);
    }
    const path = withTool ? `${bin}:/usr/bin:/bin` : bin;
    restore = setEnvironment({
      PATH: path,
      NOTES: notes,
      JUPYTERLAB_OSCAR_SUPERVISOR_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...more
    });
    room = await Room.at(moto.endpoint);
    room.file('script.sh', 'echo hello\n');
  }
  afterEach(async () => {
    await room.close();
    restore();
  });

  const text = fdl().replace(
    `image: ${IMAGE}\n        create_image: false`,
    'image: ubuntu:24.04\n        environment:\n          Variables:\n            MOTTO: say "$1"'
  );

  it('holds configuration, script and supervisor, and is pushed to a repository of its own', async () => {
    await begin(true);
    const plan = await room.plan(text);
    expect(plan.problems.filter(problem => problem.severity === 'error')).toEqual([]);
    expect(plan.steps[0]).toMatchObject({
      action: 'create',
      kind: 'image',
      reason: expect.stringContaining('ubuntu:24.04')
    });
    await room.apply(text);
    const calls = readFileSync(join(notes, 'calls'), 'utf8').trim().split('\n');
    expect(calls.map(line => line.split(' ')[0])).toEqual(['info', 'build', 'login', 'push']);
    const registry = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
    expect(calls[1]).toMatch(new RegExp(`--platform linux/amd64 --tag ${registry}/grey:[0-9a-f]{16} `));
    // The password came on stdin.
    expect(calls[2]).toBe(`login --username AWS --password-stdin ${registry}`);
    expect(readFileSync(join(notes, 'password'), 'utf8')).not.toBe('');
    const file = readFileSync(join(notes, 'context', 'Dockerfile'), 'utf8');
    expect(file).toMatch(/^FROM ubuntu:24.04\n/);
    expect(file).toContain('ENV MOTTO="say \\"\\$1\\""');
    expect(readFileSync(join(notes, 'context', 'script.sh'), 'utf8')).toBe('echo hello\n');
    expect(JSON.parse(readFileSync(join(notes, 'context', 'function_config.yaml'), 'utf8'))).toMatchObject({
      name: 'grey',
      init_script: 'script.sh'
    });
    expect(existsSync(join(notes, 'context', 'supervisor', 'lib', 'x.so'))).toBe(true);
    const { Code } = await moto
      .clients()
      .lambda()
      .send(new (sdk.lambda().GetFunctionCommand)({ FunctionName: 'grey' }));
    expect(Code?.ImageUri).toMatch(new RegExp(`^${registry}/grey:[0-9a-f]{16}$`));
    expect((await room.scar.deletionPreview('grey')).goes.map(item => item.kind)).toContain('repository');
  });

  it('that cannot be built leaves nothing behind', async () => {
    await begin(true, { FAIL: 'yes' });
    await expect(room.apply(text)).rejects.toMatchObject({
      problem: { title: 'The image could not be made', cause: expect.stringContaining('no space left') }
    });
    const { repositories } = await moto.clients().ecr().send(new (sdk.ecr().DescribeRepositoriesCommand)({}));
    expect(repositories).toEqual([]);
  });

  it('without podman and docker the way out is told', async () => {
    await begin(false);
    const plan = await room.plan(text);
    expect(plan.problems.find(problem => problem.code === 'aws-no-builder')?.message).toMatch(
      /Neither podman nor docker works here.*create_image: false/
    );
    expect(plan.steps).toEqual([]);
  });
});
