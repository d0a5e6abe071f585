import { createReadStream } from 'node:fs';
import type { ComputeRequest } from '../../contract';
import type { ITaskFormat, ITaskInput } from '../engine/task';
import { CsvCuts } from './csv-cuts';
import { isSplittable, resolveFormat } from './formats';
import type { IFoundFile } from './listing';
import { Space, type ISpaceData, type ISpaceFile } from './space';

/** Places of CSV records that are remembered for one file; more would make the journal large. */
const MOST_CUTS = 4096;
const LEAST_STEP = 256 * 1024;

export interface IGathered {
  space: Space;
  notes: string[];
}

/**
 * Files with their formats, those of one format together, in the order they were listed. Empty files are left out unless a
 * file is a record.
 */
export async function gather(
  files: readonly IFoundFile[],
  spec: ComputeRequest,
  options: { block: number; signal: AbortSignal }
): Promise<IGathered> {
  const groups = new Map<string, { format: ITaskFormat; files: IFoundFile[] }>();
  for (const file of files) {
    const format = resolveFormat(file.uri, spec.format);
    if (file.size === 0 && format.type !== 'file') {
      continue;
    }
    const key = JSON.stringify(format);
    const group = groups.get(key) ?? { format, files: [] };
    groups.set(key, group);
    group.files.push(file);
  }
  const data: ISpaceData = { formats: [], files: [] };
  const notes: string[] = [];
  let uncut = 0;
  for (const { format, files: members } of groups.values()) {
    for (const file of members) {
      const entry: ISpaceFile = { ...file, format: data.formats.length };
      if (format.type === 'csv' && isSplittable(format) && file.size > options.block) {
        entry.cuts = await csvCuts(file, format, options.signal);
        uncut += file.uri.startsWith('s3://') ? 1 : 0;
      }
      data.files.push(entry);
    }
    data.formats.push(format);
  }
  if (data.formats.length > 1) {
    notes.push(`The input has files of ${data.formats.length} formats: ${describe([...groups.values()])}.`);
  }
  if (uncut > 0) {
    notes.push(
      `${uncut === 1 ? 'A CSV file of a bucket is' : `${uncut} CSV files of a bucket are`} read by one worker each, as a ` +
        'newline may be inside quotes; if none is, the format “text” lets them be split.'
    );
  }
  return { space: new Space(data), notes };
}

/** Undefined: parts may begin anywhere. An empty list: nowhere but at the beginning. */
async function csvCuts(file: IFoundFile, format: ITaskFormat, signal: AbortSignal): Promise<number[] | undefined> {
  if (file.uri.startsWith('s3://')) {
    return [];
  }
  const cuts = new CsvCuts(Math.max(LEAST_STEP, Math.ceil(file.size / MOST_CUTS)), format.separator);
  for await (const piece of createReadStream(file.uri, { highWaterMark: 1024 * 1024, signal })) {
    cuts.push(piece as Buffer);
  }
  return cuts.end();
}

function describe(groups: { format: ITaskFormat; files: readonly unknown[] }[]): string {
  return groups
    .map(({ format, files }) => `${files.length} ${format.type}${format.compression ? ` (${format.compression})` : ''}`)
    .join(', ');
}

/** What the functions are tried on: this many bytes. */
const SAMPLE = 64 * 1024;
/** For bounds of a sorted result it is taken from so many places: input is often sorted by something. */
const SAMPLE_PLACES = 16;

/** The beginning of the input, or pieces from all over it. All of one format: the first. */
export function sampleInput(space: Space, spread: boolean): { format: ITaskFormat; input: ITaskInput[] } | undefined {
  const { data } = space;
  const first = data.files[0];
  if (first === undefined) {
    return undefined;
  }
  const end = space.endOfFormat(first.format);
  const places = spread && end > SAMPLE * 2 ? SAMPLE_PLACES : 1;
  const input = new Map<string, ITaskInput>();
  for (let i = 0; i < places; i++) {
    const at = Math.floor((i * end) / places);
    const count = Math.min(Math.ceil(SAMPLE / places), end - at);
    for (const piece of space.inputs({ first: at, count }).input) {
      input.set(`${piece.uri} ${piece.start}`, piece);
    }
  }
  // A record longer than the piece, or one file that cannot be cut and is met at its middle only.
  if (input.size === 0) {
    const piece = space.inputs({ first: 0, count: Math.max(1, first.size) }).input[0];
    input.set(piece.uri, piece);
  }
  return { format: data.formats[first.format], input: [...input.values()] };
}
