import { checkPipeline, filesOf, migrateFlow, readPipeline } from '../../src/pipelines';
import { flow, node, random, realPipelines } from './fixtures';

const PIECES = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\n', '\r\n', '\0', '\u2028', '\ud800', '😀', '\ufeff', 'null', 'true'],
  ...[
    '-1',
    '1e999',
    '0x1',
    '{}',
    '[]',
    '""',
    '"__proto__": 1,',
    '"links": [{}],',
    '"id": "a",',
    '"type": "super_node",'
  ],
  ...[
    '"subflow_ref": {"pipeline_id_ref": "primary"},',
    '"version": 3,',
    '"version": "7.5",',
    '"A=b=c"',
    '../',
    '/',
    '**',
    '[z-a]'
  ],
  ...['execution_node', 'binding', 'outPort', '_outPort', 'primary', '['.repeat(3000), 'x'.repeat(300)]
];

const VALUES: unknown[] = [
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'x',
  '__proto__',
  '../../x',
  'A=b',
  [],
  {},
  [null],
  [[]],
  [{}],
  { a: 1 },
  { widget: 'x', value: [] }
];

type Next = (below: number) => number;

/** Characters are cut, doubled, put in. */
function mutateText(text: string, next: Next): string {
  let result = text;
  for (let i = 1 + next(4); i > 0; i--) {
    const at = next(result.length + 1);
    const size = next(40);
    switch (next(4)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + size);
        break;
      case 1:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at, at + size) + result.slice(at);
        break;
      default:
        result = result.slice(0, at) + PIECES[next(PIECES.length)] + result.slice(at + size);
    }
  }
  return result;
}

/** Values are exchanged for others, so that what comes out still is JSON. */
function mutateValue(text: string, next: Next): string {
  const root: unknown = JSON.parse(text);
  for (let i = 1 + next(5); i > 0; i--) {
    let at: unknown = root;
    for (let depth = 2 + next(12); depth > 0 && typeof at === 'object' && at !== null; depth--) {
      const keys = Object.keys(at);
      if (keys.length === 0) {
        break;
      }
      const key = keys[next(keys.length)];
      const record = at as { [key: string]: unknown };
      if (depth === 1 || typeof record[key] !== 'object' || record[key] === null) {
        const choice = next(6);
        if (choice === 0) {
          delete record[key];
        } else if (choice === 1) {
          record[keys[next(keys.length)]] = record[key];
        } else {
          record[key] = JSON.parse(JSON.stringify(VALUES[next(VALUES.length)])) as unknown;
        }
        break;
      }
      at = record[key];
    }
  }
  return JSON.stringify(root, null, next(3));
}

const SEEDS = [
  flow({
    nodes: [
      node({
        id: 'a',
        parameters: {
          env_vars: ['A=b', { env_var: 'B', value: 'c' }],
          cpu: 1,
          dependencies: ['*.py'],
          outputs: ['o.csv'],
          kubernetes_secrets: ['E=s:k'],
          pipeline_parameters: ['p']
        }
      }),
      node({
        id: 'b',
        after: ['a'],
        op: 'oscar-service',
        parameters: { service: 'ocr', inputs: ['*.png'], oscar_target: 'edge' }
      }),
      node({ id: 's', op: 'execute-python-node', parameters: { filename: 'setup_client.py' } }),
      node({
        id: 'i',
        after: ['s', 'b'],
        parameters: { filename: 'invoke_service_x.ipynb', env_vars: [{ env_var: 'SERVICE_NAME', value: 'x' }] }
      })
    ],
    properties: {
      name: 'm',
      pipeline_defaults: { env_vars: ['D=1'] },
      pipeline_parameters: [{ name: 'p', default_value: { type: 'Integer', value: 1 } }]
    }
  }),
  ...realPipelines()
    .filter(({ name }) => /v1__|v3__|v6__|v7__drop|v8__producer|grayify/.test(name))
    .map(({ text }) => text)
];

function look(text: string): void {
  const lines = text.split('\n');
  const inside = (line: number, column: number) =>
    line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1].length + 1;
  const { pipeline, problems } = readPipeline(text, { file: 'm.pipeline' });
  const all = [...problems, ...migrateFlow(text).problems];
  if (pipeline) {
    const list = ['a.ipynb', 'x.py'];
    all.push(
      ...checkPipeline(pipeline, {
        files: { list: () => list, read: () => new Uint8Array() },
        clusterIds: ['edge'],
        services: ['ocr']
      })
    );
    filesOf(pipeline);
    const ids = new Set(pipeline.nodes.map(({ id }) => id));
    expect(ids.size).toBe(pipeline.nodes.length);
    expect(pipeline.nodes.every(({ label }) => label !== '')).toBe(true);
    expect(pipeline.edges.every(({ from, to }) => ids.has(from) && ids.has(to))).toBe(true);
    expect(new Set(pipeline.edges.map(({ from, to }) => JSON.stringify([from, to]))).size).toBe(pipeline.edges.length);
    JSON.stringify(pipeline);
  } else {
    expect(problems.length).toBeGreaterThan(0);
  }
  for (const problem of all) {
    expect(problem.message).toMatch(/\S/);
    expect([problem, inside(problem.line, problem.column), inside(problem.endLine, problem.endColumn)]).toEqual([
      problem,
      true,
      true
    ]);
    expect(
      problem.endLine > problem.line || (problem.endLine === problem.line && problem.endColumn >= problem.column)
    ).toBe(true);
  }
}

const COUNT = Number(process.env.PIPELINE_MUTATIONS ?? 3000);
const SEED = Number(process.env.PIPELINE_MUTATION_SEED ?? Date.now() % 1_000_000);

it(
  `${COUNT} mutations: never an exception, nodes are told apart, places lie in the text (PIPELINE_MUTATION_SEED=${SEED})`,
  () => {
    const next = random(SEED);
    for (let i = 0; i < COUNT; i++) {
      const seed = SEEDS[next(SEEDS.length)];
      const text = next(2) === 0 ? mutateText(seed, next) : mutateValue(seed, next);
      const began = performance.now();
      try {
        look(text);
      } catch (error) {
        throw new Error(`Mutation ${i} of seed ${SEED}: ${String(error)}\n${text.slice(0, 5000)}`, { cause: error });
      }
      if (performance.now() - began > 5000) {
        throw new Error(`Mutation ${i} of seed ${SEED} took ${Math.round(performance.now() - began)} ms`);
      }
    }
  },
  60_000 + COUNT * 20
);

it('values that are nested as deep as JSON allows', () => {
  const deep = (open: string, close: string, count: number) => open.repeat(count) + close.repeat(count);
  const text = flow({
    nodes: [node({ id: 'a', parameters: { filename: 'HERE', cpu: 'HERE', odd: 'HERE', env_vars: 'HERE' } })]
  });
  for (const value of [deep('[', ']', 5000), deep('{"a":', '}', 5000).replace(/:\}/, ':1}'), deep('[', ']', 200_000)]) {
    look(text.replace(/"HERE"/g, value));
  }
  look('['.repeat(1_000_000));
  look(`{"pipelines": ${'[{"nodes":'.repeat(100_000)}`);
});
