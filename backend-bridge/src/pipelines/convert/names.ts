import { sha256 } from './sha256';

/** Lower-case letters, digits and single hyphens; begins with a letter. May be empty. */
export function slug(text: string, length: number): string {
  const clean = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const begins = /^[0-9]/.test(clean) ? `p${clean}` : clean;
  return begins.slice(0, length).replace(/-+$/, '');
}

export interface INamedNode {
  id: string;
  label: string;
}

/**
 * Names of services by id of node: `<pipeline>-<label>-<hash>`, at most 37 characters (OSCAR takes 39). The hash is of user,
 * file and id, so that exporting again gives the same names, and two users or two pipelines different ones.
 */
export function serviceNames(
  nodes: readonly INamedNode[],
  pipeline: { name: string; file: string; user?: string }
): Map<string, string> {
  const head = slug(pipeline.name, 14) || 'pipeline';
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id, label } of nodes) {
    const middle = slug(label.replace(/\.(ipynb|py|r|sh)$/i, ''), 15) || 'node';
    for (let round = 0; ; round++) {
      const key = [pipeline.user ?? '', pipeline.file, id, ...(round === 0 ? [] : [String(round)])].join('\0');
      const name = `${head}-${middle}-${sha256(key).slice(0, 6)}`;
      if (!taken.has(name)) {
        taken.add(name);
        names.set(id, name);
        break;
      }
    }
  }
  return names;
}
