/** What the definition of a service looks like for one version of the server. */
export interface IDialect {
  /** `[major, minor, patch]` */
  version: [number, number, number];
  /** `expose.api_port` and `nodePort` are lists (4.1). */
  portLists: boolean;
  /** `federation` in place of `replicas`, `delegation`, `rescheduler_threshold` (4.1). */
  federation: boolean;
  /** `environment.variables` in place of `Variables` (3.4). */
  lowerVariables: boolean;
  /** A path without a slash is a folder of the bucket named as the service (4.1). */
  shortPaths: boolean;
}

const NEWEST: [number, number, number] = [4, 1, 2];

/** Reads `v4.1.2`, `3.6.0-rc1`; `devel` and what cannot be read is the newest that is known. */
export function parseVersion(text: string | undefined): [number, number, number] {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : NEWEST;
}

/** True when a version is not older than another. */
export function atLeast(version: readonly number[], other: readonly number[]): boolean {
  for (let i = 0; i < 3; i++) {
    const difference = (version[i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
}

export function dialectOf(text: string | undefined): IDialect {
  const version = parseVersion(text);
  const since41 = atLeast(version, [4, 1, 0]);
  return {
    version,
    portLists: since41,
    federation: since41,
    shortPaths: since41,
    lowerVariables: atLeast(version, [3, 4, 0])
  };
}
