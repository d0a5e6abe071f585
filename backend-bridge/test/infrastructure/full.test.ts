import { createServer, type Server } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onRealIm, removeFolder, startIm, type IRealIm } from './real-im';
import { openRoom, PASSWORD, request, stepsOf, until, type IRoom } from './room';

/** Takes five minutes, most of it waiting for machines that do not exist: only with OSCAR_TEST_SLOW. */
const REAL = join(__dirname, '..', '..', '..', '..', 'shared', 'data', 'tosca');
const wanted = process.env['OSCAR_TEST_SLOW'] !== undefined && existsSync(REAL);
if (!wanted) {
  console.warn(
    'SKIPPED: the full template of OSCAR until its configuration fails; set OSCAR_TEST_SLOW to run it (5 minutes)'
  );
}

jest.setTimeout(600_000);

(wanted ? onRealIm : describe.skip)('the full template of OSCAR', () => {
  let im: IRealIm;
  let room: IRoom;
  let types: Server;
  beforeAll(async () => {
    im = await startIm();
    // The playbooks never run: there is no machine to run them on.
    types = createServer((incoming, response) => {
      const own = `http://${incoming.headers.host ?? ''}`;
      const text = incoming.url?.endsWith('/custom_types.yaml')
        ? readFileSync(join(REAL, 'custom_types.yaml'), 'utf8').replaceAll('https://raw.githubusercontent.com', own)
        : '---\n- tasks: []\n';
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(text);
    });
    await new Promise<void>(resolve => types.listen(0, '127.0.0.1', resolve));
    room = await openRoom({ im: im.url, user: 'ada' });
  });
  afterAll(async () => {
    await room.close();
    types.close();
    await im.stop();
    removeFolder(im.folder);
  });

  it('comes to "unconfigured" on machines that do not exist, and says what happened and what to do', async () => {
    const address = `http://127.0.0.1:${(types.address() as AddressInfo).port}/custom_types.yaml`;
    const text = readFileSync(join(REAL, 'oscar.yaml'), 'utf8').replace(/https:\/\/raw\S*custom_types\.yaml/, address);
    const file = { name: 'oscar.yaml', text };
    const wish = request({ register: true, inputs: { oscar_password: PASSWORD, cert_user_email: 'a@b.org' } });
    const plan = await room.room.plan(wish, file);
    expect(plan.problems).toEqual([]);
    expect(plan.template).not.toMatch(/not_very_secret_token|minio123|oscar123/);
    const { id } = await room.room.create(wish, file);
    const began = Date.now();
    const running = await until(room, id, found => found.state === 'running', 60);
    expect(stepsOf(running)).toMatchObject({ boot: 'done', configure: 'running', health: 'waiting' });
    expect(running.outputs).toEqual([]);
    const failed = await until(room, id, found => found.state === 'unconfigured', 500);
    console.log(`unconfigured after ${Math.round((Date.now() - began) / 1000)} s: ${JSON.stringify(failed.steps)}`);
    expect(stepsOf(failed)).toMatchObject({ configure: 'failed', health: 'waiting', register: 'waiting' });
    expect(failed.steps.find(step => step.name === 'configure')?.detail).toMatch(/Unable to connect|Error/);
    expect(failed.stateDetail).toMatch(/read the log, then retry/);
    // Nothing is believed of a cluster that is not there.
    expect(failed.outputs).toEqual([]);
    expect(failed.cluster).toBeUndefined();
    let log = '';
    for await (const part of room.room.log(id)) {
      log += part;
    }
    expect(log).toMatch(/Select master VM|Wait master VM|Error/);
    expect(log).not.toContain(PASSWORD);
    await room.room.remove(id, { confirm: 'my cluster' });
    await until(room, id, found => found.state === 'deleted', 60);
  });
});
