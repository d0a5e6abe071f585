import { quote } from './shell';
import type { INodeConfig } from './node-config';

/** Why a node cannot do without Python; undefined when it can. */
export function plainRefusal(config: INodeConfig): string | undefined {
  const need =
    config.kind !== 'r' && config.kind !== 'command'
      ? ({ notebook: 'runs notebooks', python: 'runs the program' }[config.kind as string] ?? 'calls services')
      : config.parents.length > 1
        ? `sees which of the ${config.parents.length} nodes before this one are done`
        : config.code
          ? 'fetches the code of this node'
          : config.provider !== 'minio.default'
            ? 'reads the event of AWS'
            : undefined;
  return need === undefined
    ? undefined
    : `[pipeline] The image has no Python (3.6 or newer), which ${need}. Choose another image for "${config.label.replace(/\s+/g, ' ')}".`;
}

/** The plain way for scripts and commands with one node before them at most: sh, tar and base64. */
export function plainScript(config: INodeConfig, code: boolean): string[] {
  const root = config.parents.length === 0;
  const run = root
    ? ['run=${STORAGE_OBJECT_KEY##*/}', 'run=${run%.json}']
    : ['run=${STORAGE_OBJECT_KEY%/*}', 'run=${run##*/}'];
  const program =
    config.kind === 'r' ? `Rscript ${quote(`./${config.file ?? ''}`)}` : `/bin/sh -c ${quote(config.command ?? '')}`;
  const stem = config.file?.replace(/\.[^.]*$/, '') ?? config.kind;
  const started = root
    ? [
        '# Values for one run need a reader of JSON.',
        'if tr -d " \\n\\r\\t" < "$INPUT_FILE_PATH" | grep -Eq \'"(parameters|variables)":\\{"\'; then',
        '  fail "The image has no Python to read the parameters of a run with. Choose another image, or start it without parameters."',
        'fi',
        'cp "$INPUT_FILE_PATH" .oscar-run.json'
      ]
    : [
        'case "$STORAGE_OBJECT_KEY" in',
        `  */edge/*/${config.parents[0].service}.tar.gz) ;;`,
        '  *) echo "[pipeline] no archive of the node before this one; nothing to do"; exit 0 ;;',
        'esac',
        'tar tzf "$INPUT_FILE_PATH" > "$work/names" || fail "The archive that came in is damaged."',
        'if grep -Eq \'^/|(^|/)\\.\\.(/|$)\' "$work/names" || tar tvzf "$INPUT_FILE_PATH" | grep -q \'^[^-d]\'; then',
        '  fail "The archive that came in has links, or files outside its folder; it is not unpacked."',
        'fi',
        'tar xzf "$INPUT_FILE_PATH" || fail "The archive that came in is damaged."',
        'if tr -d " \\n\\r\\t" < .oscar-run.json | grep -Eq \'"(parameters|variables)":\\{"\'; then',
        '  fail "The image has no Python to read the parameters of the run with. Choose another image."',
        'fi'
      ];
  return [
    '# Without Python: sh, tar and base64.',
    ...run,
    'case "$run" in "" | [!a-z0-9]* | *[!a-z0-9-]*) echo "[pipeline] $STORAGE_OBJECT_KEY does not start a run"; exit 70 ;; esac',
    'started=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)',
    'out=$TMP_OUTPUT_DIR/run/$run; mkdir -p "$out" "$work/files" && cd "$work/files" || exit 70',
    'json() { printf %s "$1" | tr "\\n\\r\\t" "   " | sed \'s/[\\\\"]/\\\\&/g\'; }',
    'status() {',
    '  (cd "$out" && find . -type f) | sed \'s|^\\./||\' | sort > "$work/artifacts"',
    '  {',
    `    printf '{"node":"%s","service":"%s","run":"%s","code":%s,"startedAt":"%s","finishedAt":"%s",' \\`,
    `      "$(json ${quote(config.node)})" ${quote(config.service)} "$run" "$1" "$started" "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)"`,
    `    printf '"artifacts":['`,
    '    comma=; while IFS= read -r name; do printf \'%s"%s"\' "$comma" "$(json "$name")"; comma=,; done < "$work/artifacts"',
    '    printf \'],"missing":[%s]\' "$missing"',
    '    if [ -n "$2" ]; then printf \',"reason":"%s"\' "$(json "$2")"; fi',
    '    printf "}\\n"',
    '  } > "$work/status" && cp "$work/status" "$out/_status.json"',
    '}',
    'missing=',
    'fail() { echo "[pipeline] $1"; status 70 "$1"; exit 70; }',
    ...started,
    ...(code
      ? [
          'if ! tr "_-" "/+" < "$work/code.b64" | base64 -d > "$work/code.tar.gz" || ! tar xzf "$work/code.tar.gz"; then',
          '  fail "The code of the node could not be unpacked: the image needs tar and base64."',
          'fi'
        ]
      : []),
    'export ELYRA_RUN_NAME="$run" ELYRA_RUNTIME_ENV=oscar',
    `{ ${program} 2>&1 < /dev/null; echo $? > "$work/code"; } | tee "$out/"${quote(`${stem}.log`)}`,
    'code=$(cat "$work/code"); code=${code:-70}',
    'reason=',
    `if [ "$code" != 0 ]; then reason=${quote(`${config.file ?? 'The command'} ended with exit code `)}$code.; fi`,
    'touch "$work/outputs"',
    ...config.outputs.flatMap(output => [
      'found=',
      `for path in ${shellPattern(output)}; do`,
      '  if [ -e "$path" ] && [ ! -L "$path" ]; then found=1; find "$path" -type f | sed \'s|^\\./||\' >> "$work/outputs"; fi',
      'done',
      `if [ -z "$found" ]; then missing="\${missing}\${missing:+,}\\"$(json ${quote(output)})\\""; fi`
    ]),
    ...(config.outputs.length > 0
      ? [
          'if [ "$code" = 0 ] && [ ! -s "$work/outputs" ]; then',
          `  code=70; reason=${quote(`It ended well, but wrote none of its outputs: ${config.outputs.join(', ')}.`)}`,
          'fi',
          'while IFS= read -r path; do',
          '  case "$path" in _status.json) continue ;; */*) mkdir -p "$out/${path%/*}" ;; esac',
          '  cp "$path" "$out/$path"',
          `  printf '${config.rank} %s\\n' "$(printf %s "$path" | sed 's/%/%25/g')" >> .oscar-files`,
          'done < "$work/outputs"'
        ]
      : []),
    ...(config.next
      ? [
          'if [ "$code" = 0 ]; then',
          '  touch .oscar-files',
          '  edge=$TMP_OUTPUT_DIR/edge/$run; mkdir -p "$edge"',
          ...(root ? [] : ['  grep -v \'/$\' "$work/names" | sed \'s|^\\./||\' >> "$work/outputs"']),
          '  { echo .oscar-run.json; echo .oscar-files; grep -vx -e .oscar-run.json -e .oscar-files "$work/outputs" | sort -u; } | sed \'s|^|./|\' > "$work/hand-on"',
          `  tar czf "$work/next.tar.gz" -T "$work/hand-on" && mv "$work/next.tar.gz" "$edge/"${quote(`${config.service}.tar.gz`)} ||`,
          '    fail "The archive for the next node could not be written."',
          'fi'
        ]
      : []),
    'status "$code" "$reason"',
    'if [ -n "$reason" ]; then echo "[pipeline] $reason"; fi',
    'exit "$code"'
  ];
}

/** A pattern of files: its wildcards work, everything else is literal. */
function shellPattern(pattern: string): string {
  const clean = pattern.replace(/\/+$/, '').replace(/\*\*+/g, '*');
  return `./${clean}`
    .split(/([*?]|\[[^\]/]*\])/)
    .map((part, index) => (index % 2 === 1 ? part : part === '' ? '' : quote(part)))
    .join('');
}
