/** Starts JupyterLab for the tests, in folders of its own, with what was built in this checkout or with the wheel in an environment. */
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..', '..');

/** A free port of this machine. */
function freePort() {
  const script =
    'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{process.stdout.write(String(s.address().port));s.close()})';
  return Number(execFileSync(process.execPath, ['-e', script]).toString());
}

/**
 * Folders and environment of one server. Its file browser opens on a copy of the examples.
 *
 * The home folder stays the user's: Python environments of services are cached there. `host`: an environment in which the wheel is
 * installed; the checkout's own build stays out of it.
 */
function prepare(name, host) {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), `oscar-ui-${name}-`));
  const labextensions = path.join(base, 'share', 'labextensions');
  fs.mkdirSync(labextensions, { recursive: true });
  // Another build of the page than the checkout's own may be tested.
  const page = process.env.JUPYTERLAB_OSCAR_TEST_LABEXTENSION ?? path.join(ROOT, 'jupyterlab_oscar', 'labextension');
  if (!host) {
    fs.symlinkSync(page, path.join(labextensions, 'jupyterlab-oscar'));
  }
  const root = path.join(base, 'root');
  fs.cpSync(path.join(ROOT, 'examples'), root, { recursive: true });
  const own = path.join(ROOT, '.venv', 'bin');
  const others = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(folder => folder !== own)
    .join(path.delimiter);
  const env = {
    JUPYTER_CONFIG_DIR: path.join(base, 'config'),
    JUPYTER_DATA_DIR: path.join(base, 'data'),
    JUPYTER_RUNTIME_DIR: path.join(base, 'runtime'),
    JUPYTER_PATH: path.join(base, 'share'),
    JUPYTERLAB_SETTINGS_DIR: path.join(base, 'settings'),
    JUPYTERLAB_OSCAR_DATA: path.join(base, 'oscar'),
    JUPYTERLAB_GALATA_ROOT_DIR: root,
    IPYTHONDIR: path.join(base, 'ipython'),
    ...(host
      ? { OSCAR_UI_INSTALLED: '1', VIRTUAL_ENV: host, PATH: `${path.join(host, 'bin')}${path.delimiter}${others}` }
      : { PYTHONPATH: ROOT })
  };
  return { base, root, env };
}

/** Command line of a server. */
function commandLine(port, options = [], host = path.join(ROOT, '.venv')) {
  const lab = path.join(host, 'bin', 'jupyter-lab');
  const config = path.join(ROOT, 'ui-tests', 'jupyter_server_test_config.py');
  return [lab, `--config=${config}`, `--port=${port}`, ...options];
}

/**
 * Start a server and wait until it answers. `stop` ends it and removes its folders. `host` as in {@link prepare}.
 *
 * @param {string} name
 * @param {{ options?: string[], env?: Record<string, string>, basePath?: string, token?: string, host?: string }} [given]
 */
async function startServer(name, { options = [], env = {}, basePath = '/', token = '', host } = {}) {
  const port = freePort();
  const folders = prepare(name, host);
  const [command, ...args] = commandLine(port, options, host);
  const child = spawn(command, args, {
    env: { ...process.env, ...folders.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let log = '';
  const keep = data => (log = (log + data).slice(-20000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise(resolve => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
    await ended;
    clearTimeout(timer);
    fs.rmSync(folders.base, { recursive: true, force: true, maxRetries: 5 });
  };
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}${basePath}`;
  // Elyra brings much that is imported first.
  const patience = host ? 960 : 240;
  for (let attempt = 0; attempt < patience; attempt++) {
    if (child.exitCode !== null) {
      break;
    }
    const answer = await fetch(`${url}api/status`, { headers: token ? { Authorization: `token ${token}` } : {} }).catch(
      () => null
    );
    if (answer?.ok) {
      return { url, origin, port, ...folders, stop, log: () => log };
    }
    await new Promise(resolve => setTimeout(resolve, 250));
  }
  await stop();
  throw new Error(`JupyterLab did not start:\n${log}`);
}

module.exports = { ROOT, commandLine, freePort, prepare, startServer };
