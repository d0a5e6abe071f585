/** Chromium for the browser tests: the one that is there, or Debian's when it may be installed. */
import { existsSync } from 'node:fs';
import { run } from './run.mjs';

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
];

const find = () =>
  [process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH, ...CANDIDATES].find(path => path && existsSync(path));

/** Answers `{executable}`, or `{reason}` why there is none. */
export async function browser() {
  const found = find();
  if (found) {
    return { executable: found };
  }
  const missing =
    'no Chromium found; install it ("sudo apt-get install chromium") or set PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH';
  if (!existsSync('/usr/bin/apt-get')) {
    return { reason: missing };
  }
  const root = process.getuid?.() === 0;
  if (!root && (await run('sudo', ['-n', 'true']).catch(() => ({ code: 1 }))).code !== 0) {
    return { reason: `${missing}; it was not installed because that needs root` };
  }
  const apt = args =>
    root
      ? run('apt-get', args, { env: { DEBIAN_FRONTEND: 'noninteractive' } })
      : run('sudo', ['-n', 'apt-get', ...args]);
  console.log('  Installing Chromium for the browser tests …');
  await apt(['update', '-qq']);
  const { code, output } = await apt([
    'install',
    '-y',
    '-qq',
    '--no-install-recommends',
    'chromium',
    'fonts-dejavu-core'
  ]);
  const executable = find();
  return executable
    ? { executable }
    : { reason: `Chromium could not be installed (status ${code}): ${output.trim().split('\n').at(-1)}` };
}
