// A stand-in for the bridge where a test needs a fault, or a flood, that the real one does not produce on request.
// It speaks the handshake, answers what it was asked, and can be told to fail: FAKE_BRIDGE in its environment.
'use strict';
const http = require('node:http');
const fs = require('node:fs');
const readline = require('node:readline');

const fault = process.env.FAKE_BRIDGE || '';
if (fault === 'exit-3') process.exit(3);
if (fault === 'idle-on-call') setTimeout(() => process.exit(0), 1).unref();

readline.createInterface({ input: process.stdin }).once('line', line => {
  const hello = JSON.parse(line);
  if (fault === 'refuse') {
    const problem = { type: 'urn:jupyterlab-oscar:problem:data', title: 'No data folder', status: 503, detail: 'The data folder is full.', action: 'Make room.' };
    fs.writeSync(1, JSON.stringify({ ready: false, problem }) + '\n');
    process.exit(1);
  }
  process.stdin.on('end', () => process.exit(0)).resume();
  process.on('SIGTERM', () => process.exit(0));
  let received = 0;
  let requests = 0;
  let open = 0;
  let monitored = 0;
  const server = http.createServer((request, response) => {
    requests += 1;
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    const url = new URL(request.url, 'http://localhost');
    if (request.headers.authorization !== `Bearer ${hello.secret}`) {
      response.writeHead(401).end();
    } else if (url.pathname === '/v1/echo') {
      request.resume().on('end', () => {
        response.setHeader('Content-Type', 'application/json');
        response.setHeader('Set-Cookie', 'stolen=1');
        response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, hello: { ...hello, secret: null } }));
      });
    } else if (url.pathname === '/v1/count') {
      response.end(JSON.stringify({ received, requests, open, monitored }));
    } else if (url.pathname === '/v1/sink') {
      request.on('data', chunk => {
        received += chunk.length;
      });
      request.on('end', () => response.end(JSON.stringify({ received, length: request.headers['content-length'] })));
    } else if (url.pathname === '/v1/flood') {
      const size = Number(url.searchParams.get('size'));
      response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
      const block = Buffer.alloc(1 << 20, 7);
      let left = size;
      const more = () => {
        while (left > 0) {
          const piece = left < block.length ? block.subarray(0, left) : block;
          left -= piece.length;
          if (!response.write(piece)) return response.once('drain', more);
        }
        response.end();
      };
      more();
    } else if (url.pathname === '/v1/half') {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.write('half of it');
      setTimeout(() => response.destroy(), 50);
    } else if (url.pathname === '/v1/drop') {
      request.socket.destroy();
    } else if (url.pathname === '/v1/early') {
      response.writeHead(413, { 'Content-Type': 'application/problem+json', Connection: 'close' });
      response.end(JSON.stringify({ type: 'urn:jupyterlab-oscar:problem:invalid', title: 'Too large', status: 413, detail: 'Too large.' }));
    } else if (url.pathname === '/v1/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('id: b-1\nevent: hello\ndata: {"boot":"b"}\n\n');
      request.on('close', () => response.end());
    } else if (url.pathname === '/v1/empty') {
      response.writeHead(204).end();
    } else if (url.pathname === '/v1/foreign') {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': 'sandbox allow-scripts allow-forms', 'X-Content-Type-Options': 'nosniff' });
      response.end('<script>top.location</script>');
    } else if (url.pathname === '/v1/status') {
      if (request.headers['x-oscar-client'] === 'monitor') monitored += 1;
      response.end(JSON.stringify({ version: 'fake', running: Number(process.env.FAKE_RUNNING || 0), client: request.headers['x-oscar-client'] }));
    } else {
      response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'urn:jupyterlab-oscar:problem:not-found', title: 'Not found', status: 404, detail: request.url }));
    }
  });
  server.on('upgrade', (request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.write(JSON.stringify({ url: request.url, headers: request.headers }) + '\n');
    socket.write(head);
    socket.pipe(socket);
  });
  server.requestTimeout = 0;
  const where = hello.fd === undefined ? hello.socket : { fd: hello.fd };
  server.listen(where, () => {
    fs.writeSync(1, JSON.stringify({ ready: true, version: 'fake', pid: process.pid, boot: 'b' }) + '\n');
    if (fault === 'crash-after-ready') process.exit(9);
    if (fault === 'end-soon') setTimeout(() => process.exit(0), 50);
  });
});
