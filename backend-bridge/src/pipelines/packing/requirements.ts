import { isStandard, normalName, packagesOf } from './import-names';
import type { IMagicLine, IPythonImport } from './python-scan';

/** What is wrong with a line of the code. */
export interface ILineProblem {
  line: number;
  message: string;
}

export interface IInstall {
  /** Lines for requirements.txt. */
  requirements: string[];
  problem?: ILineProblem;
}

const INSTALL =
  /^[%!]\s*(?:(?:\{\s*sys\.executable\s*\}|python3?(?:\.\d+)?|uv)\s+(?:-m\s+)?)?(pip3?)\s+install\b(.*)$/s;
const OTHER_INSTALLERS = /^[%!]\s*(conda|mamba|micromamba|apt|apt-get|sudo)\b/;
/** Options of pip that say how it installs here and mean nothing for a service. */
const IGNORED =
  /^(-q+|--quiet|-v+|--verbose|-U|--upgrade|--user|--no-cache-dir|--disable-pip-version-check|--no-input|-y|--yes|--break-system-packages|--progress-bar=\w+)$/;
const NAMED = /^(?:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[\w.,\s-]*\])?\s*(?:(?:[<>=!~]=?|===|@).*)?$/;

/** Reads a magic of a cell: an installation becomes requirements, everything else is refused. */
export function readMagic(magic: IMagicLine): IInstall {
  const refuse = (message: string): IInstall => ({ requirements: [], problem: { line: magic.line, message } });
  const text = magic.text.replace(/\\\r?\n/g, ' ');
  const match = INSTALL.exec(text);
  if (!match) {
    const shown = text.split(/\s/)[0].slice(0, 40);
    return refuse(
      OTHER_INSTALLERS.test(text)
        ? `${shown} cannot be part of a service: name Python packages with %pip install, and put system packages into an image.`
        : `${shown} is understood by notebooks only, not by a service. Take the line out${text.startsWith('!') ? ', or call the program with subprocess.run()' : ''}.`
    );
  }
  const requirements: string[] = [];
  const words = split(match[2]);
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (IGNORED.test(word)) {
      continue;
    }
    if (/^(-r|--requirement|-c|--constraint|-e|--editable)\b/.test(word)) {
      return refuse(`${word} in %pip install names something of this machine. Give the file with --requirements.`);
    }
    if (/^(-i|--index-url|--extra-index-url|-f|--find-links)$/.test(word) && at + 1 < words.length) {
      requirements.unshift(`${word === '-i' ? '--index-url' : word === '-f' ? '--find-links' : word} ${words[++at]}`);
    } else if (/^--(index-url|extra-index-url|find-links)=/.test(word) || word === '--pre') {
      requirements.unshift(word);
    } else if (/[{}$]/.test(word)) {
      return refuse(
        `%pip install has the variable ${word}, which a service does not know. Write the name of the package.`
      );
    } else if (/^(git|hg|svn|bzr)\+/.test(word) || /^https?:\/\//.test(word)) {
      requirements.push(word);
    } else if (NAMED.test(word) && !/^[.~/]/.test(word)) {
      requirements.push(word);
    } else {
      return refuse(`%pip install has ${word.slice(0, 60)}, which is no package that another machine could get.`);
    }
  }
  return { requirements };
}

/** Words as a shell takes them: quotes go, and a comment ends the line. */
function split(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/"([^"]*)"|'([^']*)'|#.*$|((?:[^\s"'#]|(?<=\S)#)+(?:"[^"]*"|'[^']*')?)/g)) {
    const word = match[1] ?? match[2] ?? match[3]?.replace(/["']/g, '');
    if (word !== undefined && word !== '') {
      words.push(word);
    }
  }
  return words;
}

/** Names of the packages that a requirements.txt names, in the form in which they are compared. */
export function namesIn(requirements: string): Set<string> {
  const names = new Set<string>();
  for (const raw of requirements.split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    const egg = /[#&]egg=([\w.-]+)/.exec(raw)?.[1];
    const name = egg ?? (line.startsWith('-') ? undefined : /^[A-Za-z0-9][\w.-]*/.exec(line)?.[0]);
    if (name !== undefined && !/^(git|hg|svn|bzr|https?|file)$/.test(name)) {
      names.add(normalName(name));
    }
  }
  return names;
}

export interface IFoundRequirements {
  /** Text of requirements.txt; empty: none is needed. */
  text: string;
  notes: string[];
}

/**
 * What goes into requirements.txt: what is given, else what the code installs; and what it imports besides. With given requirements nothing
 * is added, but what seems to be missing is told.
 */
export function requirementsFor(options: {
  given?: string;
  installs: readonly string[];
  imports: readonly IPythonImport[];
  /** Modules that come along with the service. */
  local: ReadonlySet<string>;
  /** Needed in any case, with the reason. */
  extra?: readonly { name: string; why: string }[];
}): IFoundRequirements {
  const notes: string[] = [];
  const lines = options.given === undefined ? [...new Set(options.installs)] : [];
  const known = namesIn(options.given ?? lines.join('\n'));
  const seen = new Set<string>();
  for (const { module, names, line } of options.imports) {
    const top = module.split('.')[0];
    if (module.startsWith('.') || top === '' || options.local.has(top) || isStandard(module)) {
      continue;
    }
    const packages = packagesOf(module, names);
    if (packages.some(name => known.has(normalName(name)) || seen.has(name))) {
      continue;
    }
    seen.add(packages[0]);
    if (options.given === undefined) {
      lines.push(packages[0]);
      notes.push(
        `${packages[0]} goes into requirements.txt: line ${line} imports ${top}${packages[0] === top ? '' : `, which that package has`}. It gets the newest version; name one with %pip install ${packages[0]}==….`
      );
    } else {
      notes.push(
        `Line ${line} imports ${top}, and the requirements have no ${packages[0]}. Add it if nothing else brings it.`
      );
    }
  }
  for (const { name, why } of options.extra ?? []) {
    if (!known.has(normalName(name)) && (options.given !== undefined || lines.length > 0)) {
      lines.push(name);
      notes.push(`${name} goes into requirements.txt: ${why}`);
    }
  }
  const given = options.given?.replace(/\r\n/g, '\n').trimEnd();
  return { text: [...(given ? [given] : []), ...lines].map(line => `${line}\n`).join(''), notes };
}
