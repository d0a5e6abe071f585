import type { BridgeEvent } from '../../contract';
import { FakeDocument, FakeServer, until } from '../../testing/fake';
import { EventStream } from '../events';
import { SseParser } from '../sse';

describe('SseParser', () => {
  it('takes messages that come in any pieces', () => {
    const text = ': hi\nid: b-1\r\nevent: job\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: bye\ndata: {}\n\n';
    for (let size = 1; size <= text.length; size++) {
      const parser = new SseParser();
      const messages = [];
      for (let at = 0; at < text.length; at += size) {
        messages.push(...parser.push(text.slice(at, at + size)));
      }
      expect(messages).toEqual([
        { id: 'b-1', event: 'job', data: '{"a":\n1}' },
        { id: 'b-1', event: 'bye', data: '{}' }
      ]);
    }
  });

  it('gives nothing for comments and for an id alone', () => {
    expect(new SseParser().push(': keep\n\nid: b-7\n\n')).toEqual([]);
  });
});

describe('EventStream', () => {
  let server: FakeServer;
  let doc: FakeDocument;
  let stream: EventStream;
  let events: BridgeEvent[];

  function make(options: Partial<EventStream.IOptions> = {}): void {
    stream = new EventStream({ source: server.client(), document: doc.asDocument(), delay: () => 1, ...options });
    events = [];
    stream.received.connect((_, event) => void events.push(event));
  }

  beforeEach(() => {
    server = new FakeServer();
    doc = new FakeDocument();
    make();
  });

  afterEach(() => stream.dispose());

  async function connect(): Promise<void> {
    stream.open();
    await until(() => expect(server.streams.length).toBe(1));
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(stream.state).toBe('live'));
  }

  it('asks for nothing before it is opened', async () => {
    doc.show(false);
    doc.show(true);
    await Promise.resolve();
    expect(server.requests).toEqual([]);
  });

  it('gives events with their type', async () => {
    await connect();
    server.stream.send('job', { cluster: 'local', id: 'ocr-1', job: null });
    await until(() => expect(events.length).toBe(2));
    expect(events).toEqual([
      { type: 'hello', boot: 'b' },
      { type: 'job', cluster: 'local', id: 'ocr-1', job: null }
    ]);
  });

  it('goes on after the last event when the connection breaks', async () => {
    await connect();
    server.stream.send('reset', {}, 'b-41');
    await until(() => expect(events.length).toBe(2));
    server.stream.end();
    await until(() => expect(server.streams.length).toBe(2));
    expect(stream.state).toBe('broken');
    expect(server.stream.lastEventId).toBe('b-41');
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(stream.state).toBe('live'));
  });

  it('backs off further with each failure and starts over when it was live', async () => {
    const attempts: number[] = [];
    make({ delay: attempt => (attempts.push(attempt), 1) });
    await connect();
    let failures = 3;
    server.routes['GET bridge'] = () => {
      if (failures-- > 0) {
        throw new TypeError('network');
      }
      return { state: 'running' };
    };
    server.stream.end();
    await until(() => expect(server.streams.length).toBe(2));
    expect(attempts).toEqual([0, 1, 2, 3]);
    server.stream.send('hello', { boot: 'b' });
    await until(() => expect(stream.state).toBe('live'));
    server.stream.end();
    await until(() => expect(attempts).toEqual([0, 1, 2, 3, 0]));
  });

  it('closes while the tab is hidden and resumes when it is shown', async () => {
    await connect();
    const first = server.stream;
    doc.show(false);
    await until(() => expect(first.closed).toBe(true));
    expect(stream.state).toBe('closed');
    expect(server.streams.length).toBe(1);
    doc.show(true);
    await until(() => expect(server.streams.length).toBe(2));
    expect(server.stream.lastEventId).toBe('b-1');
  });

  it('does not connect when it is opened in a hidden tab', async () => {
    doc.show(false);
    stream.open();
    expect(server.requests).toEqual([]);
    doc.show(true);
    await until(() => expect(server.streams.length).toBe(1));
  });

  it('lets a bridge sleep that went idle while the tab was hidden', async () => {
    await connect();
    doc.show(false);
    server.routes['GET bridge'] = { state: 'idle' };
    doc.show(true);
    await until(() => expect(stream.state).toBe('asleep'));
    expect(server.streams.length).toBe(1);
  });

  it('does not come back after bye until it is opened', async () => {
    await connect();
    server.stream.send('bye', {});
    server.stream.end();
    await until(() => expect(stream.state).toBe('asleep'));
    doc.show(false);
    doc.show(true);
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(server.streams.length).toBe(1);
    stream.open();
    await until(() => expect(server.streams.length).toBe(2));
  });

  it('says why the bridge cannot be started', async () => {
    await connect();
    const problem = { type: 'urn:x', title: 'Node.js was not found', status: 503, detail: '' };
    server.routes['GET bridge'] = { state: 'failed', problem };
    server.stream.end();
    await until(() => expect(stream.state).toBe('failed'));
    expect(stream.problem).toEqual(problem);
  });

  it('takes a connection that is silent for too long as lost', async () => {
    make({ silence: 30 });
    await connect();
    await until(() => expect(server.streams.length).toBe(2));
  });

  it('skips what it cannot read', async () => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await connect();
    server.stream.write('event: job\ndata: {broken\n\n');
    server.stream.send('reset', {});
    await until(() => expect(events.map(event => event.type)).toEqual(['hello', 'reset']));
    expect(error).toHaveBeenCalledTimes(1);
    error.mockRestore();
  });

  it('ends for good when it is disposed', async () => {
    await connect();
    stream.dispose();
    await until(() => expect(server.stream.closed).toBe(true));
    doc.show(false);
    doc.show(true);
    stream.open();
    expect(server.streams.length).toBe(1);
  });
});
