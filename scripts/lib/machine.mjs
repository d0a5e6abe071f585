/** What the machine must have: Node, npm and Python with venv. What is missing is named, with the command that installs it. */
import { spawnSync } from 'node:child_process';
import { StepError } from './run.mjs';

const NODE = [20, 19];
const PYTHON = [3, 10];

const hint = {
  node: 'Debian and Ubuntu: install it from nodejs.org or with "conda install nodejs" (their own nodejs package is too old); macOS: "brew install node"; conda: "conda install -c conda-forge nodejs".',
  npm: 'Debian and Ubuntu: "sudo apt-get install npm"; macOS: "brew install node"; conda: "conda install -c conda-forge nodejs".',
  python:
    'Debian and Ubuntu: "sudo apt-get install python3 python3-venv"; macOS: "brew install python"; conda: "conda install -c conda-forge python=3.12".',
  venv: 'Debian and Ubuntu: "sudo apt-get install python3-venv"; macOS: "brew install python"; conda: "conda install -c conda-forge python=3.12".'
};

const atLeast = (found, wanted) => found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1]);

export function checkNode(version = process.versions.node) {
  if (!atLeast(version.split('.').map(Number), NODE)) {
    throw new StepError(`Node ${NODE.join('.')} or newer is needed, this is ${version}. ${hint.node}`);
  }
  if (process.platform === 'win32') {
    throw new StepError(
      'Windows is not supported: open a WSL terminal (https://learn.microsoft.com/windows/wsl) and run this there.'
    );
  }
  if (spawnSync('npm', ['--version']).status !== 0) {
    throw new StepError(`npm is missing. ${hint.npm}`);
  }
}

/** Answers the command of a Python that is new enough and can make virtual environments. `PYTHON` in the environment goes first. */
export function findPython() {
  const script =
    'import sys\nprint("%d.%d" % sys.version_info[:2])\ntry:\n import venv, ensurepip\n print("venv")\nexcept ImportError:\n print("no")';
  const candidates = [
    process.env.PYTHON,
    'python3',
    'python3.13',
    'python3.12',
    'python3.11',
    'python3.10',
    'python'
  ].filter(Boolean);
  let old;
  let noVenv;
  for (const command of candidates) {
    const { status, stdout } = spawnSync(command, ['-c', script], { encoding: 'utf8' });
    if (status !== 0) {
      continue;
    }
    const [version, venv] = stdout.trim().split('\n');
    if (!atLeast(version.split('.').map(Number), PYTHON)) {
      old ??= version;
    } else if (venv !== 'venv') {
      noVenv ??= `${command} (${version})`;
    } else {
      return command;
    }
  }
  if (noVenv) {
    throw new StepError(`${noVenv} cannot make virtual environments: its venv module is missing. ${hint.venv}`);
  }
  throw new StepError(
    old
      ? `Python ${PYTHON.join('.')} or newer is needed, this machine has ${old}. ${hint.python}`
      : `Python ${PYTHON.join('.')} or newer is missing. ${hint.python}`
  );
}
