import { parseSentinel } from '../fdl';
import { withoutSupervisor } from './reply';

/** What a log tells about its job. */
export interface IJobFacts {
  exitCode?: number;
  /** Names relative to the output folder (lines of the epilogue). */
  names: string[];
  /** Objects that the supervisor says it uploaded. */
  uploads: { bucket: string; key: string }[];
  /** Object that the supervisor says it fetched. */
  input?: { bucket: string; key: string };
  /** What the script printed, cut to its last 64 KiB. */
  printed: string;
  /** The supervisor's own last words when it failed. */
  failure?: string;
}

const LONGEST_PRINTED = 64 * 1024;
const DOWNLOAD = /Downloading item from bucket '([^'\n]*)' with key '(.*)'\s*$/m;
const UPLOAD = /Uploading file '(.*)' to bucket '([^'\n]*)'\s*$/gm;
const EXCEPTION = /(There was an exception in .*|No user script found!.*|Traceback \(most recent call last\)[\s\S]*)/;

export function readFacts(log: string): IJobFacts {
  const sentinel = parseSentinel(log);
  const download = DOWNLOAD.exec(log);
  const printed = withoutSupervisor(sentinel.log);
  const failure = EXCEPTION.exec(log)?.[1]?.trim();
  return {
    ...(sentinel.exitCode === undefined ? {} : { exitCode: sentinel.exitCode }),
    names: sentinel.outputs,
    uploads: [...log.matchAll(UPLOAD)].map(match => ({ bucket: match[2], key: match[1] })),
    ...(download ? { input: { bucket: download[1], key: download[2] } } : {}),
    printed: printed.length > LONGEST_PRINTED ? `…${printed.slice(-LONGEST_PRINTED)}` : printed,
    ...(failure ? { failure: failure.slice(0, 500) } : {})
  };
}
