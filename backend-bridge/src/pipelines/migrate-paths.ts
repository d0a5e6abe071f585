import { isAbsolute, normalise } from './values';

/**
 * Until version 1 names of files were relative to the workspace. Where the pipeline lies in it is known from `file` when that is relative;
 * of an absolute path the end is compared. What cannot be told stays as it is: shortening it to the bare name, as Elyra does, loses it.
 */
export function relativeToPipeline(filename: string, file: string): string {
  if (filename.trim() === '' || isAbsolute(filename)) {
    return filename;
  }
  const target = normalise(filename).split('/');
  const parts = normalise(file).split('/').slice(0, -1).filter(Boolean);
  if (isAbsolute(file)) {
    for (let length = Math.min(parts.length, target.length - 1); length > 0; length--) {
      const end = parts.slice(parts.length - length);
      if (end.every((part, index) => part === target[index])) {
        return target.slice(length).join('/');
      }
    }
    return filename;
  }
  let shared = 0;
  while (shared < parts.length && shared < target.length - 1 && parts[shared] === target[shared]) {
    shared++;
  }
  return shared === 0 && parts.length === 0
    ? filename
    : [...parts.slice(shared).map(() => '..'), ...target.slice(shared)].join('/');
}
