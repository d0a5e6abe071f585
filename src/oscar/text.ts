/** True for text that is an object or a list of JSON. */
export function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) {
    return false;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That it cannot be parsed is the answer.
    return false;
  }
}
