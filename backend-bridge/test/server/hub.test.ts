import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { EventHub } from '../../src/server/hub';
import { cleanUp, openEvents, temporaryFolder, until } from './harness';

let server: Server;
let hub: EventHub;
let socket: string;
let responses: ServerResponse[] = [];

async function serve(options: Partial<EventHub.IOptions> = {}): Promise<void> {
  hub = new EventHub({ boot: 'aa11', ...options });
  socket = join(temporaryFolder(), 's');
  responses = [];
  server = createServer((request, response) => {
    const lastId = request.headers['last-event-id'];
    responses.push(response);
    hub.attach(response, typeof lastId === 'string' ? lastId : undefined);
  });
  await new Promise<void>(resolve => server.listen(socket, resolve));
}

afterEach(async () => {
  hub.close();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  await cleanUp();
});

const log = (text: string): Parameters<EventHub['emit']>[0] => ({ type: 'log', subscription: 's', text, end: false });
const texts = (events: { type: string; data: Record<string, unknown> }[]): unknown[] =>
  events.filter(event => event.type === 'log').map(event => event.data['text']);

test('a new reader is greeted, and hears what comes with growing ids', async () => {
  await serve();
  hub.emit(log('before'));
  const stream = await openEvents(socket);
  expect(await stream.next(event => event.type === 'hello')).toEqual({
    id: 'aa11-1',
    type: 'hello',
    data: { boot: 'aa11' }
  });
  hub.emit(log('one\ntwo'));
  hub.emit(log('three'));
  await stream.next(event => event.id === 'aa11-3');
  expect(stream.events.slice(1)).toEqual([
    { id: 'aa11-2', type: 'log', data: { subscription: 's', text: 'one\ntwo', end: false } },
    { id: 'aa11-3', type: 'log', data: { subscription: 's', text: 'three', end: false } }
  ]);
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    'cache-control': 'no-cache, no-transform'
  });
});

test('a reader that comes back gets exactly what it missed', async () => {
  await serve();
  const first = await openEvents(socket);
  ['a', 'b', 'c'].forEach(text => hub.emit(log(text)));
  await first.next(event => event.id === 'aa11-3');
  first.close();
  ['d', 'e'].forEach(text => hub.emit(log(text)));
  const second = await openEvents(socket, 'aa11-2');
  await second.next(event => event.id === 'aa11-5');
  expect(second.events[0]).toEqual({ type: 'hello', data: { boot: 'aa11' } });
  expect(texts(second.events)).toEqual(['c', 'd', 'e']);
  expect(second.events.some(event => event.type === 'reset')).toBe(false);
  // Nothing missed: a greeting only.
  const third = await openEvents(socket, 'aa11-5');
  hub.emit(log('f'));
  await third.next(event => event.type === 'log');
  expect(texts(third.events)).toEqual(['f']);
});

test.each(['bb22-1', 'aa11-99', 'nonsense', 'aa11--1', 'aa11-1e3'])(
  'the unknown id %s is answered with reset',
  async id => {
    await serve();
    hub.emit(log('a'));
    const stream = await openEvents(socket, id);
    expect(await stream.next(event => event.type === 'reset')).toMatchObject({ id: 'aa11-1' });
  }
);

test('what is remembered is bounded: older ids are answered with reset', async () => {
  await serve({ maxStored: 3 });
  ['a', 'b', 'c', 'd', 'e'].forEach(text => hub.emit(log(text)));
  const old = await openEvents(socket, 'aa11-1');
  await old.next(event => event.type === 'reset');
  const known = await openEvents(socket, 'aa11-2');
  await known.next(event => event.id === 'aa11-5');
  expect(texts(known.events)).toEqual(['c', 'd', 'e']);
});

test('a slow reader is bounded, and told to load everything again', async () => {
  await serve({ maxPending: 64 * 1024 });
  const slow = await openEvents(socket);
  await slow.next(event => event.type === 'hello');
  slow.response.pause();
  let most = 0;
  const text = 'x'.repeat(10_000);
  for (let count = 0; count < 5000; count++) {
    hub.emit(log(text));
    most = Math.max(most, responses[0]?.writableLength ?? 0);
    if (count % 100 === 0) {
      await new Promise(resolve => setImmediate(resolve));
    }
  }
  // The limit, and the event that went over it.
  expect(most).toBeLessThan(64 * 1024 + 2 * text.length);
  expect(most).toBeGreaterThan(64 * 1024);
  slow.response.resume();
  await slow.next(event => event.type === 'reset');
  // Only when it has caught up is it sure to hear the next one.
  await until('the reader to have caught up', () => {
    hub.emit(log('after'));
    return texts(slow.events).at(-1) === 'after';
  });
  expect(texts(slow.events).length).toBeLessThan(500);
  // Whatever is left out is told: each event follows the one before, or a reset.
  let last = 0;
  for (const event of slow.events) {
    const number = Number(event.id?.split('-')[1]);
    if (event.type === 'log') {
      expect(number).toBe(last + 1);
    }
    last = number;
  }
});

test('a quiet stream is kept alive by comments', async () => {
  await serve({ keepAliveMilliseconds: 20 });
  const stream = await openEvents(socket);
  await until('two comments', () => stream.comments() >= 2);
});

test('going idle says bye and closes', async () => {
  await serve();
  const stream = await openEvents(socket);
  await stream.next(event => event.type === 'hello');
  hub.close({ bye: true });
  await stream.ended;
  expect(stream.events.at(-1)).toEqual({ type: 'bye', data: {} });
});

test('the number of readers is told', async () => {
  const counts: number[] = [];
  await serve({ onReaders: count => counts.push(count) });
  const stream = await openEvents(socket);
  stream.close();
  await until('the reader to be gone', () => hub.readers === 0);
  expect(counts).toEqual([1, 0]);
});
