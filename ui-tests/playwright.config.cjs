const { HOSTS, shared } = require('./helpers/config.cjs');
const { commandLine, freePort, prepare } = require('./helpers/server.cjs');

// Workers read this file again: they must find the same server.
process.env.OSCAR_UI_PORT ??= String(freePort());
const port = Number(process.env.OSCAR_UI_PORT);
const isMain = process.env.TEST_WORKER_INDEX === undefined;
const folders = isMain ? prepare('main') : { env: {}, base: '' };
if (isMain) {
  process.env.OSCAR_UI_FOLDER = folders.base;
}

module.exports = {
  ...shared,
  testIgnore: HOSTS,
  globalTeardown: require.resolve('./helpers/teardown.cjs'),
  use: { ...shared.use, baseURL: `http://127.0.0.1:${port}` },
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
