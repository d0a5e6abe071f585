import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFdl, parseFdl, planFdl, redactService, toService } from '../../src/fdl';
import { fdl } from './fixtures';

/** A small generator with a seed, so that a failure can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  '\n',
  '\t',
  ' ',
  ':',
  '- ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '<<: *a\n',
  '|',
  '>',
  '#',
  '!',
  '%',
  '@',
  '---\n',
  '...\n',
  '\0',
  '\r\n',
  'é',
  '😀',
  '\ufeff',
  '1e999',
  '.nan',
  'null',
  'true',
  '~',
  'name: x\n',
  '  ',
  '__proto__: ',
  '? ',
  '0x1',
  '-1',
  '\\',
  '/',
  '..',
  '../',
  'minio.',
  'é'.repeat(50),
  'a'.repeat(300)
];

const EXAMPLES = join(__dirname, '../../../examples/services');
const SEEDS = [
  ...['ocr', 'grayify-ocr', 'embed'].map(name => readFileSync(join(EXAMPLES, name, 'fdl.yaml'), 'utf8')),
  fdl(
    "memory: 1Gi\ncpu: '1.0'\nlog_level: INFO\nvisibility: restricted\nallowed_users: [a]\nisolation_level: USER\nsynchronous: {min_scale: 0, max_scale: 3}\ninput:\n- storage_provider: minio.default\n  path: cowsay/in\noutput:\n- storage_provider: s3.x\n  path: b/out\n  suffix: [.png]\nenvironment:\n  variables: {A: b}\n  secrets: {T: s}\nlabels: {a: b}\nmount: {storage_provider: minio, path: data}\nvolume: {name: v, size: 1Gi, mount_path: /data}\nfederation:\n  topology: star\n  members:\n  - {type: endpoint, url: 'https://x'}\nexpose: {min_scale: 1, max_scale: 2, cpu_threshold: 80, api_port: [80], nodePort: [30000]}\nkserve: {type: inference, storage_uri: x}",
    'storage_providers:\n  s3: {x: {access_key: a, secret_key: b, region: c}}\nclusters:\n  b: {endpoint: https://b, auth_user: u, auth_password: p}\n'
  )
];

function mutate(text: string, next: (below: number) => number): string {
  let result = text;
  for (let i = 1 + next(4); i > 0; i--) {
    const at = next(result.length + 1);
    const size = next(12);
    switch (next(6)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + size);
        break;
      case 1:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at + size);
        break;
      case 3: {
        const lines = result.split('\n');
        const line = next(lines.length);
        lines.splice(next(lines.length), 0, lines[line]);
        result = lines.join('\n');
        break;
      }
      case 4: {
        const lines = result.split('\n');
        lines.splice(next(lines.length), 1 + next(3));
        result = lines.join('\n');
        break;
      }
      default: {
        const lines = result.split('\n');
        const line = next(lines.length);
        lines[line] = next(2) === 0 ? ' '.repeat(next(8)) + lines[line] : lines[line].slice(next(6));
        result = lines.join('\n');
      }
    }
  }
  return result;
}

describe('random changes of valid files', () => {
  it('never throw, and every place is inside the file', () => {
    const count = Number(process.env.FDL_MUTATIONS ?? 20_000);
    const next = random(20261121);
    let withProblems = 0;
    for (let i = 0; i < count; i++) {
      const text = mutate(SEEDS[i % SEEDS.length], next);
      const lines = text.split('\n').map(line => line.length);
      try {
        const { document, problems } = parseFdl(text, { file: 'f' });
        const scripts = { 'script.sh': i % 3 === 0 ? null : '#!/bin/sh\necho\n' };
        const found = [
          ...problems,
          ...checkFdl(document, {
            scripts,
            processRuntime: true,
            version: ['4.1.2', '3.6.0', undefined][i % 3],
            clusterIds: ['local']
          })
        ];
        for (const entry of document.oscar) {
          redactService(toService(entry, { document, version: ['3.2', '4.0', '4.1'][i % 3] }));
        }
        if (i % 4 === 0) {
          planFdl({
            document,
            deployed: [],
            buckets: [],
            scripts: { 'script.sh': 'x', 'grey.sh': 'x', 'read.sh': 'x' }
          });
        }
        withProblems += found.length > 0 ? 1 : 0;
        for (const problem of found) {
          const good =
            problem.line >= 1 &&
            problem.column >= 1 &&
            problem.endLine >= problem.line &&
            problem.endLine <= lines.length &&
            problem.column <= lines[problem.line - 1] + 1 &&
            problem.endColumn <= lines[problem.endLine - 1] + 1 &&
            (problem.endLine > problem.line || problem.endColumn >= problem.column);
          if (!good) {
            throw new Error(`outside: ${JSON.stringify(problem)}`);
          }
        }
      } catch (error) {
        throw new Error(`change ${i}: ${String((error as Error).stack)}\n${JSON.stringify(text)}`);
      }
    }
    // Most changes of a file do some harm: the check is not asleep.
    expect(withProblems / count).toBeGreaterThan(0.6);
  }, 300_000);
});
