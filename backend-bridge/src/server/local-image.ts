import { execFile } from 'node:child_process';
import type { ILocalImage } from '../clusters/readiness';

const PATIENCE = 10_000;

/** What podman or docker of this machine know of an image; undefined when there is none of them, or no such image. */
export async function localImage(image: string): Promise<ILocalImage | undefined> {
  for (const program of ['podman', 'docker']) {
    const text = await inspect(program, image);
    if (text === undefined) {
      continue;
    }
    const [found] = JSON.parse(text) as { RepoDigests?: string[] | null; Architecture?: string }[];
    if (found) {
      // podman gives images that were only built a digest below localhost/.
      const digests = (found.RepoDigests ?? []).filter(digest => !digest.startsWith('localhost/'));
      return { digests, ...(found.Architecture ? { architecture: found.Architecture } : {}) };
    }
  }
  return undefined;
}

function inspect(program: string, image: string): Promise<string | undefined> {
  return new Promise(resolve => {
    execFile(
      program,
      ['image', 'inspect', '--', image],
      { timeout: PATIENCE, maxBuffer: 8 * 1024 * 1024 },
      (error, stdout) => resolve(error || stdout.trim() === '' ? undefined : stdout)
    );
  });
}
