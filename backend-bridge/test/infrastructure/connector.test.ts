import { createServer, type Server } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onRealIm, removeFolder, startIm, type IRealIm } from './real-im';
import { finished, openRoom, PASSWORD, request, until, type IRoom } from './room';

jest.setTimeout(120_000);

const REAL = join(__dirname, '..', '..', '..', '..', 'shared', 'data', 'tosca');
const withFiles = existsSync(REAL) ? onRealIm : describe.skip;
if (!existsSync(REAL)) {
  console.warn(`SKIPPED: the real templates are not at ${REAL}`);
}

withFiles('a template of a function', () => {
  let im: IRealIm;
  let room: IRoom;
  let types: Server;
  beforeAll(async () => {
    im = await startIm();
    types = createServer((_request, response) =>
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(readFileSync(join(REAL, 'custom_types.yaml')))
    );
    await new Promise<void>(resolve => types.listen(0, '127.0.0.1', resolve));
    room = await openRoom({ im: im.url, user: 'ada', local: true });
  });
  afterAll(async () => {
    await room.close();
    types.close();
    await im.stop();
    removeFolder(im.folder);
  });

  it('makes a service of our cluster, through the connector of the Infrastructure Manager, and takes it away', async () => {
    const { local } = room;
    const address = `http://127.0.0.1:${(types.address() as AddressInfo).port}/custom_types.yaml`;
    const text = readFileSync(join(REAL, 'faas_function.yaml'), 'utf8').replace(
      /https:\/\/raw\S*custom_types\.yaml/,
      address
    );
    const file = { name: 'faas_function.yaml', text };
    room.room.setCredential('oscar', {
      type: 'OSCAR',
      values: { host: local?.endpoint ?? '', username: 'oscar', password: PASSWORD }
    });
    const wish = request({
      credential: 'oscar',
      name: 'a function',
      inputs: {
        function_name: 'through-im',
        function_image: 'process',
        function_memory: '64Mi',
        function_script: '#!/bin/sh\necho done\n',
        function_input_provider: 'minio.default',
        function_input: 'through-im/in',
        function_output_provider: 'minio.default',
        function_output: 'through-im/out'
      }
    });
    const { id } = await room.room.create(wish, file);
    const now = await until(room, id, finished);
    expect(now).toMatchObject({ state: 'configured', cloud: 'OSCAR' });
    await room.clusters.registry.add({
      id: 'made',
      endpoint: local?.endpoint ?? '',
      user: 'oscar',
      password: PASSWORD
    });
    const cluster = room.clusters.registry.get('made');
    expect((await room.clusters.services(cluster)).map(service => service.name)).toEqual(['through-im']);
    expect(JSON.stringify(now.outputs)).not.toContain(PASSWORD);
    await room.room.remove(id, { confirm: 'a function' });
    await until(room, id, found => found.state === 'deleted', 60);
    expect(await room.clusters.services(cluster)).toEqual([]);
  });
});
