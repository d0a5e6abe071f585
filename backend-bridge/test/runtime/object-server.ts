import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** As much of S3 as one client needs to put and get: whatever signature it sends. */
export class ObjectServer {
  async open(): Promise<string> {
    this._server = createServer((request, response) => {
      void (async () => {
        const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1);
        this.requests.push(`${request.method} ${path}`);
        if (request.method === 'PUT') {
          const body = await buffer(request);
          this.objects.set(
            path,
            /aws-chunked/.test(request.headers['content-encoding'] ?? '') ||
              request.headers['x-amz-decoded-content-length']
              ? unchunk(body)
              : body
          );
          response.setHeader('ETag', '"0"').end();
          return;
        }
        const object = this.objects.get(path);
        if (!object) {
          response.writeHead(404, { 'Content-Type': 'application/xml' });
          response.end(
            request.method === 'HEAD'
              ? undefined
              : '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>'
          );
          return;
        }
        response.writeHead(200, {
          'Content-Length': object.length,
          ETag: '"0"',
          'Last-Modified': new Date(0).toUTCString()
        });
        response.end(request.method === 'HEAD' ? undefined : object);
      })();
    });
    await new Promise<void>(resolve => this._server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this._server?.address() as { port: number }).port}`;
  }

  close(): void {
    this._server?.closeAllConnections();
    this._server?.close();
  }

  readonly objects = new Map<string, Buffer>();
  readonly requests: string[] = [];
  private _server: Server | undefined;
}

/** Body of an upload in signed pieces with trailers. */
function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = parseInt(body.subarray(at, end).toString('latin1').split(';')[0], 16);
    if (!(size > 0)) {
      break;
    }
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
