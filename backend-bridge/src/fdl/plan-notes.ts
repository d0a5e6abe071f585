import { RUNTIME_ANNOTATION, type IOscarService } from './service';
import type { IFdlDocument, IFdlEntry } from './types';

/** A service of the file, as it is to be on the cluster. */
export interface IWanted {
  name: string;
  entry: IFdlEntry;
  scriptPath: string;
  service: Partial<IOscarService>;
  deployed?: IOscarService;
}

/** What to know about one service before it is deployed. */
export function serviceNotes(want: IWanted, features: ReadonlySet<string>): string[] {
  const notes: string[] = [];
  if (features.has('requirements') && want.service.annotations?.[RUNTIME_ANNOTATION] === 'process') {
    notes.push(`The image ${want.service.image} is not used: ${want.name} runs as a process of this machine.`);
  }
  if (features.has('requirements') && (want.service.expose?.nodePort ?? []).length > 0) {
    notes.push(`The node ports of ${want.name} are not opened on this machine: it is reached at its path only.`);
  }
  if (want.service.visibility === 'public') {
    notes.push(`${want.name} is public: every user of the cluster can use it and read and write its buckets.`);
  }
  const kept = Object.keys(want.deployed?.environment?.secrets ?? {});
  if (kept.length > 0 && Object.keys(want.service.environment?.secrets ?? {}).length === 0) {
    notes.push(`The secrets of ${want.name} stay as they are: ${kept.join(', ')}.`);
  }
  return notes;
}

/** What to know about the whole file. */
export function generalNotes({ aws }: IFdlDocument, storage: boolean): string[] {
  return [
    ...(aws.length > 0
      ? [`${aws.length} ${aws.length === 1 ? 'function' : 'functions'} for AWS in this file are left alone.`]
      : []),
    ...(storage
      ? []
      : [
          'The object store cannot be reached: services are connected by a second update, and deleting the one that writes then deletes the bucket of the other.'
        ])
  ];
}
