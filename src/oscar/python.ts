/**
 * The Python lines that do what was done by hand.
 *
 * @param file - as the kernel finds it; undefined when the input is not known.
 */
export function invokeCell(cluster: string, service: string, file: string | undefined): string {
  const call = `oscar.cluster(${literal(cluster)}).service(${literal(service)}).invoke(${literal(file ?? 'FILE')})`;
  return `import jupyterlab_oscar as oscar\n\nresult = ${call}\nresult\n`;
}

/** A Python string literal. */
function literal(text: string): string {
  // JSON's escapes are Python's, but for the pairs that JSON makes of what lies beyond U+FFFF, which stay as they are here.
  return JSON.stringify(text).replace(/\u007f/g, '\\x7f');
}

/** `file` as seen from the folder `from`, both relative to the Jupyter root. */
export function relativePath(from: string, file: string): string {
  const a = from.split('/').filter(Boolean);
  const b = file.split('/').filter(Boolean);
  let same = 0;
  while (same < a.length && same < b.length - 1 && a[same] === b[same]) {
    same++;
  }
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
}
