import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFdl, parseFdl } from '../../src/fdl';
import { modulesNeeded, packService, PackProblem, type IPackOptions } from '../../src/pipelines/packing';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'oscar-pack-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pack = (options: Partial<IPackOptions>): ReturnType<typeof packService> =>
  packService({ name: 'grey', text: 'x = 1\n', language: 'python', ...options });

const file = (packed: ReturnType<typeof packService>, path: string): string => {
  const found = packed.files.find(item => item.path === path);
  if (!found) {
    throw new Error(`there is no ${path}`);
  }
  return found.text;
};

const problem = (options: Partial<IPackOptions>): PackProblem => {
  try {
    pack(options);
  } catch (error) {
    if (error instanceof PackProblem) {
      return error;
    }
    throw error;
  }
  throw new Error('it was packed');
};

/** Runs the script as the supervisor does. */
function run(script: string, input = 'hello', env: Record<string, string> = {}, name = 'in.txt') {
  const out = mkdtempSync(join(folder, 'out-'));
  writeFileSync(join(folder, name), input);
  writeFileSync(join(folder, 'script.sh'), script);
  const done = spawnSync('/bin/sh', [join(folder, 'script.sh')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      TMPDIR: mkdtempSync(join(folder, 'tmp-')),
      INPUT_FILE_PATH: join(folder, name),
      TMP_OUTPUT_DIR: out,
      ...env
    },
    encoding: 'utf8'
  });
  const outputs = Object.fromEntries(readdirSync(out).map(path => [path, readFileSync(join(out, path), 'utf8')]));
  return { ...done, outputs };
}

describe('the FDL', () => {
  test.each([
    ['plain', {}],
    ['sync', { mode: 'sync' }],
    ['exposed', { mode: 'exposed', text: 'def handler(body, path, query):\n    return body\n' }],
    ['suffixes', { inputSuffix: ['.png', 'tar.gz'] }],
    [
      'sizes that YAML would take for numbers',
      { cpu: '1', memory: '1000Mi', image: `ghcr.io/a/b@sha256:${'0a'.repeat(32)}` }
    ],
    ['a shell server', { mode: 'exposed', language: 'shell', text: 'exec nc -l $PORT\n' }]
  ] as [string, Partial<IPackOptions>][])('%s passes our own checks', (_, options) => {
    const packed = pack(options);
    const { document, problems } = parseFdl(packed.fdl);
    expect(problems).toEqual([]);
    const scripts = { 'script.sh': file(packed, 'script.sh') };
    expect(checkFdl(document, { scripts, processRuntime: true })).toEqual([]);
    const [{ service }] = document.oscar;
    expect(service['name']).toBe('grey');
    expect(typeof service['memory']).toBe('string');
    expect(service['cpu']).toBe(options.cpu ?? '0.5');
  });

  test('modes and image are in it; endings are left to the script, for OSCAR filters outputs only', () => {
    const service = (options: Partial<IPackOptions>) => parseFdl(pack(options).fdl).document.oscar[0].service;
    expect(service({ inputSuffix: ['png'] })['input']).toEqual([
      { storage_provider: 'minio.default', path: 'grey/in' }
    ]);
    expect(service({ mode: 'sync' })).toMatchObject({
      log_level: 'CRITICAL',
      synchronous: { min_scale: 0, max_scale: 3 }
    });
    expect(service({ image: 'x/y:1' })['image']).toBe('x/y:1');
    const exposed = service({ mode: 'exposed', text: 'def handler(b): pass' });
    expect(exposed['input']).toBeUndefined();
    expect(Object.keys(exposed['expose'] as object)).toEqual([
      'min_scale',
      'max_scale',
      'cpu_threshold',
      'api_port',
      'rewrite_target',
      'set_auth',
      'default_command',
      'health_path'
    ]);
  });

  test('the same input gives the same bytes', () => {
    expect(pack({ text: 'import numpy\n' })).toEqual(pack({ text: 'import numpy\n' }));
  });
});

describe('what is refused', () => {
  test.each([
    ['Grey_It', /grey-it/],
    ['-x-y', /3 to 39/],
    ['ab', /3 to 39/],
    ['a'.repeat(40), /3 to 39/],
    ['3d-model', /3 to 39/],
    ['../up', /3 to 39/],
    ['', /3 to 39/]
  ])('the name %j', (name, message) => {
    const found = problem({ name });
    expect(`${found.message} ${found.action ?? ''}`).toMatch(message);
  });

  test.each([
    ['x = 1\n!ls -l\n', 2, /!ls .*subprocess/],
    ['x = 1\n\n%matplotlib inline\n', 3, /%matplotlib/],
    ['files = !ls\n', 1, /files/],
    ['  %time f()\n', 1, /%time/],
    ['%%bash\nls\n', 1, /%%bash/],
    ['%conda install numpy\n', 1, /%conda .*%pip/],
    ['!apt-get install gdal\n', 1, /system packages into an image/],
    ['%pip install -r requirements.txt\n', 1, /--requirements/],
    ['%pip install -e .\n', 1, /this machine/],
    ['%pip install ./wheels/x.whl\n', 1, /no package/],
    ['%pip install {name}\n', 1, /variable/],
    ['a = """\n%pip install x\n"""\n!pwd\n', 4, /!pwd/]
  ])('the magic in %j', (text, line, message) => {
    const found = problem({ text });
    expect(found.message).toMatch(message);
    expect(found.line).toBe(line);
    expect(problem({ text, firstLine: 2 }).line).toBe(line + 1);
  });

  test('code that cannot be a service', () => {
    expect(problem({ text: ' \n' }).message).toMatch(/no code/);
    expect(problem({ text: 'x = "\0"' }).message).toMatch(/zero byte/);
    expect(problem({ mode: 'exposed' }).message).toMatch(/handler/);
    expect(problem({ mode: 'exposed', text: '"""\ndef handler(b): pass\n"""' }).message).toMatch(/handler/);
    expect(problem({ language: 'notebook', mode: 'exposed', text: '{}' }).message).toMatch(/exposed/);
    expect(problem({ text: `x = "${'x'.repeat(1_000_000)}"` }).message).toMatch(/1 MB/);
    expect(problem({ image: 'https://x/y' }).message).toMatch(/image/);
    expect(problem({ inputSuffix: ['.p g'] }).message).toMatch(/ending/);
    expect(problem({ language: 'shell', text: '#!/usr/bin/perl\n' }).message).toMatch(/perl/);
  });

  test('what only looks like a magic is taken', () => {
    const text = [
      'a = (10',
      '  % 3)',
      's = """',
      '!not a command',
      '%pip install never',
      '"""',
      'b = "%s" \\',
      '  % a',
      "c = 'it''s' # !ls",
      'print(a, b, s, f"{a!r}")'
    ].join('\n');
    expect(pack({ text }).files.map(item => item.path)).toEqual(['fdl.yaml', 'script.sh']);
    expect(run(file(pack({ text }), 'script.sh')).stdout).toContain('!not a command');
  });
});

describe('requirements', () => {
  const found = (text: string, options: Partial<IPackOptions> = {}): string[] => {
    const packed = pack({ text, ...options }).files.find(item => item.path === 'requirements.txt');
    return packed ? packed.text.trimEnd().split('\n') : [];
  };

  test.each([
    ['import numpy', ['numpy']],
    ['import numpy as np, pandas as pd', ['numpy', 'pandas']],
    ['from sklearn.linear_model import LinearRegression', ['scikit-learn']],
    ['import cv2', ['opencv-python-headless']],
    ['from PIL import Image', ['pillow']],
    ['import yaml', ['PyYAML']],
    ['from skimage import data', ['scikit-image']],
    ['import bs4, dateutil.parser', ['beautifulsoup4', 'python-dateutil']],
    ['from google.cloud import storage', ['google-cloud-storage']],
    ['import google.cloud.bigquery', ['google-cloud-bigquery']],
    ['import mpl_toolkits.mplot3d', ['matplotlib']],
    ['import some_module', ['some-module']],
    ['import os, sys, json, _thread, tomllib, distutils', []],
    ['import os.path\nfrom collections.abc import Mapping', []],
    ['from __future__ import annotations', []],
    ['try:\n    import orjson\nexcept ImportError:\n    import json', ['orjson']],
    ['def f():\n    from scipy import stats\n    return stats', ['scipy']],
    ['if True: import requests; import httpx', ['requests', 'httpx']],
    ['from numpy import (\n    array,  # import torch\n    zeros,\n)', ['numpy']],
    ['s = "import torch"\n"""\nimport jax\n"""\n# import keras', []],
    ["s = 'it\\'s'\nimport numpy", ['numpy']],
    ['important = 1\nfrom_here = 2', []],
    ['import numpy\nimport numpy.linalg\nfrom numpy import fft', ['numpy']],
    ['x = [\n"import torch"]\nimport \\\n  numpy', ['numpy']],
    ['%pip install numpy', ['numpy']],
    ['%pip install -q -U "numpy>=1.26,<3" pandas[excel]==2.*  # both', ['numpy>=1.26,<3', 'pandas[excel]==2.*']],
    ['!pip install numpy\nimport numpy', ['numpy']],
    ['!{sys.executable} -m pip install numpy', ['numpy']],
    ['%pip install opencv-python\nimport cv2', ['opencv-python']],
    ['%pip install scikit_learn==1.5\nimport sklearn', ['scikit_learn==1.5']],
    [
      '%pip install --extra-index-url https://x.example/simple torch',
      ['--extra-index-url https://x.example/simple', 'torch']
    ],
    ['%pip install a \\\n  b\nimport c', ['a', 'b', 'c']],
    ['if True:\n    %pip install numpy\n', ['numpy']],
    ['%pip install git+https://github.com/a/b.git@v1', ['git+https://github.com/a/b.git@v1']]
  ])('%j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  test('given ones stay as they are, and what is missing is told', () => {
    const packed = pack({ text: '\nimport cv2\nimport numpy\n', requirements: 'numpy==2.1\r\n# no more\r\n' });
    expect(file(packed, 'requirements.txt')).toBe('numpy==2.1\n# no more\n');
    expect(packed.notes).toHaveLength(1);
    expect(packed.notes[0]).toMatch(/Line 2 imports cv2.*opencv-python-headless/);
  });

  test('notes tell where they come from, as the cell counts', () => {
    expect(pack({ text: 'import cv2', firstLine: 2 }).notes[0]).toMatch(/line 2 imports cv2/);
  });

  test('with packages there is a Dockerfile that has them', () => {
    expect(file(pack({ text: 'import numpy', image: 'python:3.11' }), 'Dockerfile')).toMatch(/^FROM python:3.11$/m);
  });

  test('modules beside the code come along, and what they import', () => {
    const modules = {
      'tools.py': 'import numpy\nfrom pkg.deep import value\n',
      'pkg/__init__.py': '',
      'pkg/deep/__init__.py': 'value = 41\n',
      'other.py': 'import torch\n'
    };
    const text = 'import os, tools\n';
    expect(modulesNeeded(text, 'python')).toEqual(['os', 'tools']);
    const packed = pack({ text, modules });
    expect(file(packed, 'requirements.txt')).toBe('numpy\n');
    expect(file(packed, 'script.sh')).not.toContain('torch');
    const plain = pack({ text: 'from pkg.deep import value\nprint(value + 1)', modules });
    expect(run(file(plain, 'script.sh')).stdout).toBe('42\n');
  });
});

describe('the script', () => {
  const script = (text: string, options: Partial<IPackOptions> = {}): string =>
    file(pack({ text, ...options }), 'script.sh');

  test('a cell sees its paths, and what it prints and writes comes out', () => {
    const done = run(
      script('text = input_path.read_text()\n(output_dir / "up.txt").write_text(text.upper())\nprint("done")')
    );
    expect(done).toMatchObject({ status: 0, stdout: 'done\n', outputs: { 'up.txt': 'HELLO' } });
  });

  test('main() is called once, and what it returns is told', () => {
    expect(run(script('def main(input_path, output_dir):\n    return {"n": len(input_path.read_text())}')).stdout).toBe(
      '{"n": 5}\n'
    );
    expect(run(script('def main(a, b):\n    return b"\\x00\\x01"')).outputs).toEqual({ output: '\0\x01' });
    const guarded = 'def main(a, b):\n    print("called")\nif __name__ == "__main__":\n    main(1, 2)\n';
    expect(run(script(guarded)).stdout).toBe('called\n');
    expect(run(script('def main():\n    print("mine")\nmain()')).stdout).toBe('mine\n');
    expect(run(script('from shutil import copy as main')).status).toBe(0);
  });

  test('what fails fails with the lines of the cell alone', () => {
    const done = run(script('x = 1\ny = x / 0\n', { firstLine: 3 }));
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/cell\.py", line 4/);
    expect(done.stderr).not.toContain('run.py');
    expect(run(script('import sys\nsys.exit(7)')).status).toBe(7);
    expect(run(script('def main(a, b):\n    raise KeyError("x")')).status).toBe(1);
  });

  test('nothing in the code leaves its place', () => {
    const text = "a = '''\nOSCAR_END\nOSCAR_END_2\n$HOME `id` \\n '\n'''\nprint(a, end='')";
    expect(run(script(text)).stdout).toBe("\nOSCAR_END\nOSCAR_END_2\n$HOME `id` \n '\n".replace('\\n', '\n'));
    expect(run(script('print("é – 漢")\r\nprint(2)\r\n')).stdout).toBe('é – 漢\n2\n');
    const pickled = 'import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)';
    expect(run(script(pickled)).stdout).toBe('A\n');
  });

  test('nothing stays behind in the temporary folder', () => {
    run(script('print(1)'));
    run(script('1/0'));
    expect(execFileSync('find', [folder, '-mindepth', '1', '-name', 'oscar-*'], { encoding: 'utf8' })).toBe('');
  });

  test('other endings are passed over, also in capitals', () => {
    const text = script('print("seen")', { inputSuffix: ['.png'] });
    expect(run(text, '', { STORAGE_OBJECT_KEY: 'grey/in/a.png' }).stdout).toBe('seen\n');
    expect(run(text, '', { STORAGE_OBJECT_KEY: 'grey/in/A.PNG' }).stdout).toBe('seen\n');
    expect(run(text).stdout).toBe('seen\n');
    expect(run(text, '', { STORAGE_OBJECT_KEY: 'grey/in/a.txt' })).toMatchObject({
      status: 0,
      stdout: 'Nothing to do for grey/in/a.txt: this service takes .png.\n'
    });
  });

  test('a shell cell runs as it is, one for bash is run by bash', () => {
    const shell = (text: string): string => script(text, { language: 'shell' });
    expect(run(shell('wc -c < "$INPUT_FILE_PATH"')).stdout.trim()).toBe('5');
    expect(run(shell('#!/usr/bin/env bash\na=(1 2); echo "${a[1]}"')).stdout).toBe('2\n');
    expect(run(shell('#!/bin/bash -e\nexit 3')).status).toBe(3);
  });

  test('an image without Python is told', () => {
    const done = run(script('print(1)'), '', { PATH: '/nowhere' });
    expect(done.status).toBe(127);
    expect(done.stderr).toMatch(/no python3 in the image python:3.12-slim/);
  });
});
