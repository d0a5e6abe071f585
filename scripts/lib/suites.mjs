/**
 * The groups of tests, quick ones first. Each answers `{passed, failed, skipped, reasons}` read from what its runner reports,
 * never from its exit status alone: a runner that dies counts as a failure.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { lint } from '../lint.mjs';
import { browser } from './browser.mjs';
import { hostsFolder, prepareHosts } from './hosts.mjs';
import { at, bin, bridgeNode, venv } from './project.mjs';
import { run, StepError } from './run.mjs';

const reports = () => {
  mkdirSync(at('.setup', 'reports'), { recursive: true });
  return at('.setup', 'reports');
};

/** Jupyter's folders and the extension's data of the tests: temporary, never the user's. */
function sandbox() {
  const folder = mkdtempSync(join(tmpdir(), 'oscar-test-'));
  const env = {
    JUPYTER_CONFIG_DIR: join(folder, 'config'),
    JUPYTER_DATA_DIR: join(folder, 'data'),
    JUPYTER_RUNTIME_DIR: join(folder, 'runtime'),
    IPYTHONDIR: join(folder, 'ipython'),
    JUPYTERLAB_OSCAR_DATA: join(folder, 'oscar'),
    VIRTUAL_ENV: venv,
    PATH: `${join(venv, 'bin')}${delimiter}${process.env.PATH}`
  };
  return { env, dispose: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

const died = (name, code) => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  reasons: [`${name} ended with status ${code} and no report`]
});

function readJson(file, name, code) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { missing: died(name, code) };
}

async function jest(name, node, cwd, extra) {
  const file = join(reports(), `${name}.json`);
  rmSync(file, { force: true });
  const { env, dispose } = sandbox();
  const { code } = await run(
    node,
    [at('node_modules/jest/bin/jest.js'), '--ci', '--json', `--outputFile=${file}`, ...extra],
    {
      cwd,
      env,
      inherit: true
    }
  );
  dispose();
  const report = readJson(file, name, code);
  if (report.missing) {
    return report.missing;
  }
  const tests = report.testResults.flatMap(suite => suite.assertionResults);
  const reasons = [
    ...tests.filter(test => test.status === 'pending' || test.status === 'todo').map(test => test.fullName),
    ...tests.filter(test => test.status === 'passed' && test.invocations > 1).map(test => again(test.fullName))
  ];
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
    reasons
  };
}

/** scripts/test.mjs says why. */
const again = name => `${name}: failed, and passed when it was tried again`;

/** A run that may take some minutes only leaves out cases of which there are many alike, and tries again what failed. */
const HURRIED = Boolean(process.env.OSCAR_TEST_BUDGET);
const RARE = HURRIED ? ' and not thorough' : '';
const PYTEST_AGAIN = HURRIED ? ['--reruns', '1', '--rerun-show-tracebacks', '-rsR'] : ['-rs'];

const attribute = (text, name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };

async function pytest(name, extra) {
  const file = join(reports(), `${name}.xml`);
  rmSync(file, { force: true });
  const { env, dispose } = sandbox();
  const { code } = await run(bin('python'), ['-m', 'pytest', '-q', ...PYTEST_AGAIN, `--junitxml=${file}`, ...extra], {
    env,
    inherit: true
  });
  dispose();
  if (!existsSync(file)) {
    return died(name, code);
  }
  const text = readFileSync(file, 'utf8');
  const suite = /<testsuite [^>]*>/.exec(text)[0];
  const failed = attribute(suite, 'failures') + attribute(suite, 'errors');
  const skipped = attribute(suite, 'skipped');
  const reasons = [...text.matchAll(/<skipped [^>]*message="([^"]*)"/g)].map(match =>
    match[1].replace(/&(lt|gt|quot|amp);/g, found => entities[found])
  );
  // An attempt that did not count is written as a case without a result, before the one of the same name that did.
  const seen = new Set();
  for (const [, name, rest] of text.matchAll(/<testcase ([^>]*?) time="[^"]*" ?(\/?>)/g)) {
    if (seen.has(name) && rest === '/>') {
      reasons.push(again(/name="([^"]*)"$/.exec(name)?.[1] ?? name));
    }
    seen.add(name);
  }
  return { passed: attribute(suite, 'tests') - failed - skipped, failed, skipped, reasons };
}

/** Tests wait for processes more than they compute; those of one file share what they have started. */
const SIDE_BY_SIDE = ['-n', '2', '--dist', 'loadfile'];

/** `prepare` answers why something cannot be tested, sentences; `moreEnv` goes to the tests. */
async function playwright(name, extra, { options = [], moreEnv = {}, prepare = async () => [] } = {}) {
  const { executable, reason } = await browser();
  if (!executable) {
    return { passed: 0, failed: 0, skipped: 1, reasons: [`the whole group ${name}: ${reason}`] };
  }
  let reasons;
  try {
    reasons = await prepare();
  } catch (error) {
    if (!(error instanceof StepError)) {
      throw error;
    }
    return { passed: 0, failed: 1, skipped: 0, reasons: [`the whole group ${name}: ${error.message}`] };
  }
  const file = join(reports(), `${name}.json`);
  rmSync(file, { force: true });
  const { env, dispose } = sandbox();
  const { code } = await run(
    process.execPath,
    [at('node_modules/@playwright/test/cli.js'), 'test', '--reporter=list,json', ...options, ...extra],
    {
      cwd: at('ui-tests'),
      env: { ...env, ...moreEnv, PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH: executable, PLAYWRIGHT_JSON_OUTPUT_NAME: file },
      inherit: true
    }
  );
  dispose();
  const report = readJson(file, name, code);
  if (report.missing) {
    return report.missing;
  }
  const { expected, unexpected, flaky, skipped } = report.stats;
  const visit = suite => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        if (test.status === 'skipped') {
          reasons.push(`${spec.title}: ${test.annotations.map(note => note.description ?? note.type).join(', ')}`);
        }
        if (test.status === 'flaky') {
          reasons.push(again(spec.title));
        }
      }
    }
    (suite.suites ?? []).forEach(visit);
  };
  report.suites.forEach(visit);
  return {
    passed: expected + flaky,
    failed: unexpected + (report.errors.length && !unexpected ? 1 : 0),
    skipped,
    reasons
  };
}

/** name → what it is, and how to run it; `extra` are the user's options for the runner. */
export const suites = {
  lint: { title: 'Style, types and the dependency rule', run: async () => ({ ...(await lint()), reasons: [] }) },
  bridge: {
    title: "The bridge and the local cluster (jest on the .venv's Node)",
    run: extra => jest('bridge', bridgeNode(), at('backend-bridge'), extra)
  },
  page: { title: 'The page (jest)', run: extra => jest('page', process.execPath, at(), extra) },
  python: {
    title: 'Server extension, client, command line, magics (pytest)',
    run: extra => pytest('python', [...SIDE_BY_SIDE, '-m', `not wheel${RARE}`, ...extra])
  },
  wheel: {
    title: 'The wheel alone in empty environments (pytest)',
    run: extra => pytest('wheel', [...SIDE_BY_SIDE, '-m', 'wheel', ...extra])
  },
  ui: { title: 'The story in Chromium (galata)', run: extra => playwright('ui', extra) },
  elyra: {
    // Three more environments from PyPI: run by its name, before a release and after changes of the pipeline editor.
    byName: true,
    title: 'The wheel beside the real Elyra, and in JupyterLab 4.4 (Chromium)',
    run: extra =>
      playwright('elyra', extra, {
        options: ['--config=playwright.hosts.config.cjs'],
        moreEnv: { OSCAR_UI_HOSTS: hostsFolder },
        prepare: prepareHosts
      })
  }
};

/** Where the reports lie, for those who look closer. */
export const reportFolder = () => dirname(join(reports(), 'x'));
