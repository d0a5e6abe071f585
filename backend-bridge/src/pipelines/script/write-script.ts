import type { INodeConfig } from './node-config';
import { plainScript, plainRefusal } from './plain';
import { RUNNER } from './runner';
import { quote } from './shell';

export interface IScriptOptions {
  config: INodeConfig;
  /** Lines of base64 (the alphabet without slashes) of a tar.gz; absent: no code, or code in a bucket. */
  code?: string;
  /** Lines for the reader, without `#`. */
  comments: string[];
}

/**
 * The script of a node. Python runs it where there is one; else the plain way is taken when the node allows it, and the reason
 * is told when not.
 */
export function writeScript({ config, code, comments }: IScriptOptions): string {
  const refusal = plainRefusal(config);
  const head = [
    '#!/bin/sh',
    ...comments.map(line => `# ${oneLine(line)}`.trimEnd()),
    'case "${STORAGE_OBJECT_KEY:-}" in */) exit 0 ;; esac',
    'work=$(mktemp -d "${TMPDIR:-/tmp}/node-XXXXXX") || exit 70',
    'trap \'rm -rf "$work"\' EXIT',
    "trap 'exit 143' TERM INT HUP",
    '',
    'cat > "$work/node.json" <<\'END_OF_NODE\'',
    JSON.stringify(config, undefined, 1),
    'END_OF_NODE',
    ...(code === undefined ? [] : ['cat > "$work/code.b64" <<\'END_OF_CODE\'', code, 'END_OF_CODE']),
    '',
    'for python in python3 python; do',
    '  if "$python" -c \'import sys; sys.exit(sys.version_info < (3, 6))\' 2> /dev/null; then',
    '    cat > "$work/run.py" <<\'END_OF_RUNNER\'',
    ''
  ].join('\n');
  const tail = [
    'END_OF_RUNNER',
    '    "$python" -u "$work/run.py" "$work"',
    '    exit',
    '  fi',
    'done',
    '',
    ...(refusal === undefined ? plainScript(config, code !== undefined) : [`echo ${quote(refusal)}`, 'exit 70']),
    ''
  ].join('\n');
  // Put together, not copied: scripts of a large pipeline share the one runner in memory.
  return head + RUNNER + tail;
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
