/**
 * Reading, checking and converting pipelines of 10 to 5,000 nodes, with a file for each node: text in, services out. `theirs` is the npm
 * library of Elyra's editor, which migrates and validates the same text (it converts nothing). The last row compares
 * the time of one node among many and among few: whether it grows with their number only.
 */
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { emit, median, ms, spread } from './lib/cluster.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const SIZES = [10, 100, 1000, 5000];

/** The pure room as one module. */
async function load() {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-'));
  const outfile = join(folder, 'pipelines.cjs');
  await build({
    entryPoints: [new URL('../backend-bridge/src/pipelines/index.ts', import.meta.url).pathname],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    outfile
  });
  const language = createRequire(import.meta.url)(outfile);
  rmSync(folder, { recursive: true, force: true });
  return language;
}

/** A file of version 7 as an editor writes it: layers of ten, each node takes what two before it made. */
function pipelineOf(count) {
  const ports = links => [
    { id: 'inPort', app_data: { ui_data: { label: 'Input Port' } }, ...(links.length > 0 ? { links } : {}) }
  ];
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: `node-${index}`,
    type: 'execution_node',
    op: index % 3 === 0 ? 'execute-notebook-node' : 'execute-python-node',
    app_data: {
      component_parameters: {
        filename: `work/step-${index}.${index % 3 === 0 ? 'ipynb' : 'py'}`,
        runtime_image: 'registry.example/python:3',
        dependencies: ['util.py'],
        include_subdirectories: false,
        outputs: [`out-${index}.csv`],
        env_vars: [`STEP=${index}`],
        cpu: 1,
        memory: 2
      },
      label: `Step ${index}`,
      ui_data: {
        label: `Step ${index}`,
        image: '/static/elyra/notebook.svg',
        x_pos: index,
        y_pos: index,
        description: 'A step'
      }
    },
    inputs: ports(
      [index - 10, index - 11]
        .filter(from => from >= 0)
        .map(from => ({ id: `link-${from}-${index}`, node_id_ref: `node-${from}`, port_id_ref: 'outPort' }))
    ),
    outputs: [{ id: 'outPort', app_data: { ui_data: { label: 'Output Port' } } }]
  }));
  const text = JSON.stringify(
    {
      doc_type: 'pipeline',
      version: '3.0',
      id: 'bench',
      primary_pipeline: 'primary',
      pipelines: [
        {
          id: 'primary',
          nodes,
          app_data: { version: 7, ui_data: { comments: [] }, properties: { name: 'bench', runtime: 'Generic' } },
          runtime_ref: ''
        }
      ],
      schemas: []
    },
    undefined,
    2
  );
  const encode = content => new TextEncoder().encode(content);
  const content = new Map(
    nodes.map(({ app_data: data }, index) => [
      data.component_parameters.filename,
      encode(
        index % 3 === 0 ? `{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}` : `print(${index})\n`
      )
    ])
  );
  content.set('work/util.py', encode('pass\n'));
  const list = [...content.keys()].sort();
  return { text, files: { list: () => list, read: path => content.get(path) } };
}

const { readPipeline, checkPipeline, convertPipeline } = await load();

function ours({ text, files }, count) {
  const began = process.hrtime.bigint();
  const { pipeline } = readPipeline(text, { file: 'bench.pipeline' });
  const problems = checkPipeline(pipeline, { files });
  const { services } = convertPipeline(pipeline, { files, target: 'oscar' });
  const time = ms(began);
  if (services.length !== count || problems.some(({ severity }) => severity === 'error')) {
    throw new Error(`${services.length} of ${count} nodes: ${problems[0]?.message}`);
  }
  return time;
}

const library = createRequire(import.meta.url)('@elyra/pipeline-services');
const PALETTE = ['execute-notebook-node', 'execute-python-node'].map(op => ({
  op,
  app_data: {
    properties: { properties: { component_parameters: { properties: {}, required: ['filename', 'runtime_image'] } } }
  }
}));

function theirs({ text }) {
  const began = process.hrtime.bigint();
  const migrated = library.migrate(JSON.parse(text));
  library.validate(JSON.stringify(migrated), PALETTE);
  return ms(began);
}

// It tells each of its steps, on stdout, where the rows go.
console.debug = () => undefined;
const times = (work, rounds = ROUNDS) => Array.from({ length: rounds }, work);
const medians = {};
for (const count of SIZES) {
  const made = pipelineOf(count);
  ours(made, count);
  const mine = times(() => ours(made, count));
  // Seconds for each of the large ones.
  const other = times(() => theirs(made), count < 1000 ? ROUNDS : 1);
  medians[count] = median(mine);
  emit({
    name: `pipelines: read, check, convert ${count.toLocaleString('en')} nodes (ms)`,
    against: '@elyra/pipeline-services: migrate, validate',
    ours: median(mine),
    theirs: median(other),
    ratio: median(mine) / median(other),
    runs: ROUNDS,
    spread: spread(mine),
    ...(count === 1000 ? { aim: '< 200 ms', met: median(mine) < 200 } : {})
  });
}
emit({
  name: 'pipelines: a node of 5,000 (ms)',
  against: 'a node of 1,000',
  ours: medians[5000] / 5000,
  theirs: medians[1000] / 1000,
  ratio: medians[5000] / 5 / medians[1000],
  runs: ROUNDS,
  aim: '≤ 1.5 (linear)',
  met: medians[5000] / 5 / medians[1000] <= 1.5
});
