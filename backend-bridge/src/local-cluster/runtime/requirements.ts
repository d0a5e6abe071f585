/** At the end of a line of requirements.txt: this package alone, without what it asks for. */
const ALONE = '# no-deps';

/**
 * Requirements without comments, blank lines and the difference between line ends; the order does not matter. Lines that end in
 * `# no-deps` keep that.
 */
export function normaliseRequirements(text: string): string[] {
  return [
    ...new Set(
      text
        .replace(/\\\r?\n/g, ' ')
        .split(/\r?\n/)
        .map(line => {
          const alone = isAlone(line);
          const bare = line
            .replace(/(^|\s)#.*$/, '')
            .trim()
            .replace(/\s+/g, ' ');
          return bare && alone ? `${bare}  ${ALONE}` : bare;
        })
        .filter(Boolean)
    )
  ].sort();
}

/**
 * What is installed with all that it asks for, and what is installed alone: packages whose requirements are not used, for
 * instance a model that names a framework of gigabytes. To pip and uv the mark is a comment.
 */
export function splitRequirements(lines: string[]): { whole: string[]; alone: string[] } {
  return { whole: lines.filter(line => !isAlone(line)), alone: lines.filter(isAlone) };
}

function isAlone(line: string): boolean {
  return /\s#\s*no-deps\s*$/.test(line);
}
