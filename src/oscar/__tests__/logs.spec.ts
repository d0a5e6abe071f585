import { Signal } from '@lumino/signaling';

import { parseSentinel } from '../../../backend-bridge/lib/fdl/epilogue';
import type { BridgeEvent } from '../../contract';
import { until } from '../../testing/fake';
import { LogFollower } from '../follow';
import { LogBuffer } from '../logs';

describe('LogBuffer', () => {
  const lines = (buffer: LogBuffer): string[] =>
    Array.from({ length: buffer.length }, (_, index) => buffer.line(index));

  it('joins pieces to lines', () => {
    const buffer = new LogBuffer();
    buffer.append('on');
    buffer.append('e\ntw');
    expect(lines(buffer)).toEqual(['one', 'tw']);
    buffer.append('o\n');
    expect(lines(buffer)).toEqual(['one', 'two']);
  });

  it('shows what a terminal would leave of colours and bars', () => {
    const buffer = new LogBuffer();
    buffer.append('\u001b[31mred\u001b[0m\r\n10 %\r50 %\r100 %\n\u001b]0;title\u0007x\n');
    expect(lines(buffer)).toEqual(['red', '100 %', 'x']);
  });

  it('keeps head and tail of a log without end and counts what it dropped', () => {
    const buffer = new LogBuffer({ limit: 300 });
    for (let index = 0; index < 10; index++) {
      buffer.append(Array.from({ length: 100 }, (_, line) => `${index * 100 + line}\n`).join(''));
    }
    expect(buffer.length).toBe(300);
    expect(buffer.dropped).toBe(700);
    expect(buffer.line(buffer.gap - 1)).toBe('99');
    expect(buffer.line(buffer.gap)).toBe('800');
    expect(buffer.line(299)).toBe('999');
  });

  it('hides what the script tells the bridge at its end, while it comes in pieces', () => {
    const log = 'one\nOSCAR-EXIT: 7\ntwo\n\nOSCAR-OUTPUT: a.txt\nOSCAR-OUTPUT: b c.png\nOSCAR-EXIT: 0\nuploaded\n';
    for (const size of [1, 7, 1000]) {
      const buffer = new LogBuffer();
      for (let at = 0; at < log.length; at += size) {
        buffer.append(log.slice(at, at + size));
        expect(buffer.text()).not.toContain('OSCAR-OUTPUT:');
      }
      expect(lines(buffer)).toEqual(['one', 'OSCAR-EXIT: 7', 'two', 'uploaded']);
      expect(buffer.text().trim()).toBe(parseSentinel(log).log.replace('two\n\n', 'two\n').trim());
    }
  });

  it('hides it with the times and the copies of a supervisor, too', () => {
    const buffer = new LogBuffer();
    const time = '2026-11-20T10:00:00.000000001Z';
    buffer.append(`${time} hello\n${time} \n${time} OSCAR-OUTPUT: x\n${time} OSCAR-EXIT: 0\n`);
    buffer.append(`2026-11-20 10:00:00,000 - supervisor - INFO - OSCAR-EXIT: 0\n`);
    expect(lines(buffer)).toEqual([`${time} hello`]);
  });

  it('bounds a line that never ends', () => {
    const buffer = new LogBuffer();
    for (let index = 0; index < 100; index++) {
      buffer.append('x'.repeat(10000));
    }
    expect(buffer.length).toBe(1);
    expect(buffer.line(0).length).toBeLessThanOrEqual(20001);
  });
});

describe('LogFollower', () => {
  class Bridge {
    events = new Signal<this, BridgeEvent>(this);
    lost = new Signal<this, void>(this);
    ended: string[] = [];
    answers: ((id: string) => void)[] = [];

    subscribeLog = (): Promise<string> => new Promise(resolve => this.answers.push(resolve));
    unsubscribeLog = async (id: string): Promise<void> => void this.ended.push(id);

    send(subscription: string, text: string, more: { end?: boolean; restart?: boolean } = {}): void {
      this.events.emit({ type: 'log', subscription, text, end: false, ...more });
    }
  }

  let bridge: Bridge;
  let follower: LogFollower;

  beforeEach(() => {
    bridge = new Bridge();
    follower = new LogFollower({
      source: bridge,
      events: bridge.events,
      lost: bridge.lost,
      cluster: 'local',
      service: 'ocr',
      job: 'ocr-1'
    });
  });

  afterEach(() => follower.dispose());

  it('takes events that overtake the answer, and none of other logs', async () => {
    bridge.send('s1', 'early\n');
    bridge.send('s2', 'not mine\n');
    bridge.answers[0]('s1');
    await until(() => expect(follower.buffer.text()).toBe('early'));
    bridge.send('s2', 'not mine\n');
    bridge.send('s1', 'later\n', { end: true });
    expect(follower.buffer.text()).toBe('early\nlater');
    expect(follower.ended).toBe(true);
  });

  it('forgets what came before a restart', async () => {
    bridge.answers[0]('s1');
    await until(() => expect(follower.buffer.length).toBe(0));
    await Promise.resolve();
    bridge.send('s1', 'old\n');
    bridge.send('s1', 'new\n', { restart: true });
    expect(follower.buffer.text()).toBe('new');
  });

  it('subscribes again when the bridge forgot about it', async () => {
    bridge.answers[0]('s1');
    await Promise.resolve();
    await Promise.resolve();
    bridge.send('s1', 'old\n');
    bridge.lost.emit();
    expect(bridge.answers.length).toBe(2);
    bridge.answers[1]('s9');
    await until(() => expect(follower.buffer.text()).toBe(''));
    bridge.send('s9', 'all\n');
    await until(() => expect(follower.buffer.text()).toBe('all'));
  });

  it('ends its subscription, also one that is answered too late', async () => {
    follower.dispose();
    bridge.answers[0]('s1');
    await until(() => expect(bridge.ended).toEqual(['s1']));
  });
});
