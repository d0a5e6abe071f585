/** Kubernetes quantities: `500m`, `1.5`, `256Mi`, `1e3`. */

const SCALES: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60
};

export const BAD_QUANTITY =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** The number behind a quantity (cores or bytes); undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][-+]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  if (!match) {
    return undefined;
  }
  const value = Number(match[1] + (match[2] ?? '')) * SCALES[match[3] ?? ''];
  return Number.isFinite(value) ? value : undefined;
}

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
