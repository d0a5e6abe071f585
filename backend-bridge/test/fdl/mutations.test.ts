import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFdl, parseFdl, planFdl, redactService, toService } from '../../src/fdl';
import * as editor from '../../src/fdl/editor';
import { fdl } from './fixtures';

const AWS = `functions:
  aws:
  - lambda:
      name: grey
      runtime: python3.11 # how
      memory: 1024
      timeout: 60
      init_script: s.sh
      environment: {Variables: {A: b}}
      container:
        image: grycap/imagemagick
        timeout_threshold: 10
      input:
      - {storage_provider: s3, path: b-one/in}
      output:
      - storage_provider: s3.mine
        path: b-two/out
        suffix: [.png]
    iam: {role: 'arn:aws:iam::123456789012:role/x'}
    batch:
      vcpus: 1
      multi_node_parallel: {enabled: true, number_nodes: 2}
      compute_resources: {subnets: [a], max_v_cpus: 4, instance_types: [g4dn.xlarge]}
  oscar:
  - edge:
      name: send
      image: a/b
      script: s.sh
      replicas:
      - type: oscar
        cluster_id: b
        service_name: send
      environment:
        Variables:
          A: 010
      output: [{storage_provider: s3.mine, path: b-one/in}]
storage_providers:
  s3:
    mine: {access_key: x, secret_key: x, region: us-east-1}
`;

interface IRangeLike {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** All that the editor does with a text; every range that it answers. */
function edit(text: string, turn: number, next: (below: number) => number): IRangeLike[] {
  const lines = text.split('\n');
  const line = 1 + next(lines.length + 1);
  const position = { line, column: 1 + next((lines[line - 1] ?? '').length + 2) };
  const { document, problems } = editor.lint(text, { file: 'f' });
  const known = { services: ['a'], buckets: ['b/c'], images: ['d'], clusterIds: ['e'], scripts: ['s.sh'] };
  const completions = editor.complete(document, position, known);
  const hover = editor.hover(document, position);
  const flat = (items: editor.IOutlineItem[]): IRangeLike[] =>
    items.flatMap(item => [item.range, item.selection, ...flat(item.children)]);
  // The dear ones in turn.
  let renamed: editor.IEdit[] = [];
  switch (turn % 4) {
    case 0:
      renamed = editor.renameService(text, editor.serviceAt(document, position) ?? 'cowsay', 'another').edits;
      break;
    case 1:
      editor.lint(editor.convertVersion(text, (['3.x', '4.0', '4.1'] as const)[next(3)]).text);
      break;
    case 2: {
      const formatted = editor.format(text);
      if (editor.format(formatted) !== formatted) {
        throw new Error(`not stable:\n${formatted}`);
      }
      break;
    }
    default:
      editor.lint(editor.applyEdits(text, editor.fixAll(problems)));
  }
  return [
    ...completions.map(item => item.range),
    ...(hover ? [hover.range] : []),
    ...flat(editor.outline(document)),
    ...editor.links(document).map(item => item.range),
    ...editor.foldings(document).map(({ from, to }) => ({ line: from, column: 1, endLine: to, endColumn: 1 })),
    ...renamed,
    ...problems.flatMap(problem => problem.fix?.edits ?? [])
  ];
}

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
  AWS,
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
    const count = Number(process.env.FDL_MUTATIONS ?? 3_000);
    const seed = Number(process.env.FDL_SEED ?? Date.now() % 2 ** 31);
    process.stderr.write(`FDL_SEED=${seed} FDL_MUTATIONS=${count}\n`);
    const next = random(seed);
    let slowest = 0;
    let withProblems = 0;
    for (let i = 0; i < count; i++) {
      const text = mutate(SEEDS[i % SEEDS.length], next);
      const lines = text.split('\n').map(line => line.length);
      const began = performance.now();
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
        for (const problem of [...found, ...edit(text, Math.floor(i / SEEDS.length), next)]) {
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
        throw new Error(`seed ${seed}, change ${i}: ${String((error as Error).stack)}\n${JSON.stringify(text)}`);
      }
      slowest = Math.max(slowest, performance.now() - began);
    }
    // A hang would show here: everything that the editor does, on files of 50 lines, with other programs on the machine.
    expect(slowest).toBeLessThan(5000);
    // Most changes of a file do some harm: the check is not asleep.
    expect(withProblems / count).toBeGreaterThan(0.6);
  }, 3_600_000);
});
