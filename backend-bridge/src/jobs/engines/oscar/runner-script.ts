import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Of the base64 text of the zip file, as `base64` writes it. */
const LINE = 76;

/** The script of the generic service: the runner itself, as text, and how it is started. */
export interface IRunnerScript {
  text: string;
  /** Of the runner, hex. */
  hash: string;
}

/**
 * Packs the runner.
 *
 * @param runner - its folder, or a zip file of it
 * @param python - interpreter that packs it
 */
export async function runnerScript(runner: string, python: string): Promise<IRunnerScript> {
  const zip = await packed(runner, python);
  const lines = zip.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return { text: scriptOf(lines), hash: createHash('sha256').update(zip).digest('hex') };
}

async function packed(runner: string, python: string): Promise<Buffer> {
  if ((await stat(runner)).isFile()) {
    return readFile(runner);
  }
  const folder = await mkdtemp(join(tmpdir(), 'oscar-runner-'));
  try {
    const zip = join(folder, 'runner.zip');
    // The same sources give the same bytes.
    await promisify(execFile)(python, [runner, '--build-zip', zip]);
    return await readFile(zip);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Supervisors run it with /bin/sh and put the body of the job into the file INPUT_FILE_PATH. */
function scriptOf(lines: readonly string[]): string {
  return `#!/bin/sh
# The worker of jupyterlab-oscar: does one part of a map-reduce or high-throughput job.
# Keys of the object store: OSCAR_PROVIDERS_DIR where it is set, else the place where OSCAR puts them.
python=$(command -v python3 || command -v python) || {
  echo "The image has no Python. The workers need one with Python 3.8 or newer." >&2
  exit 1
}
runner=$(mktemp) || exit 1
"$python" -c 'import base64, sys
open(sys.argv[1], "wb").write(base64.b64decode(sys.stdin.read()))' "$runner" <<'RUNNER'
${lines.join('\n')}
RUNNER
"$python" -u "$runner" --descriptor "$INPUT_FILE_PATH"
code=$?
rm -f "$runner"
exit $code
`;
}
