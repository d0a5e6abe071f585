import { imAuthorization } from '../../src/infrastructure/authorization';

/** As a server from 1.19.1 on reads the header: line ends first, then JSON. */
function readAsServer(header: string): unknown {
  const lines = header.replaceAll('\\\\n', '\n').split('\\n');
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]);
}

const ODD = [
  'plain',
  'a=b;c\'d"e ñ',
  'back\\slash',
  'back\\nslash',
  'line\nend',
  'line\r\nend\\',
  '\\\\n',
  '-----BEGIN KEY-----\nAB==\n-----END KEY-----\n',
  '日本 \u{1f600} \u2028',
  '\u007f\t',
  '{"a": [1]}'
];

describe('JSON form', () => {
  it.each(ODD)('gives back %j', value => {
    const items: Record<string, string>[] = [
      { type: 'InfrastructureManager', username: value, password: value },
      { id: 'c', type: 'OpenStack', password: value }
    ];
    const header = imAuthorization(items, '2.0.0');
    // As a header may be.
    expect(header).toMatch(/^[\x20-\x7e]*$/);
    expect(header).not.toContain('\\n');
    expect(readAsServer(header)).toEqual(items);
  });

  it('gives back any text', () => {
    let seed = 7;
    const letters = ['\\', 'n', '"', "'", '\n', '\r', '=', ';', 'ñ', ' ', 'a', '\ud83d\ude00', '\u0000'];
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: round % 12 }, () => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return letters[seed % letters.length];
      }).join('');
      expect(readAsServer(imAuthorization([{ type: 'x', value: text }]))).toEqual([{ type: 'x', value: text }]);
    }
  });
});

describe('line form of old servers', () => {
  it.each([
    ['a=b;c', "id = 'c'; password = 'a=b;c'"],
    ["it's", "id = 'c'; password = \"it's\""],
    ['two\nlines', "id = 'c'; password = 'two\\\\nlines'"]
  ])('quotes %j', (value, line) => {
    expect(imAuthorization([{ id: 'c', password: value }], '1.18.0')).toBe(line);
  });

  it('joins the objects by two characters', () => {
    expect(imAuthorization([{ type: 'a' }, { type: 'b' }], '1.19.0')).toBe("type = 'a'\\ntype = 'b'");
  });

  it.each(['1.19.1', '1.19.2', '1.20', '2.0.0', 'unknown'])('is not for %s', version => {
    expect(imAuthorization([{ type: 'a' }], version)).toBe('[{"type":"a"}]');
  });

  it.each([`both ' and "`, 'ñ'])('refuses %j, which it would cut', value => {
    expect(() => imAuthorization([{ password: value }], '1.18.0')).toThrow(/cannot be sent/);
  });
});

it.each(['file(/etc/passwd)', ' command (id)'])('refuses %j', value => {
  expect(() => imAuthorization([{ password: value }], '2.0.0')).toThrow(/take as an order/);
});
