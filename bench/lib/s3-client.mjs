/**
 * A small S3 client that speaks HTTP over bare sockets and can sign everything ahead: its own cost is little, and the same for
 * every server.
 */
import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** The bytes of a request. `credentials`: `{access, secret, region}`; `path` is percent-encoded, its query sorted. */
export function signed(credentials, port, method, path, body, { unsigned = false, length } = {}) {
  const { access, secret, region } = credentials;
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const payload = unsigned
    ? 'UNSIGNED-PAYLOAD'
    : createHash('sha256')
        .update(body ?? '')
        .digest('hex');
  const [rawPath, query = ''] = path.split('?');
  const host = `127.0.0.1:${port}`;
  const canonical = `${method}\n${rawPath}\n${query}\nhost:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${date}\n\nhost;x-amz-content-sha256;x-amz-date\n${payload}`;
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  const signature = hmac(
    key,
    `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  ).toString('hex');
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nx-amz-date: ${date}\r\nx-amz-content-sha256: ${payload}\r\n` +
    `Authorization: AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}\r\n` +
    (method === 'PUT' ? `Content-Length: ${length ?? body?.length ?? 0}\r\n` : '') +
    '\r\n';
  return Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)]);
}

/** One connection; reads answers with a Content-Length or in chunks, one at a time. */
export class Connection {
  constructor(port) {
    this.port = port;
    this.open();
    this.reset();
  }

  open() {
    const socket = connect(this.port, '127.0.0.1').setNoDelay(true);
    this.socket = socket;
    // What an old connection still has to say is not about the request on the new one.
    const fail = error => this.socket === socket && this.reject?.(error);
    socket.on('data', chunk => this.socket === socket && this.take(chunk));
    socket.on('error', fail);
    socket.on('close', () => {
      socket.gone = true;
      fail(new Error('The server closed the connection.'));
    });
  }

  reset() {
    this.head = undefined;
    this.pieces = [];
    this.got = 0;
  }

  send(bytes, keep = false) {
    this.keep = keep;
    if (this.socket.gone || this.last) {
      // A server that keeps no connection alive (moto's) is asked on a new one.
      this.socket.destroy();
      this.open();
    }
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.socket.write(bytes);
    });
  }

  take(chunk) {
    if (this.head === undefined) {
      this.pieces.push(chunk);
      const all = this.pieces.length === 1 ? chunk : Buffer.concat(this.pieces);
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) {
        this.pieces = [all];
        return;
      }
      this.head = all.toString('latin1', 0, end + 2);
      this.status = Number(this.head.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.head);
      this.last = /^HTTP\/1\.0|\r\nconnection: *close/i.test(this.head);
      this.chunked = length === null && /\r\ntransfer-encoding: *chunked/i.test(this.head);
      this.left = length === null ? 0 : Number(length[1]);
      this.pieces = [];
      chunk = all.subarray(end + 4);
    }
    this.got += chunk.length;
    if (this.keep || this.chunked) {
      this.pieces.push(chunk);
    }
    const done = this.chunked
      ? Buffer.concat(this.pieces.slice(-2)).includes('\r\n0\r\n\r\n') || chunk.equals(Buffer.from('0\r\n\r\n'))
      : this.got >= this.left;
    if (done) {
      const answer = {
        status: this.status,
        bytes: this.got,
        body: this.keep ? Buffer.concat(this.pieces).toString() : ''
      };
      const { resolve } = this;
      this.reject = undefined;
      this.reset();
      resolve(answer);
    }
  }
}

/** One request on a connection of its own; throws for an answer that is an error. */
export async function one(credentials, port, method, path, body, options) {
  const connection = new Connection(port);
  const answer = await connection.send(signed(credentials, port, method, path, body, options), true);
  connection.socket.destroy();
  if (answer.status >= 300) {
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
  }
  return answer;
}

/** Sends requests over so many connections; answers requests a second. */
export async function many(port, requests, concurrency) {
  const connections = Array.from({ length: concurrency }, () => new Connection(port));
  let next = 0;
  const began = process.hrtime.bigint();
  await Promise.all(
    connections.map(async connection => {
      while (next < requests.length) {
        const { status } = await connection.send(requests[next++]);
        if (status >= 300) {
          throw new Error(`A request was answered with ${status}.`);
        }
      }
    })
  );
  const rate = requests.length / (Number(process.hrtime.bigint() - began) / 1e9);
  connections.forEach(connection => connection.socket.destroy());
  return rate;
}
