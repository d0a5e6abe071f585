import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEpilogue, parseSentinel, withEpilogue, withoutEpilogue } from '../../src/fdl';

/** Shells that /bin/sh may be on the images people use. */
const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/busybox'].filter(existsSync);

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'epilogue '))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(
  script: string,
  env: Record<string, string> = {},
  shell = '/bin/sh'
): { status: number | null; log: string } {
  const file = join(folder, 'script.sh');
  const out = mkdtempSync(join(folder, 'out'));
  writeFileSync(file, script);
  const args = shell.endsWith('busybox') ? ['sh', file] : [file];
  const result = spawnSync(shell, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', TMP_OUTPUT_DIR: out, ...env }
  });
  expect(result.stderr).toBe('');
  return { status: result.status, log: result.stdout };
}

const CASES: [string, string, number, string[], string][] = [
  ['ends by itself', '#!/bin/sh\necho a\ntouch "$TMP_OUTPUT_DIR/x.txt"\n', 0, ['x.txt'], 'a\n'],
  ['without a shebang and a last line break', 'echo a; printf b', 0, [], 'a\nb'],
  ['exits', 'echo a\nexit 7\necho never\n', 7, [], 'a\n'],
  ['set -e', 'set -eu\necho a\nfalse\necho never\n', 1, [], 'a\n'],
  ['exec', 'exec sh -c "echo a; exit 5"\n', 5, [], 'a\n'],
  [
    'a job in the background that outlives it',
    '(sleep 0.3; echo late) &\necho early\nexit 3\n',
    3,
    [],
    'early\nlate\n'
  ],
  ['a heredoc at the end', 'cat <<EOF\na\nEOF', 0, [], 'a\n'],
  ['a trap of its own', "trap 'echo bye; exit 9' EXIT\necho a\n", 9, [], 'a\nbye\n'],
  ['closes its own output', 'echo a\nexec >&- 2>&-\nexit 4\n', 4, [], 'a\n'],
  ['standard error counts as log', 'echo a >&2\n', 0, [], 'a\n'],
  [
    'names with spaces, folders, dots',
    'cd "$TMP_OUTPUT_DIR"\nmkdir -p "a b/c"\n: > "a b/c/d e.txt"\n: > .hidden\n: > ..two\n: > -n\n',
    0,
    ['..two', '-n', '.hidden', 'a b/c/d e.txt'],
    ''
  ],
  ['a shebang that is not of a shell is as little use as without', '#!/usr/bin/env python3\necho a\n', 0, [], 'a\n'],
  ['prints a sentinel of its own', 'echo "OSCAR-EXIT: 0"\nexit 2\n', 2, [], 'OSCAR-EXIT: 0\n'],
  [
    'calls itself',
    'if [ "${1:-}" = again ]; then echo inner; exit 6; fi\necho outer\nsh "$0" again\n',
    6,
    [],
    'outer\ninner\n'
  ]
];

describe('epilogue', () => {
  it.each(CASES)('%s', (_name, script, status, outputs, log) => {
    for (const shell of SHELLS) {
      const result = run(withEpilogue(script), {}, shell);
      const sentinel = parseSentinel(result.log);
      expect({
        shell,
        status: result.status,
        code: sentinel.exitCode,
        outputs: [...sentinel.outputs].sort(),
        log: sentinel.log
      }).toEqual({
        shell,
        status,
        code: status,
        outputs: [...outputs].sort(),
        log
      });
      expect(result.log.trimEnd().split('\n').pop()).toBe(`OSCAR-EXIT: ${result.status}`);
    }
  });

  it.each(SHELLS)('tells of a script that is killed or that the shell ends itself (%s)', shell => {
    expect(parseSentinel(run(withEpilogue('kill -9 $$\n'), {}, shell).log).exitCode).toBe(137);
    const unset = run(withEpilogue('set -u\necho "$nope"\necho never\n'), {}, shell);
    expect(unset.status).toBeGreaterThan(0);
    expect(parseSentinel(unset.log).exitCode).toBe(unset.status);
    expect(unset.log).not.toContain('never');
    const broken = run(withEpilogue('echo a\nif then\n'), {}, shell);
    expect(parseSentinel(broken.log).exitCode).toBe(2);
  });

  it('is put in once, after the shebang, and comes out without a trace', () => {
    for (const script of ['#!/bin/sh\nset -e\necho a\n', 'echo a', '', '#!/bin/bash\n', 'a\n'.repeat(1000)]) {
      const once = withEpilogue(script);
      expect(withEpilogue(once)).toBe(once);
      expect(withoutEpilogue(once)).toBe(script);
      expect(hasEpilogue(once)).toBe(true);
      expect(hasEpilogue(script)).toBe(false);
      if (script.startsWith('#!')) {
        expect(once.split('\n')[0]).toBe(script.split('\n')[0]);
      }
    }
  });

  it('replaces the block of another version', () => {
    const old = withEpilogue('echo a\n').replace('epilogue 1:', 'epilogue 0:').replace('exec 4>&1', 'exec 5>&1');
    expect(withEpilogue(old)).toBe(withEpilogue('echo a\n'));
  });

  it('leaves the answer of a synchronous call alone, and tells when it failed', () => {
    const sync = { OSCAR_SERVICE_NAME: 'cowsay' };
    expect(run(withEpilogue('echo "{}"\n'), sync).log).toBe('{}\n');
    expect(run(withEpilogue('echo no\nexit 3\n'), sync).log).toBe('no\n\nOSCAR-EXIT: 3\n');
    expect(run(withEpilogue('echo a\n'), { ...sync, JOB_UUID: 'cowsay-1' }).log).toBe('a\n\nOSCAR-EXIT: 0\n');
    expect(run(withEpilogue('echo a\n'), { ...sync, STORAGE_OBJECT_KEY: 'in/a' }).log).toBe('a\n\nOSCAR-EXIT: 0\n');
  });

  it('runs when there is no output folder', () => {
    const file = join(folder, 'script.sh');
    writeFileSync(file, withEpilogue('echo a\n'));
    const result = spawnSync('/bin/sh', [file], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } });
    expect(result.stdout).toBe('a\n\nOSCAR-EXIT: 0\n');
  });
});

describe('parseSentinel', () => {
  it('gives a log without one back as it is', () => {
    expect(parseSentinel('a\nOSCAR-OUTPUT: x\n')).toEqual({ outputs: [], log: 'a\nOSCAR-OUTPUT: x\n' });
    expect(parseSentinel('')).toEqual({ outputs: [], log: '' });
  });

  it('restores the last line break, or that there was none', () => {
    expect(parseSentinel('a\n\nOSCAR-OUTPUT: x\nOSCAR-EXIT: 0\n')).toEqual({ exitCode: 0, outputs: ['x'], log: 'a\n' });
    expect(parseSentinel('a\nOSCAR-EXIT: 12\n')).toEqual({ exitCode: 12, outputs: [], log: 'a' });
  });

  it('takes only the output lines directly before the last code', () => {
    expect(
      parseSentinel('OSCAR-OUTPUT: old\nOSCAR-EXIT: 0\nmore\n\nOSCAR-OUTPUT: new\nOSCAR-EXIT: 1\n').outputs
    ).toEqual(['new']);
  });

  it('reads logs with times and the lines of the supervisor around them', () => {
    const log =
      '2026-11-21T10:00:00Z 2026-11-21 10:00:00,100 - supervisor - INFO - Storage event found.\n' +
      '2026-11-21T10:00:01Z 2026-11-21 10:00:01,100 - supervisor - INFO - Creating response\n' +
      '2026-11-21T10:00:01Z hello\n' +
      '2026-11-21T10:00:01Z \n' +
      '2026-11-21T10:00:01Z OSCAR-OUTPUT: a b.txt\n' +
      '2026-11-21T10:00:01Z OSCAR-EXIT: 3\n';
    const sentinel = parseSentinel(log);
    expect(sentinel.exitCode).toBe(3);
    expect(sentinel.outputs).toEqual(['a b.txt']);
    expect(sentinel.log).toContain('hello');
    expect(sentinel.log).not.toContain('OSCAR-');
    expect(sentinel.log.endsWith('hello')).toBe(true);
  });

  it('keeps what the supervisor says afterwards', () => {
    expect(parseSentinel('a\n\nOSCAR-EXIT: 0\n2026-11-21 10:00:00,100 - supervisor - INFO - bye\n').log).toBe(
      'a\n2026-11-21 10:00:00,100 - supervisor - INFO - bye\n'
    );
  });
});
