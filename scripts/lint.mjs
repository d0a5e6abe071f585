/** `npm run lint [-- --fix]`: every check of style and structure, each with its own line. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { at, bin, nodeBin } from './lib/project.mjs';
import { main, run } from './lib/run.mjs';

const ROOMS = ['src', 'backend-bridge/src'];

/** Each check: its name, and the command that exits 0 when all is well. */
export function checks({ fix = false } = {}) {
  return [
    ['types', nodeBin('tsc'), ['--build']],
    ['types of the bridge tests', nodeBin('tsc'), ['-p', 'backend-bridge/tsconfig.test.json', '--noEmit']],
    ['types of the browser tests', nodeBin('tsc'), ['-p', 'ui-tests']],
    ['eslint', nodeBin('eslint'), ['--cache', '--max-warnings', '0', ...(fix ? ['--fix'] : []), '.']],
    [
      'prettier',
      nodeBin('prettier'),
      [fix ? '--write' : '--check', '--log-level', 'warn', '**/*{.ts,.tsx,.js,.mjs,.cjs,.json,.css,.yml}']
    ],
    ['stylelint', nodeBin('stylelint'), ['--cache', ...(fix ? ['--fix'] : []), 'style/**/*.css']],
    ['ruff', bin('ruff'), ['check', '--quiet', ...(fix ? ['--fix'] : []), '.']],
    ['ruff format', bin('ruff'), ['format', '--quiet', ...(fix ? [] : ['--check']), '.']],
    ['dependency rule', nodeBin('depcruise'), ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...ROOMS]]
  ];
}

/** Violations that must be found: a rule that finds nothing when it should is no rule. */
const PLANTS = [
  [
    'backend-bridge/src/fdl/planted-violation.ts',
    "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n"
  ],
  ['backend-bridge/src/clusters/planted-violation.ts', "export * from '../local-cluster/database';\n"],
  ['src/planted-violation.ts', "export { BridgeError } from '../backend-bridge/src/http/errors';\n"]
];

/** Plants each violation, runs the dependency rule and answers those that it let pass. */
export async function plantedViolations() {
  const missed = [];
  for (const [file, text] of PLANTS) {
    mkdirSync(at(file, '..'), { recursive: true });
    writeFileSync(at(file), text);
    try {
      const { code } = await run(nodeBin('depcruise'), [
        '--config',
        '.dependency-cruiser.cjs',
        '--output-type',
        'err',
        file
      ]);
      if (code === 0) {
        missed.push(file);
      }
    } finally {
      rmSync(at(file));
    }
  }
  return { planted: PLANTS.length, missed };
}

/** Runs all checks; answers how many passed and failed. */
export async function lint(options) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const report = (name, ok, seconds, output = '') => {
    counts[ok ? 'passed' : 'failed']++;
    console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`);
    if (!ok) {
      console.log(output);
    }
  };
  const [first, ...others] = checks(options);
  const check = async ([name, command, args]) => {
    const { code, output, seconds } = await run(command, args);
    report(name, code === 0, seconds, output);
  };
  // Others read what it builds. Repairs of one file must not meet.
  await check(first);
  const lanes = options?.fix ? 1 : 2;
  await Promise.all(
    [...Array(lanes)].map(async () => {
      while (others.length > 0) {
        await check(others.shift());
      }
    })
  );
  const began = Date.now();
  const { planted, missed } = await plantedViolations();
  report(
    `dependency rule finds ${planted} planted violations`,
    missed.length === 0,
    (Date.now() - began) / 1000,
    `Not found: ${missed.join(', ')}`
  );
  return counts;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => ((await lint({ fix: process.argv.includes('--fix') })).failed ? 1 : 0));
}
