/** Factors of Kubernetes' quantities. */
const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
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

/**
 * The number that a Kubernetes quantity stands for: cores for `0.5` and `500m`, bytes for `256Mi` and `1e9`.
 * Undefined when it is none. Source: k8s.io/apimachinery resource.Quantity.
 */
export function parseQuantity(text: string | undefined): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec((text ?? '').trim());
  if (!match) {
    return undefined;
  }
  return match[2] ? Number(match[1] + match[2]) : Number(match[1]) * FACTORS[match[3] ?? ''];
}

/** `1 CPU`, `0.5 CPUs`, `8 CPUs`. */
export function showCpus(cpus: number): string {
  const text = String(Math.round(cpus * 1000) / 1000);
  return `${text} CPU${text === '1' ? '' : 's'}`;
}

/** `256Mi`, `1.5Gi`; as services write it. */
export function showMemory(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10}${units[unit]}`;
}
