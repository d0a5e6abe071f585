/**
 * `npm run bench [-- NAME… --json FILE --OPTION…]`: runs the benchmarks and prints their rows side by side. A benchmark is a program
 * bench/NAME.mjs (the .venv's Node) or bench/NAME.py that prints one JSON object a line on stdout:
 * `{name, against, ours, theirs, ratio, runs, spread, aim, met}`; what it has to say besides goes to stderr.
 * Options that are not `--json` are given to it, with all that follows the first of them.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { at, bin, bridgeNode } from './lib/project.mjs';
import { StepError, main } from './lib/run.mjs';
import { setup } from './setup.mjs';

const COLUMNS = ['name', 'against', 'ours', 'theirs', 'ratio', 'runs', 'spread', 'aim', 'met'];

const programs = () => {
  const found = {};
  for (const file of readdirSync(at('bench')).sort()) {
    const [, name, kind] = /^([a-z][a-z0-9-]*)\.(mjs|py)$/.exec(file) ?? [];
    if (name) {
      found[name] = kind === 'mjs' ? [bridgeNode(), at('bench', file)] : [bin('python'), at('bench', file)];
    }
  }
  return found;
};

async function measure([command, ...args], onRow) {
  const child = spawn(command, args, { cwd: at(), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) {
      onRow(JSON.parse(line));
    } else {
      console.error(line);
    }
  }
  return ended;
}

function table(rows) {
  const text = value =>
    typeof value === 'number' ? String(Number(value.toPrecision(4))) : value === undefined ? '' : String(value);
  const cells = [
    COLUMNS,
    ...rows.map(row =>
      COLUMNS.map(column => (column === 'met' ? ({ true: 'yes', false: 'NO' }[row.met] ?? '') : text(row[column])))
    )
  ];
  const widths = COLUMNS.map((_, index) => Math.max(...cells.map(row => row[index].length)));
  return cells
    .map(row =>
      row
        .map((cell, index) => cell.padEnd(widths[index]))
        .join('  ')
        .trimEnd()
    )
    .join('\n');
}

await main(async () => {
  const args = process.argv.slice(2);
  const json = args.includes('--json') ? args.splice(args.indexOf('--json'), 2)[1] : undefined;
  const first = args.findIndex(arg => arg.startsWith('--'));
  const options = first < 0 ? [] : args.splice(first);
  const all = programs();
  const unknown = args.find(name => !(name in all));
  if (unknown) {
    throw new StepError(`There is no benchmark "${unknown}". There are: ${Object.keys(all).join(', ')}.`);
  }
  await setup();
  const rows = [];
  const broken = [];
  for (const name of args.length > 0 ? args : Object.keys(all)) {
    console.error(`── ${name}`);
    if ((await measure([...all[name], ...options], row => rows.push(row))) !== 0) {
      broken.push(name);
    }
  }
  console.log(table(rows));
  if (json) {
    writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  if (broken.length > 0) {
    throw new StepError(`These benchmarks ended with an error: ${broken.join(', ')}.`);
  }
});
