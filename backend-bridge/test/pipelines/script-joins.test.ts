import { random } from './fixtures';
import { node, pipeline, serviceOf } from './convert-support';
import { benches, went, type IArrival } from './script-support';

jest.setTimeout(300_000);

const bench = benches();

describe('joins', () => {
  function joinOf(parents: number): ReturnType<typeof pipeline> {
    const letters = Array.from({ length: parents }, (_, i) => `p${i}`);
    return pipeline(
      [
        node('root', { command: 'echo 1 > base; echo root > shared', outputs: ['base', 'shared'] }),
        ...letters.map((id, i) => node(id, { command: `echo ${i} > ${id}`, outputs: [id] })),
        node('join', { command: 'cat base p* > sum', outputs: ['sum'] }),
        node('end', { command: 'cat sum' })
      ],
      [...letters.flatMap(id => [`root>${id}`, `${id}>join`]), 'join>end']
    );
  }

  it.each([2, 3, 4])('of %d go on exactly once, in whatever order jobs run', async parents => {
    const place = await bench(joinOf(parents));
    const service = serviceOf(place.conversion, 'join');
    for (let seed = 1; seed <= 4; seed++) {
      const next = random(seed * parents);
      const ran = await place.drain(await place.begin(`s${seed}`), waiting => next(waiting.length));
      expect(ran.map(job => job.code)).toEqual(ran.map(() => 0));
      expect([ran.filter(job => job.service === service).length, went(ran, service)]).toEqual([parents, 1]);
      expect(went(ran, serviceOf(place.conversion, 'end'))).toBe(1);
      const sum = Array.from({ length: parents }, (_, i) => `${i}\n`).join('');
      expect(await place.text(service, `out/run/s${seed}/sum`)).toBe(`1\n${sum}`);
    }
  });

  it('go on exactly once when all their jobs run at the same moment', async () => {
    const place = await bench(joinOf(3));
    const service = serviceOf(place.conversion, 'join');
    for (let seed = 1; seed <= 5; seed++) {
      const [root] = await place.drain(await place.begin(`m${seed}`), () => 0).then(() => [undefined]);
      expect(root).toBeUndefined();
      // The three archives are there; their events are delivered once more, together, to a join that is not done.
      await place.endpoint.store.remove(service, `out/run/m${seed}/_status.json`);
      await place.endpoint.store.remove(service, `out/run/m${seed}/_claim.json`);
      const arrivals: IArrival[] = [0, 1, 2].map(i => {
        const bucket = serviceOf(place.conversion, `p${i}`);
        return { service, bucket, key: `next/edge/m${seed}/${bucket}.tar.gz` };
      });
      const jobs = await Promise.all(arrivals.map(arrival => place.job(arrival)));
      expect([went(jobs, service), jobs.map(job => job.code)]).toEqual([1, [0, 0, 0]]);
      const again = await Promise.all(arrivals.map(arrival => place.job(arrival)));
      expect(went(again, service)).toBe(0);
    }
  });

  it('go on when the store tells the same second for archives that came one after the other, as S3 does', async () => {
    const place = await bench(joinOf(2));
    const { listing } = place.endpoint.store.catalog;
    const scan = listing.scan.bind(listing);
    jest.spyOn(listing, 'scan').mockImplementation((...args) => {
      const found = scan(...args);
      return { ...found, objects: found.objects.map(row => ({ ...row, modified: 1_767_323_045_000 })) };
    });
    const service = serviceOf(place.conversion, 'join');
    for (const first of ['p0', 'p1']) {
      // The job of the first archive has looked and gone before the second archive is there.
      const order = [serviceOf(place.conversion, 'root'), serviceOf(place.conversion, first), service];
      const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
      const ran = await place.drain(await place.begin(first), waiting =>
        waiting.reduce((best, item, i) => (rank(item.service) < rank(waiting[best].service) ? i : best), 0)
      );
      const joined = ran.filter(job => job.service === service);
      expect(joined[0].log).toContain('waiting for');
      expect([joined.length, went(ran, service), went(ran, serviceOf(place.conversion, 'end'))]).toEqual([2, 1, 1]);
    }
  });

  it('find the archives where OSCAR_LINKS says that they lie', async () => {
    const place = await bench(joinOf(2));
    const service = serviceOf(place.conversion, 'join');
    const [p0, p1] = ['p0', 'p1'].map(id => serviceOf(place.conversion, id));
    await place.drain(await place.begin('r1'));
    await place.endpoint.store.remove(service, 'out/run/r1/_status.json');
    await place.endpoint.store.remove(service, 'out/run/r1/_claim.json');
    const links = [];
    for (const parent of [p0, p1]) {
      await place.endpoint.store.createBucket(`elsewhere-${parent}`);
      const bytes = place.endpoint.store.read(parent, `next/edge/r1/${parent}.tar.gz`);
      await place.endpoint.store.put(`elsewhere-${parent}`, `to-join/edge/r1/${parent}.tar.gz`, bytes);
      await place.endpoint.store.remove(parent, `next/edge/r1/${parent}.tar.gz`);
      links.push({ from: parent, path: `${parent}/next`, bucket: `elsewhere-${parent}`, prefix: 'to-join' });
    }
    const env = { OSCAR_LINKS: JSON.stringify(links) };
    const jobs = [];
    for (const parent of [p0, p1]) {
      jobs.push(
        await place.job({ service, bucket: `elsewhere-${parent}`, key: `to-join/edge/r1/${parent}.tar.gz` }, { env })
      );
    }
    expect([jobs.map(job => job.code), went(jobs, service)]).toEqual([[0, 0], 1]);
  });

  it('take of a file that several wrote the one of the last writer, not of the last to hand it on', async () => {
    const place = await bench(
      pipeline(
        [
          node('a', { command: 'echo old > f', outputs: ['f'] }),
          node('b', { command: 'echo new > f', outputs: ['f'] }),
          node('c', { command: 'cat f > g', outputs: ['g'] }),
          node('d', { command: 'cat f g' })
        ],
        ['a>b', 'a>c', 'b>d', 'c>d']
      )
    );
    const ran = await place.drain(await place.begin('r1'));
    const last = ran.filter(job => job.service === serviceOf(place.conversion, 'd') && job.stored.length > 0);
    expect(last.map(job => job.log)).toEqual([expect.stringContaining('\nnew\nold\n')]);
  });

  it('fail with the reason where there are no keys; a chain needs none', async () => {
    const what = joinOf(2);
    const place = await bench(what);
    place.env = { OSCAR_PROVIDERS_DIR: '/nowhere' };
    const ran = await place.drain(await place.begin('r1'));
    const failed = ran.filter(job => job.code !== 0);
    expect(failed).toHaveLength(2);
    expect(failed[0].log).toContain('option serial');
    const chained = await bench({ ...what, options: { serial: true } });
    chained.env = place.env;
    const all = await chained.drain(await chained.begin('r1'));
    expect(all.map(job => job.code)).toEqual([0, 0, 0, 0, 0]);
    expect(await chained.text(serviceOf(chained.conversion, 'join'), 'out/run/r1/sum')).toBe('1\n0\n1\n');
  });

  it('wait for a store that is away for a moment', async () => {
    const place = await bench(joinOf(2));
    const { server } = place.endpoint;
    const handlers = server.listeners('request') as ((...args: unknown[]) => void)[];
    server.removeAllListeners('request');
    let refused = 0;
    server.on('request', (request, response) => {
      if (refused < 3) {
        refused++;
        request.resume();
        response.writeHead(503).end();
      } else {
        handlers.forEach(handler => handler(request, response));
      }
    });
    const ran = await place.drain(await place.begin('r1'));
    expect(ran.map(job => job.code)).toEqual(ran.map(() => 0));
    expect(refused).toBe(3);
    expect(ran[0].log).toContain('again in');
  });
});
