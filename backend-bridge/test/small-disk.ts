import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A small disk of its own, that can be filled to the last byte. */
export interface ISmallDisk {
  folder: string;
  fill(): void;
  free(): void;
  unmount(): void;
}

/** Mounts one at a folder; undefined, said loudly, where this user may not. */
export function mountSmallDisk(folder: string, size: string): ISmallDisk | undefined {
  mkdirSync(folder, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder]).status !== 0) {
    console.warn('SKIPPED: this user may not mount a small disk, so a full one is not tried.');
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill: () => {
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k', 'oflag=append', 'conv=notrunc']);
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=512', 'oflag=append', 'conv=notrunc']);
    },
    free: () => rmSync(ballast, { force: true }),
    // Lazily: a test that failed still has files open there.
    unmount: () => void spawnSync('umount', ['-l', folder])
  };
}
