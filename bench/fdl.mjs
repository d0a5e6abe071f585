/**
 * The FDL language as the editor uses it: reading and checking a file, and completing in its middle, at 100, 500, 2,000 and
 * 8,000 lines. Everything runs in the page after each pause in typing, so 2,000 lines have to take 50 ms at most, and the
 * time has to grow with the lines and not faster (the ratio compares the time per line with that of the row before).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RUNS = Number(process.env.BENCH_FDL_RUNS ?? 31);
const SIZES = [100, 500, 2000, 8000];
const LIMIT = 50;

const folder = mkdtempSync(join(tmpdir(), 'oscar-bench-fdl-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, 'fdl.cjs');
require('esbuild').buildSync({
  stdin: {
    contents: "export * from './editor'; export { checkFdl } from './checks';",
    resolveDir: join(ROOT, 'backend-bridge/src/fdl')
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile
});
const editor = require(outfile);

/** Services in chains of five, as a large file would have them, with a comment here and there. */
function fileOf(lines) {
  const out = ['functions:', '  oscar:'];
  for (let i = 0; out.length < lines; i++) {
    out.push(
      '  - default-cluster:',
      `      name: step-${i}`,
      `      image: ghcr.io/example/tools:1.${i % 10}`,
      `      script: scripts/step-${i}.sh`,
      "      cpu: '0.5'",
      '      memory: 512Mi',
      '      environment:',
      '        variables:',
      '          MODE: fast # what the script looks at',
      `          NUMBER: '${i}'`,
      '      input:',
      '      - storage_provider: minio.default',
      i % 5 === 0 ? `        path: step-${i}/in` : `        path: step-${i - 1}/out`,
      '      output:',
      '      - storage_provider: minio.default',
      `        path: step-${i}/out`,
      '        suffix: [.json, .png]'
    );
  }
  return out.slice(0, lines).join('\n') + '\n';
}

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function measure(work) {
  const times = [];
  for (let run = 0; run < RUNS + 5; run++) {
    const began = performance.now();
    work(run);
    if (run >= 5) {
      times.push(performance.now() - began);
    }
  }
  return times;
}

const before = {};

function emit(what, lines, times) {
  const ours = median(times);
  const last = before[what];
  const ratio = last === undefined ? undefined : ours / lines / (last.ours / last.lines);
  before[what] = { ours, lines };
  const sorted = [...times].sort((a, b) => a - b);
  // 2,000 lines have a limit; the others may not take more for each line than they grow (noise of short times allowed for).
  const limited = lines === 2000 && what.startsWith('parse and check');
  console.log(
    JSON.stringify({
      name: `fdl: ${what}, ${lines.toLocaleString('en')} lines (ms)`,
      against: last === undefined ? 'nothing' : `time per line at ${last.lines.toLocaleString('en')} lines`,
      ours,
      ...(last === undefined ? {} : { theirs: (last.ours / last.lines) * lines, ratio }),
      runs: times.length,
      spread: `${sorted[Math.floor(sorted.length * 0.1)].toFixed(2)}–${sorted[Math.floor(sorted.length * 0.9)].toFixed(2)}`,
      ...(limited
        ? { aim: `≤ ${LIMIT} ms`, met: ours <= LIMIT }
        : last === undefined
          ? {}
          : { aim: '≤ 1.5× per line', met: ratio <= 1.5 })
    })
  );
}

for (const lines of SIZES) {
  const text = fileOf(lines);
  const { document } = editor.parse(text);
  // In the middle of a line of a service half way down.
  const half = text.split('\n').findIndex((line, index) => index >= lines / 2 && /path: step/.test(line)) + 1;
  const position = { line: Math.max(half, 1), column: 20 };
  const both = measure(() => editor.lint(text));
  // A key without its colon, as it stands there while it is typed: such a text is read by the YAML library.
  const broken = text.replace(/memory: 512Mi\n(?![^]*memory: 512Mi)/, 'mem\n');
  emit(
    'parse',
    lines,
    measure(() => editor.parse(text))
  );
  emit(
    'check',
    lines,
    measure(() => editor.checkFdl(document))
  );
  emit('parse and check', lines, both);
  emit(
    'parse and check, with an error in the text',
    lines,
    measure(() => editor.lint(broken))
  );
  emit(
    'complete',
    lines,
    measure(() => editor.complete(document, position, { buckets: ['a/b'], services: ['c'] }))
  );
}
