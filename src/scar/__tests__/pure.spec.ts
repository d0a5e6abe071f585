import { bars, peak, total } from '../charts';
import { requestOf } from '../invoke';
import { curlLine, dollarsText, triggerText } from '../words';

const NOW = Date.parse('2026-01-02T12:00:00Z');

describe('bars', () => {
  it('end now, have one width, and add up what falls together', () => {
    const series = [
      { time: '2026-01-02T11:59:00Z', value: 2 },
      { time: '2026-01-02T11:58:00Z', value: 3 },
      { time: '2026-01-02T11:01:00Z', value: 1 },
      { time: '2026-01-01T00:00:00Z', value: 50 }
    ];
    const items = bars(series, { hours: 1, period: 60, now: NOW, merge: 'sum' });
    expect(items).toHaveLength(60);
    expect(items[59].value).toBe(2);
    expect(items[58].value).toBe(3);
    expect(items[1].value).toBe(1);
    expect(items[30].value).toBeUndefined();
    expect(peak(items)).toBe(3);
  });

  it('are never more than can be told apart', () => {
    const series = Array.from({ length: 1440 }, (_, index) => ({
      time: new Date(NOW - (index + 1) * 60_000).toISOString(),
      value: 1
    }));
    const items = bars(series, { hours: 24, period: 60, now: NOW, merge: 'sum' });
    expect(items.length).toBeLessThanOrEqual(96);
    expect(items.reduce((sum, bar) => sum + (bar.value ?? 0), 0)).toBe(total(series));
    expect(bars(series, { hours: 24, period: 60, now: NOW, merge: 'mean' })[50].value).toBe(1);
  });
});

describe('requestOf', () => {
  const form = { kind: 'text', text: '', via: 'lambda', async: false } as const;

  it('sends only what was given', () => {
    expect(requestOf(form)).toEqual({});
    expect(requestOf({ ...form, text: ' a ' })).toEqual({ text: ' a ' });
    expect(requestOf({ ...form, kind: 'json', text: '{"a": [1]}', async: true })).toEqual({
      json: { a: [1] },
      async: true
    });
    expect(requestOf({ ...form, kind: 'script', text: 'ls', via: 'api' })).toEqual({ script: 'ls', via: 'api' });
    expect(requestOf({ ...form, kind: 'file', text: 'left', file: { upload: 'u' } })).toEqual({
      file: { upload: 'u' }
    });
  });

  it('says what is no JSON', () => {
    expect(() => requestOf({ ...form, kind: 'json', text: '{a' })).toThrow(SyntaxError);
  });
});

it('quotes addresses for a shell', () => {
  expect(curlLine("https://a/it's")).toBe("curl -sS -X POST --data-binary @input.bin 'https://a/it'\\''s'");
});

it('writes small prices so that they say something', () => {
  expect([0, 0.0000021, 0.00999, 0.5, 12].map(dollarsText)).toEqual(['$0', '$0.0000021', '$0.01', '$0.50', '$12.00']);
});

it('writes what starts a function as a path', () => {
  expect(triggerText({ bucket: 'b', active: true })).toBe('b');
  expect(triggerText({ bucket: 'b', prefix: 'in/', suffix: '.jpg', active: true })).toBe('b/in/*.jpg');
});
