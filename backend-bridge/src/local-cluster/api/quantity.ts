export { parseQuantity } from '../../fdl/quantity';

export const BAD_QUANTITY =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Bytes as Kubernetes writes them: with the largest binary unit that leaves a whole number. */
export function formatBytes(bytes: number): string {
  for (const [unit, scale] of [
    ['Ei', 2 ** 60],
    ['Pi', 2 ** 50],
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10]
  ] as const) {
    if (bytes !== 0 && bytes % scale === 0) {
      return `${bytes / scale}${unit}`;
    }
  }
  return String(bytes);
}
