/**
 * The lines that a deployed script's last block writes for the bridge: names of outputs, then the exit code. They say nothing to
 * people; the job shows the code, and its result the outputs. The same rules as the language's parseSentinel, for a log that grows.
 */
const PREFIX = String.raw`(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) )?`;
const EXIT = new RegExp(`^${PREFIX}OSCAR-EXIT: \\d{1,3}\\s*$`);
const OUTPUT = new RegExp(`^${PREFIX}OSCAR-OUTPUT: .+$`);
const NOTHING = /^(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))?\s*$/;
const COPIED = / - supervisor - \w+ - OSCAR-(?:EXIT|OUTPUT): /;

/** How far from the end the block is looked for: after it comes only what the supervisor has to say. */
const LOOK_BACK = 300;

/** A supervisor that logs each line says it all once more. */
export function isCopied(line: string): boolean {
  return COPIED.test(line);
}

/** The lines from `first` to before `end` that are not shown; none when both are the same. */
export function hiddenLines(lines: readonly string[]): { first: number; end: number } {
  const bottom = Math.max(0, lines.length - LOOK_BACK);
  let exit = lines.length - 1;
  // Ending in outputs, the block is still being written.
  if (exit >= 0 && OUTPUT.test(lines[exit])) {
    exit = -1;
  }
  while (exit >= bottom && !EXIT.test(lines[exit])) {
    exit--;
  }
  const end = exit >= 0 && exit >= bottom ? exit + 1 : lines.length;
  let first = exit >= 0 && exit >= bottom ? exit : end;
  while (first > 0 && OUTPUT.test(lines[first - 1])) {
    first--;
  }
  // The block breaks the line before it prints.
  if (first < end && first > 0 && NOTHING.test(lines[first - 1])) {
    first--;
  }
  return { first, end };
}
