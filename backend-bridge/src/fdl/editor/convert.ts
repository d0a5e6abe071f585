import { parseFdl } from '../parse';
import { trimPath } from '../paths';
import { asList, asMap, asText, isMap, join } from '../pointer';
import { SERVICE_FIELDS, type Fields } from '../tables';
import type { FdlMap, FdlValue, IFdlDocument, IFdlEntry, IRange } from '../types';
import { dialectOf, type IDialect } from '../version';
import { isKnownTo } from '../write';
import { blockOf, commentOut, reindent } from './blocks';
import { applyEdits } from './edits';
import type { IConverted, IEdit, TargetVersion } from './types';

const VERSIONS: Readonly<Record<TargetVersion, string>> = { '3.x': '3.7.0', '4.0': '4.0.0', '4.1': '4.1.2' };

/**
 * Writes a file for another version of the server: forms are translated, what the version does not know becomes a comment.
 * Everything else stays as it is, to the blank. A text that is no YAML comes back as it is, with a note.
 */
export function convertVersion(text: string, version: TargetVersion): IConverted {
  const { document, problems } = parseFdl(text);
  const broken = problems.find(problem => problem.severity === 'error');
  if (broken) {
    return { text, notes: [`Line ${broken.line} has to be corrected first: ${broken.message}`] };
  }
  const conversion = new Conversion(document, version);
  for (const entry of document.oscar) {
    conversion.service(entry);
  }
  return { text: applyEdits(text, conversion.edits), notes: conversion.notes };
}

class Conversion {
  constructor(
    private readonly _document: IFdlDocument,
    private readonly _version: TargetVersion
  ) {
    this._dialect = dialectOf(VERSIONS[_version]);
  }

  service(entry: IFdlEntry): void {
    this._variables(entry);
    this._ports(entry);
    this._words(entry);
    this._paths(entry);
    if (this._dialect.federation) {
      this._toFederation(entry);
    } else {
      this._toReplicas(entry);
    }
    this._unknown(entry, entry.service, SERVICE_FIELDS, entry.pointer);
  }

  /** `Variables` is the form of before 3.4. */
  private _variables(entry: IFdlEntry): void {
    const environment = asMap(entry.service.environment);
    const at = join(entry.pointer, 'environment', 'Variables');
    const key = this._document.places.get(at)?.key;
    if (environment.Variables === undefined || !key) {
      return;
    }
    if (environment.variables !== undefined) {
      this._note(entry, 'has variables and Variables: put them together by hand.');
      return;
    }
    this.edits.push({ ...key, text: 'variables' });
    this._note(entry, 'Variables is now variables.');
  }

  private _ports(entry: IFdlEntry): void {
    const expose = asMap(entry.service.expose);
    for (const key of ['api_port', 'nodePort']) {
      const value = expose[key];
      const at = this._written(join(entry.pointer, 'expose', key));
      if (value === undefined || value === null || !at) {
        continue;
      }
      if (this._dialect.portLists && !Array.isArray(value)) {
        this.edits.push({ ...at, text: `[${asText(value)}]` });
        this._note(entry, `${key} is now a list.`);
      } else if (!this._dialect.portLists && Array.isArray(value)) {
        if (value.length === 0) {
          continue;
        }
        // A list in block form begins below its key.
        const own = this._document.places.get(join(entry.pointer, 'expose', key))?.key;
        const after: IRange =
          own && at.line > own.endLine
            ? { line: own.endLine, column: own.endColumn, endLine: at.endLine, endColumn: at.endColumn }
            : at;
        this.edits.push({ ...after, text: after === at ? asText(value[0]) : `: ${asText(value[0])}` });
        this._note(
          entry,
          value.length > 1
            ? `${key} takes one port: ${asText(value[0])} stays, ${value.slice(1).map(asText).join(', ')} is gone.`
            : `${key} is now a number.`
        );
      }
    }
  }

  private _words(entry: IFdlEntry): void {
    for (const key of ['isolation_level', 'log_level']) {
      const value = entry.service[key];
      const at = this._written(join(entry.pointer, key));
      if (typeof value === 'string' && value !== value.toUpperCase() && at) {
        this.edits.push({ ...at, text: value.toUpperCase() });
      }
    }
  }

  /** Since 4.1 a path without a folder lies in the bucket of the service; before, it is a bucket. */
  private _paths(entry: IFdlEntry): void {
    const name = asText(entry.service.name);
    for (const side of ['input', 'output'] as const) {
      asList(entry.service[side]).forEach((io, index) => {
        const path = asMap(io).path;
        const provider = asText(asMap(io).storage_provider);
        const at = this._written(join(entry.pointer, side, index, 'path'));
        if (typeof path !== 'string' || !/^(minio|s3)\b/i.test(provider) || !at) {
          return;
        }
        const short = trimPath(path);
        if (short === '' || short.includes('/')) {
          return;
        }
        if (!this._dialect.shortPaths && side === 'input' && name !== '') {
          this.edits.push({ ...at, text: `${name}/${short}` });
          this._note(entry, `the input ${short} is written as ${name}/${short}.`);
        } else {
          this._note(
            entry,
            `the path ${short} is ${this._dialect.shortPaths ? `the folder ${short} of the bucket ${name}` : `the bucket ${short}`} in this version: write bucket/folder.`
          );
        }
      });
    }
  }

  /** `replicas` and its companions become `federation`. */
  private _toFederation(entry: IFdlEntry): void {
    const { service, pointer } = entry;
    const replicas = blockOf(this._document, join(pointer, 'replicas'));
    if (service.replicas === undefined || service.replicas === null) {
      return;
    }
    if (service.federation !== undefined || !replicas) {
      this._note(entry, 'replicas has to be moved into federation.members by hand.');
      return;
    }
    const indent = ' '.repeat(replicas.column - 1);
    const lines = [
      'federation:',
      `${indent}  group_id: ${asText(service.name)}`,
      `${indent}  topology: star`,
      ...['delegation', 'rescheduler_threshold'].flatMap(key =>
        service[key] === undefined || service[key] === null ? [] : [`${indent}  ${key}: ${asText(service[key])}`]
      ),
      `${indent}  members:${reindent(replicas.after, 2)}`
    ];
    this.edits.push({ ...replicas.range, text: lines.join('\n') });
    this._remove(entry, ['delegation', 'rescheduler_threshold']);
    this._note(entry, 'replicas is now federation.members; it needs the secret refresh_token.');
  }

  /** `federation` becomes `replicas` and its companions. */
  private _toReplicas(entry: IFdlEntry): void {
    const { service, pointer } = entry;
    if (!isMap(service.federation)) {
      return;
    }
    const { federation } = service;
    const block = blockOf(this._document, join(pointer, 'federation'));
    const members = blockOf(this._document, join(pointer, 'federation', 'members'));
    const list = asList(federation.members);
    if (!block || service.replicas !== undefined || (list.length > 0 && !members)) {
      this._note(entry, 'federation has to be written as replicas by hand.');
      return;
    }
    const indent = ' '.repeat(block.column - 1);
    const delegation = asText(federation.delegation);
    const lines = [
      ...(members && list.length > 0 ? [`replicas:${reindent(members.after, block.column - members.column)}`] : []),
      ...(delegation !== '' && delegation !== 'topsis' ? [`delegation: ${delegation}`] : []),
      ...(federation.rescheduler_threshold === undefined || federation.rescheduler_threshold === null
        ? []
        : [`rescheduler_threshold: ${asText(federation.rescheduler_threshold)}`])
    ];
    if (lines.length === 0) {
      this._comment(entry, join(pointer, 'federation'), 'federation');
      return;
    }
    this.edits.push({ ...block.range, text: lines.join(`\n${indent}`) });
    this._note(entry, 'federation.members is now replicas; group_id and topology have no place in this version.');
    if (delegation === 'topsis') {
      this._note(entry, 'the delegation topsis is not known: the default is used.');
    }
  }

  /** What came later, or went before. */
  private _unknown(entry: IFdlEntry, map: FdlMap, fields: Fields, pointer: string): void {
    for (const key of Object.keys(map)) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const value: FdlValue = map[key];
      if (!field || OTHERWISE.includes(key)) {
        continue;
      }
      if (!isKnownTo(field, this._dialect)) {
        this._comment(entry, join(pointer, key), key);
      } else if (isMap(value) && field.kind === 'object') {
        this._unknown(entry, value, field.fields ?? {}, join(pointer, key));
      }
    }
  }

  private _comment(entry: IFdlEntry, pointer: string, key: string): void {
    const edits = commentOut(this._document, pointer);
    this.edits.push(...edits);
    this._note(
      entry,
      edits.length > 0
        ? `${key} is not known to OSCAR ${this._version}: it is now a comment.`
        : `${key} is not known to OSCAR ${this._version}: take it out by hand.`
    );
  }

  private _remove(entry: IFdlEntry, keys: string[]): void {
    for (const key of keys) {
      const block = blockOf(this._document, join(entry.pointer, key));
      if (block) {
        this.edits.push({ ...block.line, text: '' });
      }
    }
  }

  /** Where a value stands in the file itself; undefined when it comes from an alias. */
  private _written(pointer: string): IRange | undefined {
    const range = this._document.places.get(pointer)?.value;
    const line = range === undefined ? '' : (this._document.text.split('\n')[range.line - 1] ?? '');
    return range === undefined || line[range.column - 1] === '*' ? undefined : range;
  }

  private _note(entry: IFdlEntry, text: string): void {
    this.notes.push(`${asText(entry.service.name) || 'A service'}: ${text}`);
  }

  readonly edits: IEdit[] = [];
  readonly notes: string[] = [];
  private readonly _dialect: IDialect;
}

/** Keys that have a translation of their own. */
const OTHERWISE = ['replicas', 'delegation', 'rescheduler_threshold', 'federation'];
