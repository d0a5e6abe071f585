import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files below a folder. */
export async function diskUsage(folder: string): Promise<number> {
  let size = 0;
  const stack = [folder];
  for (let path = stack.pop(), seen = 0; path !== undefined; path = stack.pop(), seen++) {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        stack.push(child);
      } else if (entry.isFile()) {
        size += statSync(child, { throwIfNoEntry: false })?.size ?? 0;
      }
    }
    if (seen % 50 === 49) {
      // Thousands of folders: let others work in between.
      await new Promise(resolve => setImmediate(resolve));
    }
  }
  return size;
}

/** Whether a folder can be written to; the message of the machine when not. */
export function writable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const probe = join(folder, `.probe-${process.pid}`);
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
