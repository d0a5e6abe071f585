/** What all browser tests have in common. */
const base = require('@jupyterlab/galata/lib/playwright-config');

/** Tests in JupyterLabs of their own, with the wheel: playwright.hosts.config.cjs. */
const HOSTS = ['**/elyra.spec.ts', '**/lab44.spec.ts'];

const shared = {
  ...base,
  testDir: './tests',
  outputDir: './test-results',
  timeout: 120000,
  expect: { timeout: 20000 },
  workers: 1,
  retries: process.env.OSCAR_TEST_BUDGET ? 1 : 0,
  reporter: process.env.CI ? 'list' : [['list']],
  use: {
    ...base.use,
    // A button that is not there fails its test in seconds, not at the end of the test's own time.
    actionTimeout: 30000,
    // Playwright's own video recorder is not installed with a browser of the system.
    video: 'off',
    trace: 'retain-on-failure',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-lcd-text', '--disable-webgl']
    }
  }
};

module.exports = { HOSTS, shared };
