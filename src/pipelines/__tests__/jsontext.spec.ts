import { patchJson, sameJson } from '../jsontext';

describe('patchJson', () => {
  it('changes one value and nothing else', () => {
    const text = '{\n\t"b": 1.50,\n\t"a": [1,2 , 3],\n\t"u": "\\u00e9"\n}\n';
    expect(patchJson(text, { b: 1.5, a: [1, 2, 4], u: 'é' })).toBe(
      '{\n\t"b": 1.50,\n\t"a": [1,2 , 4],\n\t"u": "\\u00e9"\n}\n'
    );
  });

  it('puts new properties at the end, indented as the others', () => {
    const text = '{\n    "a": {\n        "x": 1\n    }\n}';
    expect(patchJson(text, { a: { x: 1, y: { z: [] } } })).toBe(
      '{\n    "a": {\n        "x": 1,\n        "y": {\n            "z": []\n        }\n    }\n}'
    );
  });

  it('knows elements by their id', () => {
    const text = '[\n  {"id": "a", "v": 1},\n  {"id": "b", "v": 2}\n]';
    expect(patchJson(text, [{ id: 'b', v: 3 }])).toBe('[\n  {"id": "b", "v": 3}\n]');
    expect(
      patchJson(text, [
        { id: 'a', v: 1 },
        { id: 'n', v: 0 },
        { id: 'b', v: 2 }
      ])
    ).toBe('[\n  {"id": "a", "v": 1},\n  {\n    "id": "n",\n    "v": 0\n  },\n  {"id": "b", "v": 2}\n]');
  });

  it('keeps a text without line ends so, and line ends of Windows', () => {
    expect(patchJson('{"a":1,"b":[]}', { a: 1, b: [{ c: 1 }] })).toBe('{"a":1,"b":[{"c": 1}]}');
    expect(patchJson('{\r\n  "a": 1\r\n}', { a: 1, b: 2 })).toBe('{\r\n  "a": 1,\r\n  "b": 2\r\n}');
  });

  it('writes anew what cannot be read', () => {
    expect(JSON.parse(patchJson('', { a: 1 }))).toEqual({ a: 1 });
  });

  it('gives back the value, whatever is changed', () => {
    let seed = 7;
    const random = (limit: number): number => (seed = (seed * 48271) % 2147483647) % limit;
    const make = (depth: number): unknown => {
      switch (random(depth > 3 ? 3 : 6)) {
        case 0:
          return random(1000) / 8;
        case 1:
          return 'text "with" \\ and \u{1f600} ' + String(random(9));
        case 2:
          return random(2) === 0 ? null : true;
        case 3:
          return Array.from({ length: random(4) }, () => make(depth + 1));
        case 4:
          return Array.from({ length: random(4) }, () => ({ id: String(random(5)), v: make(depth + 1) }));
        default:
          return Object.fromEntries(Array.from({ length: random(4) }, () => [`k${random(6)}`, make(depth + 1)]));
      }
    };
    for (let turn = 0; turn < 500; turn++) {
      const before = make(0);
      const after = make(0);
      const text = JSON.stringify(before, null, random(3) * 2);
      expect(JSON.parse(patchJson(text, after))).toEqual(after);
      expect(patchJson(text, before)).toBe(text);
    }
  });
});

describe('sameJson', () => {
  it('takes what is undefined for what is not there', () => {
    expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameJson({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(sameJson([1], { 0: 1 })).toBe(false);
  });
});
