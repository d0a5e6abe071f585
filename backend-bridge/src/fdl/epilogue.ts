import type { ISentinel } from './types';

const BEGIN = '# >>> jupyterlab-oscar epilogue';
const END = '# <<< jupyterlab-oscar epilogue';

/**
 * The script runs as a child of this block, so that `exit`, `exec`, `set -e`, traps and an open heredoc stay its own affair.
 * `cat` holds the block until jobs in the background are done with the log, too. A synchronous call that succeeds gets no
 * sentinel: what is printed there is the answer, and goes to callers who know nothing of it.
 */
const BLOCK = `${BEGIN} 1: the end of the log tells the outputs and the exit code
if [ -z "\${OSCAR_EPILOGUE:-}" ] && [ -f "$0" ]; then
  export OSCAR_EPILOGUE=1
  exec 4>&1
  oscar_code=$({ { /bin/sh "$0" "$@" 3>&- 4>&-; echo "$?" >&3; } 2>&1 | cat 3>&- >&4 4>&-; } 3>&1)
  oscar_code=\${oscar_code:-137}
  oscar_list() {
    for oscar_file in "$1"/* "$1"/.[!.]* "$1"/..?*; do
      if [ -d "$oscar_file" ] && [ ! -L "$oscar_file" ]; then
        oscar_list "$oscar_file"
      elif [ -f "$oscar_file" ]; then
        printf 'OSCAR-OUTPUT: %s\\n' "\${oscar_file#"$TMP_OUTPUT_DIR"/}"
      fi
    done
  }
  if [ "$oscar_code" != 0 ] || [ -z "\${OSCAR_SERVICE_NAME:-}" ] || [ -n "\${JOB_UUID:-}\${STORAGE_OBJECT_KEY:-}" ]; then
    printf '\\n'
    if [ -n "\${TMP_OUTPUT_DIR:-}" ]; then
      oscar_list "$TMP_OUTPUT_DIR"
    fi
    printf 'OSCAR-EXIT: %s\\n' "$oscar_code"
  fi
  exit "$oscar_code"
fi
${END}
`;

const ANY_BLOCK = new RegExp(`^${BEGIN}[^\\n]*\\n[\\s\\S]*?^${END}(?:\\n|$)`, 'gm');

/**
 * The script with a block that makes `OSCAR-EXIT: <code>` the last line of its log, after a line `OSCAR-OUTPUT: <name>` for
 * each output file: OSCAR itself tells neither. Applied twice it is there once.
 */
export function withEpilogue(script: string): string {
  const plain = withoutEpilogue(script);
  const shebang = /^#![^\n]*(\n|$)/.exec(plain)?.[0] ?? '';
  const glue = shebang === '' || shebang.endsWith('\n') ? '' : '\n';
  return shebang + glue + BLOCK + plain.slice(shebang.length);
}

/** The script as its author wrote it. */
export function withoutEpilogue(script: string): string {
  return script.replace(ANY_BLOCK, '');
}

export function hasEpilogue(script: string): boolean {
  return withoutEpilogue(script) !== script;
}

/** What may stand before the text of a line: a time, and the supervisor's own prefix when it logs each line. */
const PREFIX = String.raw`(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) )?(?:\d{4}-\d\d-\d\d [\d:,]+ - supervisor - \w+ - )?`;
const EXIT = new RegExp(`^${PREFIX}OSCAR-EXIT: (\\d{1,3})\\s*$`);
const OUTPUT = new RegExp(`^${PREFIX}OSCAR-OUTPUT: (.+?)\\r?$`);
const BARE_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) ?$/;
const COPIED = / - supervisor - \w+ - OSCAR-(?:EXIT|OUTPUT): /;

/**
 * Reads the end of a log. Only the last sentinel counts, and of the output lines only those directly before it: a script
 * may print such lines, too. Without a sentinel the log comes back as it is.
 */
export function parseSentinel(log: string): ISentinel {
  const lines = log.split('\n');
  let last = lines.length - 1;
  while (last >= 0 && !EXIT.test(lines[last])) {
    last--;
  }
  if (last < 0) {
    return { outputs: [], log };
  }
  const exitCode = Number(EXIT.exec(lines[last])?.[1]);
  const outputs: string[] = [];
  let first = last;
  for (let match; first > 0 && (match = OUTPUT.exec(lines[first - 1])); first--) {
    outputs.unshift(match[1]);
  }
  const before = lines.slice(0, first);
  const after = lines.slice(last + 1);
  // The block breaks the line before it prints: with times that leaves a line that is only a time.
  if (before.length > 0 && BARE_TIME.test(before[before.length - 1])) {
    before.pop();
  }
  // A supervisor that logs each line has said it all once before.
  const head = before.filter(line => !COPIED.test(line)).join('\n');
  const tail = after.filter(line => !COPIED.test(line)).join('\n');
  return {
    exitCode,
    outputs,
    log: tail === '' ? head : head === '' || head.endsWith('\n') ? head + tail : `${head}\n${tail}`
  };
}
