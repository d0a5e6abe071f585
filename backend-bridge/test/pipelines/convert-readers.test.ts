import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertPipeline, filesOf, readPipeline, RUNNER } from '../../src/pipelines';
import { convert, filesFrom, node, pipeline } from './convert-support';
import { writeFiles } from './script-support';

const PYTHON = join(__dirname, '../../../.venv/bin/python');

it('oscar-python reads the FDL with its scripts, PyYAML sees the same texts, botocore signs the same', () => {
  const odd = [
    'yes',
    '1e3',
    "it's",
    'a: b',
    '# no',
    '- x',
    '0x1F',
    '12:30',
    'null',
    '~',
    ' lead',
    'ü\u2028x',
    'two\nlines',
    '"q"',
    '%y',
    '@a',
    '`b',
    '😀'
  ];
  const result = convert(
    pipeline(
      [
        node('a', { command: 'ls', variables: Object.fromEntries(odd.map((value, i) => [`V${i}`, value])) }),
        node('b', { command: 'echo "ü"', label: 'Zwei: #2 “x”\n---', comments: ['...\n%YAML 1.1\u0085x'] })
      ],
      ['a>b']
    )
  );
  const folder = mkdtempSync(join(tmpdir(), 'oscar-readers-'));
  writeFiles(folder, Object.fromEntries(result.files.map(file => [file.path, String(file.content)])));
  writeFiles(folder, { 'run.py': RUNNER });
  // Signatures for S3 are checked by our own endpoint wherever a script runs; that of other services differs in the path.
  const cases = [['lambda', 'POST', '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations', '{}']];
  const child = spawnSync(PYTHON, [join(__dirname, 'convert-readers.py')], {
    cwd: folder,
    input: JSON.stringify({
      fdl: join(folder, 'fdl.yaml'),
      folder,
      cases
    }),
    encoding: 'utf8'
  });
  rmSync(folder, { recursive: true, force: true });
  expect([child.status, child.status === 0 ? '' : child.stderr]).toEqual([0, '']);
  const seen = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '') as {
    last: { name: string };
    services: { name: string; script: string; cpu: string; environment?: { variables: object } }[];
    signatures: [string, string][];
  };
  expect(seen.services.map(service => service.name)).toEqual(result.services.map(service => service.service));
  expect(seen.last.name).toBe(result.services[1].service);
  expect(seen.services[0].environment?.variables).toEqual(Object.fromEntries(odd.map((value, i) => [`V${i}`, value])));
  expect(seen.services.every(service => service.cpu === '1' && service.script.startsWith('#!/bin/sh\n'))).toBe(true);
  seen.signatures.forEach(([ours, theirs]) => expect(ours).toBe(theirs));
});

it('the example of the reference becomes the services that it describes', () => {
  const file = 'convert-demo.pipeline';
  const read = readPipeline(readFileSync(join(__dirname, file), 'utf8'), { file });
  if (!read.pipeline) {
    throw new Error(JSON.stringify(read.problems));
  }
  const needed = filesOf(read.pipeline).filter(need => !need.path.endsWith('requirements.txt'));
  const files = Object.fromEntries(needed.map(need => [need.path.replace('*', 'x'), 'x']));
  const result = convertPipeline(read.pipeline, { files: filesFrom(files), target: 'oscar', cluster: 'my-cluster' });
  expect(result.report.problems.filter(problem => problem.severity === 'error')).toEqual([]);
  expect(result.fdl).toMatchSnapshot();
  expect(result.report.nodes).toMatchSnapshot();
});
