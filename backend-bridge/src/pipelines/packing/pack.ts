import { readNotebook, silence } from './notebook';
import { NOTEBOOK_RUNNER } from './notebook-text';
import { PackProblem } from './problem';
import { scanPython, type IPythonImport } from './python-scan';
import { JOB_RUNNER, SERVER } from './python-text';
import { readMagic, requirementsFor } from './requirements';
import { dockerfile, fdlText, type IServiceForm, type PackMode } from './service-text';
import { quoted, writeFile } from './shell';

export type PackLanguage = 'python' | 'shell' | 'notebook';

export interface IPackOptions {
  name: string;
  text: string;
  language: PackLanguage;
  /** What it was: told in the script's head, for instance `cell` or `analyse.ipynb`. */
  origin?: string;
  /** Line of the cell at which the text begins. */
  firstLine?: number;
  image?: string;
  inputSuffix?: readonly string[];
  /** Text of a requirements.txt. */
  requirements?: string;
  mode?: PackMode;
  cpu?: string;
  memory?: string;
  /** Python modules that lie beside the code, by path (`tools.py`, `pkg/__init__.py`); those that are imported come along. */
  modules?: { readonly [path: string]: string };
}

export interface IPacked {
  fdl: string;
  /** fdl.yaml first. */
  files: { path: string; text: string }[];
  notes: string[];
  /** The Python as it goes in, where there is some: line for line as the caller wrote it. */
  python?: string;
}

/** What Kubernetes, the object store and OSCAR agree on; 3 to 39 characters. */
export const SERVICE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DEFAULT_IMAGE = 'python:3.12-slim';
/** OSCAR keeps a script in an object of Kubernetes, of 1 MiB at most. */
const LARGEST_SCRIPT = 1_000_000;

interface ICode {
  imports: IPythonImport[];
  installs: string[];
  notes: string[];
  /** The code as it goes into the service. */
  text: string;
}

/**
 * Makes a service of a piece of code. Pure: the same input gives the same bytes.
 *
 * @throws PackProblem when it cannot be one.
 */
export function packService(options: IPackOptions): IPacked {
  const form = formOf(options);
  const text = options.text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (text.trim() === '') {
    throw new PackProblem('There is no code to make a service of.');
  }
  if (text.includes('\0')) {
    throw new PackProblem('The code holds a zero byte: it is no text.');
  }
  if (options.language === 'notebook' && form.mode === 'exposed') {
    throw new PackProblem(
      'A notebook cannot be an exposed service: it runs to its end.',
      undefined,
      'Write a cell with a function handler(body, path, query) and make that the service.'
    );
  }
  const firstLine = options.firstLine ?? 1;
  const code =
    options.language === 'python'
      ? readPython(text, firstLine)
      : options.language === 'notebook'
        ? readNotebook(text)
        : { text, imports: [], installs: [], notes: [] };
  if (options.language === 'python' && form.mode === 'exposed') {
    requireHandler(code.text, firstLine);
  }
  const modules = options.language === 'shell' ? {} : reachable(code.imports, options.modules ?? {});
  const local = new Set(Object.keys(options.modules ?? {}).map(path => path.replace(/\.py$/, '').split('/')[0]));
  const found = requirementsFor({
    given: options.requirements,
    installs: code.installs,
    imports: [...code.imports, ...Object.values(modules).flatMap(module => scanPython(module).imports)],
    local,
    extra: options.language === 'notebook' ? NOTEBOOK_PACKAGES : []
  });
  const script = scriptOf({ options, form, code: code.text, modules, firstLine });
  if (script.length > LARGEST_SCRIPT) {
    throw new PackProblem(
      `The script would have ${Math.round(script.length / 1000)} kB, and OSCAR takes at most 1 MB.`,
      undefined,
      'Put data and large modules into an image, and name it with --image.'
    );
  }
  const fdl = fdlText(form);
  const files = [
    { path: 'fdl.yaml', text: fdl },
    { path: 'script.sh', text: script },
    ...(found.text === ''
      ? []
      : [
          { path: 'requirements.txt', text: found.text },
          { path: 'Dockerfile', text: dockerfile(form.image) }
        ])
  ];
  return {
    fdl,
    files,
    notes: [...code.notes, ...found.notes, ...comeAlong(modules)],
    ...(options.language === 'python' ? { python: code.text } : {})
  };
}

const NOTEBOOK_PACKAGES = [
  { name: 'nbclient', why: 'it runs the notebook.' },
  { name: 'ipykernel', why: 'it is the kernel of the notebook.' }
];

/** Names of modules that the code may want from the folder beside it, for the caller to gather; those of the standard library are not among them. */
export function modulesNeeded(text: string, language: PackLanguage): string[] {
  if (language === 'shell') {
    return [];
  }
  const scans = language === 'python' ? scanPython(text).imports : readNotebook(text).imports;
  return [...new Set(scans.map(item => item.module.split('.')[0]).filter(name => name !== ''))];
}

function formOf(options: IPackOptions): IServiceForm {
  const { name, image = DEFAULT_IMAGE, mode = 'async' } = options;
  if (!SERVICE_NAME.test(name) || name.length > 39 || name.length < 3) {
    const clean = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 39);
    throw new PackProblem(
      `“${name.slice(0, 60)}” is no name for a service: it has 3 to 39 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen.`,
      undefined,
      SERVICE_NAME.test(clean) && clean.length > 2 ? `Name it ${clean}.` : undefined
    );
  }
  if (image === '' || /[\s'"]|:\/\//.test(image)) {
    throw new PackProblem(`“${image.slice(0, 100)}” is no name of an image. Write registry/name:tag.`);
  }
  const suffixes = (options.inputSuffix ?? []).map(suffix =>
    /^[.*]/.test(suffix) ? suffix.replace(/^\*/, '') : `.${suffix}`
  );
  const wrong = suffixes.find(suffix => !/^[\w.+-]{1,40}$/.test(suffix));
  if (wrong !== undefined) {
    throw new PackProblem(`“${wrong}” is no ending of a file name. Write it as .png.`);
  }
  return {
    name,
    image,
    mode,
    suffixes,
    cpu: options.cpu ?? '0.5',
    memory: options.memory ?? '512Mi',
    healthPath: options.language === 'shell' ? '/' : '/health'
  };
}

function readPython(text: string, firstLine: number): ICode {
  const scan = scanPython(text);
  const lines = text.split('\n');
  const installs: string[] = [];
  for (const magic of scan.magics) {
    const { requirements, problem } = readMagic(magic);
    if (problem) {
      throw new PackProblem(problem.message, problem.line + firstLine - 1);
    }
    installs.push(...requirements);
    silence(lines, magic.line, magic.endLine);
  }
  const imports = scan.imports.map(item => ({ ...item, line: item.line + firstLine - 1 }));
  return { text: lines.join('\n'), imports, installs, notes: [] };
}

function requireHandler(text: string, firstLine: number): void {
  const line = scanPython(text).defined.get('handler');
  if (line === undefined) {
    throw new PackProblem(
      'An exposed service of Python needs a function handler(body, path, query); there is none.',
      firstLine,
      'Define it, or write a shell cell that starts a server on $HOST:$PORT.'
    );
  }
}

/** Of the modules beside the code, those that it imports, and those that they import. */
function reachable(
  imports: readonly IPythonImport[],
  modules: { readonly [path: string]: string }
): {
  [path: string]: string;
} {
  const taken: { [path: string]: string } = {};
  const queue = [...imports];
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    const top = item.module.split('.')[0];
    if (top === '') {
      continue;
    }
    for (const path of Object.keys(modules)) {
      if ((path === `${top}.py` || path.startsWith(`${top}/`)) && taken[path] === undefined) {
        taken[path] = modules[path].replace(/\r\n?/g, '\n');
        queue.push(...scanPython(taken[path]).imports);
      }
    }
  }
  return taken;
}

function comeAlong(modules: { [path: string]: string }): string[] {
  const names = Object.keys(modules).sort();
  return names.length === 0
    ? []
    : [
        `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''} ${names.length === 1 ? 'comes' : 'come'} along in the script.`
      ];
}

interface IScriptParts {
  options: IPackOptions;
  form: IServiceForm;
  code: string;
  modules: { [path: string]: string };
  firstLine: number;
}

function scriptOf({ options, form, code, modules, firstLine }: IScriptParts): string {
  const head = [
    '#!/bin/sh',
    `# The service ${form.name}, packed from ${(options.origin ?? 'a cell').replace(/[^\x20-\x7e]/g, '?')} by jupyterlab-oscar.`,
    '# Change the code there and pack it again: it is written anew.'
  ];
  if (form.mode === 'exposed') {
    head.push(
      '# Inside a container all may connect; a process of this machine is for this machine only.',
      'if [ -n "${OSCAR_EXPOSED_PORT:-}" ] && [ ! -e /.dockerenv ] && [ ! -e /run/.containerenv ]; then HOST=127.0.0.1; else HOST=0.0.0.0; fi',
      'PORT=${OSCAR_EXPOSED_PORT:-8080}',
      'export HOST PORT'
    );
  } else if (form.suffixes.length > 0) {
    const patterns = form.suffixes.flatMap(suffix =>
      [...new Set([suffix, suffix.toLowerCase(), suffix.toUpperCase()])].map(ending => `*${ending}`)
    );
    head.push(
      '# Calls without a file name are taken as they are.',
      'case "${STORAGE_OBJECT_KEY:-}" in',
      `  ''|${patterns.join('|')}) ;;`,
      `  *) echo "Nothing to do for $STORAGE_OBJECT_KEY: this service takes ${form.suffixes.join(', ')}."; exit 0 ;;`,
      'esac'
    );
  }
  if (options.language === 'shell') {
    return `${head.join('\n')}\n${shellBody(code, form.mode === 'exposed')}`;
  }
  const notebook = options.language === 'notebook';
  const lines = [
    ...head,
    'set -eu',
    `command -v python3 >/dev/null 2>&1 || { echo ${quoted(`There is no python3 in the image ${form.image}: name one that has it.`)} >&2; exit 127; }`,
    'oscar_work=$(mktemp -d "${TMPDIR:-/tmp}/oscar-XXXXXX")',
    ...(form.mode === 'exposed' ? [] : [`trap 'rm -rf "$oscar_work"' EXIT`]),
    ''
  ];
  let script = lines.join('\n');
  for (const folder of [
    ...new Set(
      Object.keys(modules)
        .filter(path => path.includes('/'))
        .map(path => path.replace(/\/[^/]*$/, ''))
    )
  ].sort()) {
    script += `mkdir -p "$oscar_work"/${quoted(folder)}\n`;
  }
  for (const path of Object.keys(modules).sort()) {
    script += writeFile(`"$oscar_work"/${quoted(path)}`, modules[path]);
  }
  if (notebook) {
    const name = options.origin?.split('/').pop() ?? 'notebook.ipynb';
    script += `OSCAR_NOTEBOOK=${quoted(name)}\nexport OSCAR_NOTEBOOK\n`;
    script += writeFile('"$oscar_work"/notebook.ipynb', code);
    script += writeFile('"$oscar_work"/run.py', NOTEBOOK_RUNNER);
  } else {
    // So that lines in tracebacks are those of the cell.
    const padding = firstLine > 1 ? `# The cell began with a magic.\n${'\n'.repeat(firstLine - 2)}` : '';
    script += writeFile('"$oscar_work"/cell.py', padding + code);
    script += writeFile('"$oscar_work"/run.py', form.mode === 'exposed' ? SERVER : JOB_RUNNER);
  }
  return `${script}${form.mode === 'exposed' ? 'exec ' : ''}python3 -u "$oscar_work"/run.py\n`;
}

/** A cell of sh goes into the script as it is; one for another shell is run by that. */
function shellBody(code: string, exposed: boolean): string {
  const shebang = /^#!\s*(?:\S*\/env\s+)?(?:\S*\/)?([\w.-]+)[^\n]*\n?/.exec(code);
  if (!shebang || /^(sh|dash|ash)$/.test(shebang[1])) {
    return code.endsWith('\n') ? code : `${code}\n`;
  }
  if (!/^(bash|zsh|ksh)$/.test(shebang[1])) {
    throw new PackProblem(`A shell cell is run by a shell; its first line names ${shebang[1]}.`, 1);
  }
  const end = exposed ? `exec ${shebang[1]} "$oscar_cell"` : `${shebang[1]} "$oscar_cell"`;
  const clean = exposed ? '' : `trap 'rm -f "$oscar_cell"' EXIT\n`;
  return `oscar_cell=$(mktemp "\${TMPDIR:-/tmp}/oscar-XXXXXX")\n${clean}${writeFile('"$oscar_cell"', code)}${end}\n`;
}
