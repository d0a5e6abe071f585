const PATTERN = /^([+-]?(?:\d+\.?\d*|\.\d+))(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|n|u|[eE][+-]?\d+)?$/;

const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
  T: 1e12,
  Ti: 2 ** 40,
  P: 1e15,
  Pi: 2 ** 50,
  E: 1e18,
  Ei: 2 ** 60
};

/** The number behind a quantity of Kubernetes (`500m` is 0.5, `1Ki` is 1024); undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match) {
    return undefined;
  }
  const suffix = match[2] ?? '';
  const factor = suffix === '' ? 1 : (FACTORS[suffix] ?? Number(`1${suffix}`));
  const value = Number(match[1]) * factor;
  return Number.isFinite(value) ? value : undefined;
}

/** What was probably meant by something that is no quantity: `512MB` is `512M`, `1 gb` is `1G`. */
export function suggestQuantity(text: string): string | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kKmMgGtTpP])(i?)[bB]?\s*$/.exec(text);
  if (match) {
    const unit = match[2].toLowerCase() === 'k' && match[3] === '' ? 'k' : match[2].toUpperCase();
    return `${match[1]}${unit}${match[3]}`;
  }
  const comma = /^\s*(\d+),(\d+)\s*$/.exec(text);
  if (comma) {
    return `${comma[1]}.${comma[2]}`;
  }
  const trimmed = text.trim();
  return parseQuantity(trimmed) === undefined ? undefined : trimmed;
}
