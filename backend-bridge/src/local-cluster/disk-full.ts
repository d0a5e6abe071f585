/** SQLITE_IOERR_WRITE */
const IOERR_WRITE = 10 | (3 << 8);

/** Said where a full disk ends something. */
export const DISK_FULL = 'The disk is full: delete data and run it again.';

/** Whether there was no room, in the words of the system or of SQLite (SQLITE_FULL; SQLITE_IOERR where its log cannot grow). */
export function isDiskFull(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return (
    code === 'ENOSPC' ||
    code === 'EDQUOT' ||
    (typeof errcode === 'number' && ((errcode & 0xff) === 13 || errcode === IOERR_WRITE))
  );
}

/** Said where a full disk refuses something. */
export const NO_ROOM = 'The disk is full. Nothing was changed; free some space and try again.';
