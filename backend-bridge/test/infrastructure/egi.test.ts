import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { imageOn } from '../../src/infrastructure/egi';
import { openRoom, request, type IRoom } from './room';

const SITES = ['FULL', 'EMPTY', 'OLD', 'BROKEN', 'ROOMY'];

/** Information system and Infrastructure Manager in one: sites differ by what is free. */
let server: Server;
let room: IRoom;
const hosts: string[] = [];

beforeEach(async () => {
  hosts.length = 0;
  server = createServer((incoming, response) => {
    const path = incoming.url ?? '';
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    incoming.resume();
    if (path === '/version') {
      return json({ version: '2.0.0' });
    }
    if (path === '/sites/?vo_name=vo.x') {
      return json([...SITES.map(name => ({ name, url: `https://${name}:5000/v3` })), { name: '../bad' }, {}]);
    }
    const site = /^\/site\/(\w+)\/vo\.x\/images$/.exec(path)?.[1];
    if (site !== undefined) {
      return site === 'BROKEN'
        ? json({ detail: 'no' }, 404)
        : json(
            site === 'EMPTY'
              ? []
              : [
                  { name: 'Centos 7', egi_id: 'c7' },
                  { name: 'Ubuntu 22.04', egi_id: 'u22' },
                  ...(site === 'OLD' ? [] : [{ name: 'registry.egi.eu/egi_vm_images/ubuntu:24.04', egi_id: 'u24' }])
                ]
          );
    }
    const [, cloud] = JSON.parse(incoming.headers.authorization ?? '[]') as ({ host?: string } | undefined)[];
    hosts.push(...(cloud?.host === undefined ? [] : [cloud.host]));
    if (path.endsWith('/quotas')) {
      return json({ quotas: { cores: { used: cloud?.host === 'FULL' ? 9 : 0, limit: 10 } } });
    }
    json({ egi: { compute: [{ cpuCores: 4, memoryInMegabytes: 4295 }], storage: [] } });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  room = await openRoom({
    im: base,
    user: 'u',
    env: { OSCAR_EGI_INFO_URL: base, OIDC_ACCESS_TOKEN: 'a-token-of-the-user' }
  });
  room.room.setCredential('egi', { type: 'EGI', values: { vo: 'vo.x' } });
});

afterEach(async () => {
  await room.close();
  server.closeAllConnections();
  server.close();
});

it('lists the sites of a virtual organisation with their images', async () => {
  const sites = await room.room.egiSites('vo.x');
  expect(sites.map(site => [site.name, site.images.length])).toEqual([
    ['FULL', 3],
    ['EMPTY', 0],
    ['OLD', 2],
    ['BROKEN', 0],
    ['ROOMY', 3]
  ]);
  expect(sites[0].images[0]).toEqual({ name: 'Centos 7', uri: 'egi://FULL/c7?vo.x' });
  expect(sites[3].problem).toMatch(/not there/);
  expect(imageOn(sites[4], undefined)).toBe('egi://ROOMY/u24?vo.x');
  expect(imageOn(sites[2], undefined)).toBe('egi://OLD/u22?vo.x');
  expect(imageOn(sites[2], 'centos')).toBe('egi://OLD/c7?vo.x');
});

it('picks a site that fits, and asks each with its own name', async () => {
  const wish = request({ credential: 'egi' });
  expect((await room.room.plan(wish, undefined)).problems.join()).toMatch(/Choose a site of EGI/);
  expect(await room.room.sites(wish, undefined)).toEqual([
    { site: 'OLD', image: 'egi://OLD/u22?vo.x', fits: true },
    { site: 'ROOMY', image: 'egi://ROOMY/u24?vo.x', fits: true },
    { site: 'FULL', image: 'egi://FULL/u24?vo.x', fits: false, reason: 'Not enough cores.' },
    { site: 'EMPTY', fits: false, reason: 'It has no such image.' },
    { site: 'BROKEN', fits: false, reason: expect.stringMatching(/not there/) as string }
  ]);
  expect([...new Set(hosts)].sort()).toEqual(['FULL', 'OLD', 'ROOMY']);
  room.room.setCredential('dummy', { type: 'Dummy', values: {} });
  await expect(room.room.sites(request(), undefined)).rejects.toThrow(/EGI only/);
});
