const base = require('@jupyterlab/galata/lib/playwright-config');
const { commandLine, freePort, prepare } = require('./helpers/server.cjs');

// Workers read this file again: they must find the same server.
process.env.OSCAR_UI_PORT ??= String(freePort());
const port = Number(process.env.OSCAR_UI_PORT);
const isMain = process.env.TEST_WORKER_INDEX === undefined;
const folders = isMain ? prepare('main') : { env: {}, base: '' };
if (isMain) {
  process.env.OSCAR_UI_FOLDER = folders.base;
}

const executablePath = process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH ?? '/usr/bin/chromium';

module.exports = {
  ...base,
  testDir: './tests',
  outputDir: './test-results',
  timeout: 120000,
  expect: { timeout: 20000 },
  workers: 1,
  retries: 0,
  reporter: process.env.CI ? 'list' : [['list']],
  globalTeardown: require.resolve('./helpers/teardown.cjs'),
  use: {
    ...base.use,
    // A button that is not there fails its test in seconds, not at the end of the test's own time.
    actionTimeout: 30000,
    baseURL: `http://127.0.0.1:${port}`,
    // Playwright's own video recorder is not installed with a browser of the system.
    video: 'off',
    trace: 'retain-on-failure',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-lcd-text', '--disable-webgl']
    }
  },
  webServer: {
    command: commandLine(port)
      .map(part => `"${part}"`)
      .join(' '),
    url: `http://127.0.0.1:${port}/lab`,
    env: { ...process.env, ...folders.env },
    timeout: 120000,
    stdout: 'ignore',
    stderr: process.env.OSCAR_UI_LOG ? 'pipe' : 'ignore',
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10000 }
  }
};
