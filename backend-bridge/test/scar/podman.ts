/** Stand-ins for what images are built with: podman, and the place where the supervisor lies. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';

/** It notes what it was asked for, and keeps the folder that it was to build. */
const PODMAN = `#!/bin/sh
echo "$@" >> "$NOTES/calls"
case "$1" in
  login) cat > "$NOTES/password" ;;
  build) for last; do :; done; rm -rf "$NOTES/context"; cp -r "$last" "$NOTES/context"; test -z "$FAIL" || { echo "no space left" >&2; exit 3; } ;;
esac
exit 0
`;

export class Builder {
  static async start(): Promise<Builder> {
    const builder = new Builder();
    await new Promise<void>(resolve => builder._server.listen(0, '127.0.0.1', resolve));
    return builder;
  }

  /** What it was given: `calls`, `password` and the folder `context`. */
  readonly notes: string;

  /** Variables with which it is found. */
  get environment(): Record<string, string> {
    return {
      PATH: `${join(this._folder, 'bin')}:/usr/bin:/bin`,
      NOTES: this.notes,
      JUPYTERLAB_OSCAR_SUPERVISOR_URL: `http://127.0.0.1:${(this._server.address() as AddressInfo).port}`
    };
  }

  stop(): void {
    this._server.closeAllConnections();
    this._server.close();
    rmSync(this._folder, { recursive: true, force: true });
  }

  private constructor() {
    this._folder = mkdtempSync(join(tmpdir(), 'oscar-builder-'));
    this.notes = join(this._folder, 'notes');
    [this.notes, join(this._folder, 'bin')].forEach(path => mkdirSync(path, { recursive: true }));
    writeFileSync(join(this._folder, 'bin', 'podman'), PODMAN);
    chmodSync(join(this._folder, 'bin', 'podman'), 0o755);
    const zip = Buffer.from(zipSync({ 'supervisor/supervisor': Buffer.from('binary') }));
    this._server = createServer((request, response) => {
      response.writeHead(request.url === '/1.5.8/supervisor.zip' ? 200 : 404);
      response.end(zip);
    });
  }

  private readonly _folder: string;
  private readonly _server: Server;
}
