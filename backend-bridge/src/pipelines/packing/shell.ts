/** Pieces of sh. */

/** A text in single quotes. */
export function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** Lines that write a text to a file, byte for byte (with a line end at its end). */
export function writeFile(path: string, text: string): string {
  const lines = new Set(text.split('\n'));
  let mark = 'OSCAR_END';
  for (let number = 2; lines.has(mark); number++) {
    mark = `OSCAR_END_${number}`;
  }
  return `cat > ${path} <<'${mark}'\n${text}${text.endsWith('\n') || text === '' ? '' : '\n'}${mark}\n`;
}
