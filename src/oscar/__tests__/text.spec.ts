import { parse } from 'yaml';

import { fdlText } from '../fdltext';
import { invokeCell, relativePath } from '../python';
import { suggestId } from '../suggest';
import { bytesText, durationText, givenName, jobSeconds } from '../words';

describe('words', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1550, '1.6 kB'],
    [99400, '99.4 kB'],
    [99949, '100 kB'],
    [312e6, '312 MB'],
    [999.9e6, '1 GB'],
    [2e15, '2000 TB']
  ])('%s bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, '< 1 s'],
    [0.04, '< 0.1 s'],
    [0.06, '0.1 s'],
    [0.44, '0.4 s'],
    [9.96, '10 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [7500, '2 h 5 min']
  ])('%s seconds are %s', (seconds, text) => expect(durationText(seconds)).toBe(text));

  it('counts a running job to now, an ended one to its end, a waiting one not', () => {
    const base = { id: 'a', kind: 'service', cluster: 'c', service: 's' } as const;
    const startedAt = '2026-01-01T00:00:00Z';
    const now = Date.parse('2026-01-01T00:01:00Z');
    expect(jobSeconds({ ...base, state: 'running', startedAt }, now)).toBe(60);
    expect(jobSeconds({ ...base, state: 'failed', startedAt, finishedAt: '2026-01-01T00:00:02Z' }, now)).toBe(2);
    expect(jobSeconds({ ...base, state: 'pending' }, now)).toBeUndefined();
  });
});

describe('givenName', () => {
  it.each([
    ['page-04b513d4.png', 'page.png'],
    ['page-04b513d4', 'page'],
    ['page-04b513d4.tar.gz', 'page.tar.gz'],
    ['.page-04b513d4.png', '.page.png'],
    ['page-04b513d4-2.png', 'page-04b513d4-2.png'],
    ['my-holiday.jpg', 'my-holiday.jpg']
  ])('%s was %s', (name, given) => expect(givenName(name)).toBe(given));
});

describe('fdlText', () => {
  it('writes what a YAML reader reads as the same service', () => {
    const definition = {
      name: 'ocr',
      image: 'ghcr.io/x/ocr:latest',
      cpu: '1.0',
      memory: '1Gi',
      token: 'secret',
      alpine: false,
      labels: {},
      synchronous: { min_scale: 0, max_scale: 0 },
      script: '#!/bin/sh\n\necho "a: b"\n  indented\n',
      environment: {
        variables: { ODD: ' x ', YES: 'yes', COLON: 'a: b', LINES: 'a\n\n', TAB: 'a\tb\nc' },
        secrets: {}
      },
      input: [{ storage_provider: 'minio.default', path: 'ocr/input', suffix: ['.png', '*.jpg'] }],
      expose: { min_scale: 1, api_port: [8000] }
    };
    const text = fdlText('local', definition);
    expect(text).not.toContain('secret');
    expect(parse(text)).toEqual({
      functions: {
        oscar: [
          {
            local: {
              name: 'ocr',
              image: 'ghcr.io/x/ocr:latest',
              cpu: '1.0',
              memory: '1Gi',
              script: definition.script,
              environment: { variables: definition.environment.variables },
              input: definition.input,
              expose: definition.expose
            }
          }
        ]
      }
    });
  });
});

describe('python', () => {
  it('writes names as Python literals', () => {
    expect(invokeCell('local', 'ocr', 'a "b"\\c\n.png')).toContain(
      'oscar.cluster("local").service("ocr").invoke("a \\"b\\"\\\\c\\n.png")'
    );
  });

  it.each([
    ['', 'data/page.png', 'data/page.png'],
    ['notebooks', 'data/page.png', '../data/page.png'],
    ['a/b', 'a/b/c.png', 'c.png'],
    ['a/b', 'a/c.png', '../c.png']
  ])('from %s to %s is %s', (from, file, path) => expect(relativePath(from, file)).toBe(path));
});

describe('suggestId', () => {
  it.each([
    ['https://oscar.example.org/path', 'oscar'],
    ['http://user@My_Cluster:8080', 'my-cluster'],
    ['http://10.0.0.7:9000', 'cluster-10-0-0-7']
  ])('%s becomes %s', (endpoint, id) => expect(suggestId(endpoint)).toBe(id));
});
