import { parseQuantity as parse } from '../../fdl/quantity';

/** Cores or bytes behind a quantity of a service; undefined when there is none, or it is none. */
export function parseQuantity(text: string | undefined): number | undefined {
  return parse((text ?? '').trim());
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
