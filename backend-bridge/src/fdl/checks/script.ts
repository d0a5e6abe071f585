import { asMap, join } from '../pointer';
import type { Reporter } from './reporter';
import { RUNTIME_ANNOTATION } from '../service';
import type { FdlValue, ICheckContext, IFdlDocument, IFdlEntry } from '../types';

const MAX_SCRIPT = 1_000_000;

/** Folders of images and containers that a process of this machine does not have at their place. */
const CONTAINER_FOLDERS = [
  'app',
  'code',
  'data',
  'home',
  'mnt',
  'model',
  'models',
  'opt',
  'oscar',
  'root',
  'srv',
  'workspace',
  'volume'
];

const INSTEAD: Record<string, string> = {
  '/oscar/config': 'The definition is also in $FUNCTION_CONFIG.',
  '/mnt': 'Mounted buckets are also below $OSCAR_MOUNT_DIR.',
  '/var/run/secrets/providers': 'The keys are also below $OSCAR_PROVIDERS_DIR.'
};

/** The script that a service names: whether it is there, and what will go wrong with its text. */
export function checkScript(
  entry: IFdlEntry,
  document: IFdlDocument,
  context: ICheckContext,
  reporter: Reporter
): void {
  const { service, pointer } = entry;
  const at = join(pointer, 'script');
  const exposed = asMap(service.expose).api_port !== undefined;
  const text = checkScriptFile({ path: service.script, at, runsWithSh: !exposed }, context, reporter);
  if (text !== undefined && context.processRuntime && asMap(service.annotations)[RUNTIME_ANNOTATION] !== 'container') {
    checkPaths(entry, String(service.script), text, at, reporter);
  }
}

export interface IScriptFile {
  path: FdlValue | undefined;
  /** Pointer of the path. */
  at: string;
  /** It is run by /bin/sh, whatever its first line says. */
  runsWithSh: boolean;
}

/** A path of a script and the text behind it. Answers the text when there is one that can run. */
export function checkScriptFile(
  { path: script, at, runsWithSh }: IScriptFile,
  context: ICheckContext,
  reporter: Reporter
): string | undefined {
  const key = at.slice(at.lastIndexOf('/') + 1);
  if (typeof script !== 'string' || script === '') {
    return undefined;
  }
  if (script.includes('\n') || script.startsWith('#!')) {
    reporter.add({
      code: 'script-is-text',
      at,
      on: 'key',
      message: `${key} is the path of a file. Save the text as script.sh beside this file, and write ${key}: script.sh.`
    });
    return undefined;
  }
  if (/^([a-z]+:)?\/\//i.test(script) || script.includes('\0')) {
    reporter.error('bad-script-path', at, `${key} is a path relative to this file, not an address.`);
    return undefined;
  }
  if (script.startsWith('/') || /^[A-Za-z]:[\\/]/.test(script)) {
    reporter.warning(
      'absolute-script-path',
      at,
      'This path exists on one machine only. Write it relative to this file.'
    );
  }
  if (!context.scripts || !Object.hasOwn(context.scripts, script)) {
    return undefined;
  }
  const text = context.scripts[script];
  if (text === null) {
    reporter.error('script-missing', at, `There is no file ${script} beside this file.`);
    return undefined;
  }
  if (text.trim() === '') {
    reporter.warning('script-empty', at, `${script} is empty: jobs will do nothing.`);
    return undefined;
  }
  if (text.length > MAX_SCRIPT) {
    reporter.error(
      'script-too-large',
      at,
      `${script} has ${Math.round(text.length / 1000)} kB, and OSCAR takes at most 1 MB. Put data into the image or a bucket.`
    );
  }
  if (text.includes('\0')) {
    reporter.error('script-not-text', at, `${script} is not a text file. Name a shell script that starts the program.`);
    return undefined;
  }
  if (text.includes('\r\n')) {
    reporter.warning(
      'script-crlf',
      at,
      `${script} has Windows line ends. They are changed when it is deployed; save it with Unix line ends.`
    );
  }
  if (runsWithSh) {
    checkShebang(script, text, at, reporter);
  }
  return text;
}

function checkShebang(script: string, text: string, at: string, reporter: Reporter): void {
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (!shebang) {
    return;
  }
  const program = (shebang[1].endsWith('/env') ? (shebang[2] ?? '') : shebang[1]).split('/').pop() ?? '';
  if (!['sh', 'dash', 'ash', 'bash', 'busybox', ''].includes(program)) {
    reporter.warning(
      'script-shebang',
      at,
      `${script} is run by /bin/sh, whatever its first line says. Begin it with #!/bin/sh and call ${program} in it.`
    );
  } else if (program === 'bash' && /\[\[|<\(|<<<|\bdeclare\s+-|\$\{[A-Za-z_]+\[/.test(text)) {
    reporter.warning(
      'script-bash',
      at,
      `${script} is run by /bin/sh, and it uses things that only bash knows. Write them for sh, or call bash in it.`
    );
  }
}

function checkPaths(entry: IFdlEntry, script: string, text: string, at: string, reporter: Reporter): void {
  const mountPath = asMap(entry.service.volume).mount_path;
  const lines = text.split('\n');
  const found = new Map<string, number>();
  lines.forEach((line, index) => {
    if (/^\s*#/.test(line)) {
      return;
    }
    for (const match of line.matchAll(/(?<![\w.:/$}~*-])\/([a-z]+)(?:\/[\w.-]+)*/g)) {
      const known = CONTAINER_FOLDERS.includes(match[1]) || match[0].startsWith('/var/run/secrets/providers');
      if (
        (known || (typeof mountPath === 'string' && match[0].startsWith(mountPath))) &&
        !found.has(match[0]) &&
        found.size < 5
      ) {
        found.set(match[0], index + 1);
      }
    }
  });
  for (const [path, line] of found) {
    const known = Object.keys(INSTEAD).find(prefix => path === prefix || path.startsWith(prefix + '/'));
    const volume =
      typeof mountPath === 'string' && path.startsWith(mountPath)
        ? 'The volume is also at $OSCAR_VOLUME_DIR.'
        : undefined;
    reporter.warning(
      'container-path',
      at,
      `Line ${line} of ${script} uses ${path}, a path inside a container; a process of this machine may not have it. ${volume ?? (known ? INSTEAD[known] : 'Use a path that the script makes, or the container runtime.')}`
    );
  }
}
