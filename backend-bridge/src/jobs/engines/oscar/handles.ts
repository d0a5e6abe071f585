import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the cluster calls the jobs of attempts, kept beside the journal: a bridge that comes after can still end them. */
export class Handles {
  constructor(folder: string) {
    this._file = join(folder, 'handles.jsonl');
  }

  /** By name of the attempt. */
  async load(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(this._file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return new Map();
      }
      throw error;
    }
    const found = new Map<string, string>();
    for (const line of text.split('\n')) {
      // The last line may have been cut by a crash.
      const match = /^\["([^"]+)","([^"]+)"\]$/.exec(line);
      if (match) {
        found.set(match[1], match[2]);
      }
    }
    return found;
  }

  /** Handles that end up in one line are read as none: the job is then known by its status alone. */
  add(name: string, handle: string): Promise<void> {
    return appendFile(this._file, `${JSON.stringify([name, handle])}\n`, { mode: 0o600 });
  }

  private readonly _file: string;
}
