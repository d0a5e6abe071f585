import { MAX_NAME, NAME_PATTERN } from '../checks/names';
import { parseFdl } from '../parse';
import { asList, asMap, asText, isMap, join } from '../pointer';
import type { FdlMap, FdlValue, IFdlDocument } from '../types';
import { applyEdits, isInside, lineStarts, offsetAt } from './edits';
import type { IEdit, IPosition, IRenamed } from './types';

/** Name of the service or function whose lines a place is in. */
export function serviceAt(document: IFdlDocument, position: IPosition): string | undefined {
  const around = (pointer: string) => {
    const place = document.places.get(pointer);
    const range = place && { ...place.value, ...(place.key ? { line: place.key.line, column: place.key.column } : {}) };
    return range !== undefined && isInside(range, position.line, position.column);
  };
  const entry = document.oscar.find(item => around(item.pointer));
  const index = document.aws.findIndex((_, at) => around(join('/functions/aws', at)));
  const name = entry ? entry.service.name : lambdaOf(document.aws[index]).name;
  return asText(name) || undefined;
}

function lambdaOf(item: FdlValue | undefined): FdlMap {
  return asMap(isMap(item) ? item.lambda : undefined);
}

/**
 * Gives a service (or a function of AWS) another name everywhere in the file: its name, the bucket of its name in the paths
 * and mounts of all services, the clusters that share it, and annotations, labels and variables that name it.
 */
export function renameService(text: string, from: string, to: string): IRenamed {
  const { document } = parseFdl(text);
  const problem = reasonAgainst(document, from, to);
  if (problem !== undefined) {
    return { edits: [], text, problem };
  }
  if (from === to) {
    return { edits: [], text };
  }
  const edits = new Renaming(document, from, to).edits();
  return { edits, text: applyEdits(text, edits) };
}

function reasonAgainst(document: IFdlDocument, from: string, to: string): string | undefined {
  const oscar = document.oscar.map(entry => asText(entry.service.name));
  const aws = document.aws.map(item => asText(lambdaOf(item).name));
  if (from === '' || ![...oscar, ...aws].includes(from)) {
    return `There is no service ${from} in this file.`;
  }
  if (oscar.includes(from) && (to.length > MAX_NAME || !NAME_PATTERN.test(to))) {
    return 'A name has 1 to 39 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen.';
  }
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(to)) {
    return 'A name of a function has 1 to 64 letters, digits, hyphens and underscores.';
  }
  return from !== to && [...oscar, ...aws].includes(to) ? `There is a service ${to} in this file already.` : undefined;
}

class Renaming {
  constructor(
    private readonly _document: IFdlDocument,
    private readonly _from: string,
    private readonly _to: string
  ) {
    this._starts = lineStarts(_document.text);
  }

  edits(): IEdit[] {
    for (const { service, pointer } of this._document.oscar) {
      this._service(service, pointer);
      this._whole(asMap(service.federation).group_id, join(pointer, 'federation', 'group_id'));
      asList(asMap(service.federation).members).forEach((member, index) =>
        this._whole(asMap(member).service_name, join(pointer, 'federation', 'members', index, 'service_name'))
      );
      asList(service.replicas).forEach((member, index) =>
        this._whole(asMap(member).service_name, join(pointer, 'replicas', index, 'service_name'))
      );
      this._path(asMap(service.mount).path, join(pointer, 'mount', 'path'));
      for (const path of [['annotations'], ['labels'], ['environment', 'variables'], ['environment', 'Variables']]) {
        this._texts(service, pointer, path);
      }
    }
    this._document.aws.forEach((item, index) => {
      const pointer = join('/functions/aws', index);
      const lambda = lambdaOf(item);
      this._service(lambda, join(pointer, 'lambda'));
      this._texts(lambda, join(pointer, 'lambda'), ['environment', 'Variables']);
      this._texts(lambda, join(pointer, 'lambda'), ['container', 'environment', 'Variables']);
      this._path(asMap(lambda.deployment).bucket, join(pointer, 'lambda', 'deployment', 'bucket'));
    });
    return this._edits;
  }

  private _service(service: FdlMap, pointer: string): void {
    this._whole(service.name, join(pointer, 'name'));
    for (const side of ['input', 'output']) {
      asList(service[side]).forEach((io, index) => this._path(asMap(io).path, join(pointer, side, index, 'path')));
    }
  }

  private _texts(service: FdlMap, pointer: string, path: string[]): void {
    const values = asMap(path.reduce<FdlValue | undefined>((value, key) => asMap(value)[key], service));
    for (const name of Object.keys(values)) {
      const at = join(pointer, ...path, name);
      this._whole(values[name], at);
      this._path(values[name], at);
      this._address(values[name], at);
    }
  }

  /** The value is the name. */
  private _whole(value: FdlValue | undefined, pointer: string): void {
    if (value === this._from) {
      this._replace(pointer, new RegExp(`^(["']?)${escape(this._from)}(?=["']?$)`));
    }
  }

  /** The value is a path in the bucket of the name. */
  private _path(value: FdlValue | undefined, pointer: string): void {
    if (typeof value === 'string' && /^[\s/]*([^/]*)/.exec(value)?.[1].trim() === this._from) {
      this._replace(pointer, new RegExp(`^(["']?[\\s/]*)${escape(this._from)}(?=\\s*(?:/|["']?$))`));
    }
  }

  /** The value is an address of the service on its cluster. */
  private _address(value: FdlValue | undefined, pointer: string): void {
    const pattern = `(/(?:system/services|system/logs|job|run)/)${escape(this._from)}(?=["'/?#]|$)`;
    if (typeof value === 'string' && new RegExp(pattern).test(value)) {
      this._replace(pointer, new RegExp(pattern));
    }
  }

  /** Looks at what really stands there: an alias stays, what it stands for is changed. */
  private _replace(pointer: string, pattern: RegExp): void {
    const range = this._document.places.get(pointer)?.value;
    if (!range || this._done.has(`${range.line}:${range.column}`)) {
      return;
    }
    const { text } = this._document;
    const from = offsetAt(this._starts, text, range.line, range.column);
    const raw = text.slice(from, offsetAt(this._starts, text, range.endLine, range.endColumn));
    const match = pattern.exec(raw);
    if (!match) {
      return;
    }
    const column = range.column + match.index + match[1].length;
    if (raw.slice(0, match.index + match[0].length).includes('\n')) {
      return;
    }
    this._done.add(`${range.line}:${range.column}`);
    this._edits.push({
      line: range.line,
      column,
      endLine: range.line,
      endColumn: column + this._from.length,
      text: this._to
    });
  }

  private readonly _starts: number[];
  private readonly _edits: IEdit[] = [];
  private readonly _done = new Set<string>();
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
