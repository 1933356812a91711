'use strict';
// WebSockets over HTTP/2 (RFC 8441) for servers written for `ws`, or for anything else that listens to 'upgrade'.
//
//     acceptStreams(server);                          // an http.Server, or one of node:http2
//     const wss = new WebSocketServer({ server });    // as ever
//     wss.on('connection', …);                        // as ever
//
// An extended CONNECT becomes an 'upgrade' event on `server`, with a request that looks as it would over HTTP/1.1 and
// the HTTP/2 stream as its socket. What the listener writes as an HTTP/1.1 head, the 101 or a refusal, goes out as the
// stream's response. From then on what comes is handed on as it came, and what is written between cork() and uncork(),
// which is how `ws` writes a message, leaves as one piece. See README.md.

const http = require('node:http');
const http2 = require('node:http2');
const { randomBytes } = require('node:crypto');
const { prototype: plain } = require('node:stream').Duplex;

/** What an HTTP/2 connection must not carry (RFC 9113, 8.2.2), and what only HTTP/1.1 asks of a handshake. */
const ONLY_HTTP1 = new Set([
  'connection', 'upgrade', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'sec-websocket-accept',
]);
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const LARGEST_HEAD = 64 * 1024;

/** What a server of node:http2 should be made with. Streams are windowed each for itself; see `connectionWindow`. */
const serverOptions = {
  settings: { enableConnectProtocol: true, initialWindowSize: 256 * 1024 },
  // In MiB, for each connection: many sessions share it, and Node refuses streams beyond it.
  maxSessionMemory: 256,
};

/**
 * Lets `server` accept WebSockets as streams of HTTP/2 connections.
 *
 * @param server a server of node:http2, which must have been made with `enableConnectProtocol`, or an http.Server, which
 *     from now on speaks HTTP/2 too on the same port, to clients that begin with its preface.
 * @param {object} [options]
 * @param {number} [options.connectionWindow] bytes that may be under way on one connection, all its streams together: so
 *     many that some streams nobody reads from don't stop the others.
 * @param {function(headers): boolean} [options.filter] whether a stream is for this server's WebSockets; others get 404.
 * @returns {object} the HTTP/2 server: `server` itself, or the one beside it.
 */
function acceptStreams(server, { connectionWindow = 32 * 1024 * 1024, filter = () => true } = {}) {
  const inner = server instanceof http.Server ? besideHTTP1(server) : server;
  inner.on('session', (session) => {
    session.setLocalWindowSize(connectionWindow);
    // A broken connection breaks its streams, and each of them tells its own WebSocket.
    session.on('error', () => {});
  });
  inner.on('stream', (stream, headers) => {
    if (headers[':method'] !== 'CONNECT' || headers[':protocol'] === undefined) return;
    if (headers[':protocol'] !== 'websocket') return refuse(stream, 501, 'only websocket is served here');
    if (!filter(headers)) return refuse(stream, 404, 'no WebSocket here');
    upgrade(server, stream, headers);
  });
  // Where the server has a 'request' listener, Node answers every CONNECT with 405 unless this event has a listener.
  inner.on('connect', (request, response) => {
    if (request.headers[':protocol'] !== undefined || inner.listenerCount('connect') > 1) return;
    response.writeHead(405).end();
  });
  return inner;
}

/** An HTTP/2 server for those connections to `server` that begin with the preface (RFC 9113, 3.4). */
function besideHTTP1(server) {
  const inner = http2.createServer(serverOptions);
  inner.on('request', (request, response) => server.emit('request', request, response));
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  const hand = (socket, bytes, isHTTP2) => {
    socket.removeAllListeners('error');
    if (bytes.length > 0) socket.unshift(bytes);
    if (isHTTP2) inner.emit('connection', socket);
    else for (const listener of listeners) listener.call(server, socket);
  };
  server.on('connection', (socket) => {
    let bytes = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(), server.headersTimeout || 60_000);
    const look = () => {
      const chunk = socket.read();
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const length = Math.min(bytes.length, PREFACE.length);
      const fits = bytes.subarray(0, length).equals(PREFACE.subarray(0, length));
      if (fits && length < PREFACE.length) return;
      clearTimeout(timer);
      socket.off('readable', look);
      socket.off('close', gone);
      hand(socket, bytes, fits);
    };
    const gone = () => clearTimeout(timer);
    socket.on('error', () => {});
    socket.on('close', gone);
    socket.on('readable', look);
  });
  server.on('close', () => inner.close());
  return inner;
}

/** Tells the server's listeners of an upgrade. */
function upgrade(server, stream, headers) {
  dressAsSocket(stream);
  const request = makeRequest(stream, headers);
  if (server.listenerCount('upgrade') === 0) return refuse(stream, 501, 'nobody listens to upgrades');
  server.emit('upgrade', request, stream, Buffer.alloc(0));
}

/** A request as HTTP/1.1 would have brought it. The key is our own: RFC 8441 has none, and `ws` wants one. */
function makeRequest(stream, headers) {
  const { socket } = stream.session;
  const request = new http.IncomingMessage(socket);
  request.method = 'GET';
  request.url = headers[':path'];
  request.httpVersion = '2.0';
  request.httpVersionMajor = 2;
  request.httpVersionMinor = 0;
  request.stream = stream;
  request.complete = true;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':')) continue;
    request.headers[name] = value;
    for (const one of [value].flat()) request.rawHeaders.push(name, one);
  }
  request.headers.host ??= headers[':authority'];
  request.headers.connection = 'Upgrade';
  request.headers.upgrade = 'websocket';
  request.headers['sec-websocket-key'] = randomBytes(16).toString('base64');
  request.headers['sec-websocket-version'] ??= '13';
  return request;
}

/** Of the HTTP/1.1 head that is the answer what has been written so far; null when the response is out. */
const kHead = Symbol('head');
/** What has been written since `cork()`; null when the stream is not corked. And who is to be told of it. */
const kCorked = Symbol('corked');
const kCallback = Symbol('callback');
/** In bytes. */
const SMALL = 4096;

/**
 * Gives a stream what a socket has. It stays on it, though it is needed for the response only: taken off again it would
 * leave an object that V8 keeps as a dictionary, whose every property is slow to reach for as long as the stream lives.
 */
function dressAsSocket(stream) {
  stream[kHead] = Buffer.alloc(0);
  stream[kCorked] = null;
  stream[kCallback] = undefined;
  stream.write = write;
  stream.end = end;
  stream.cork = cork;
  stream.uncork = uncork;
  stream.push = push;
  stream.setNoDelay = itself;
  stream.setKeepAlive = itself;
  // Until a WebSocket has its own: an error without a listener would end the process.
  stream.on('error', () => {});
}

function itself() { return this; }

/**
 * What comes while somebody listens and nothing waits goes to the listeners at once: the stream's own way through its
 * buffer ends there too, with a tick and a look for more for each frame.
 */
function push(chunk, encoding) {
  if (chunk === null || this.readableFlowing !== true || this.readableLength > 0 || this.listenerCount('data') === 0) {
    return plain.push.call(this, chunk, encoding);
  }
  this.emit('data', chunk);
  // Who has paused meanwhile gets what comes next by the stream's own way, which knows when to stop and to go on.
  return true;
}

function cork() {
  if (this[kHead] !== null || this[kCorked] !== null) return plain.cork.call(this);
  this[kCorked] = [];
  return undefined;
}

/** A message of one small piece and a small head is copied together: one write costs more than its bytes. */
function uncork() {
  const parts = this[kCorked];
  if (parts === null) return plain.uncork.call(this);
  const callback = this[kCallback];
  this[kCorked] = null;
  this[kCallback] = undefined;
  if (parts.length === 0) return undefined;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (size <= SMALL) return void plain.write.call(this, parts.length === 1 ? parts[0] : Buffer.concat(parts, size), callback);
  plain.cork.call(this);
  const last = parts.pop();
  for (const part of parts) plain.write.call(this, part);
  plain.write.call(this, last, callback);
  return plain.uncork.call(this);
}

function write(chunk, encoding, callback) {
  if (this[kCorked] !== null) return writeCorked(this, chunk, encoding, callback);
  if (this[kHead] === null) return plain.write.call(this, chunk, encoding, callback);
  if (typeof encoding === 'function') return answer(this, chunk, undefined, encoding);
  return answer(this, chunk, encoding, callback);
}

/** Callbacks of a message are told when its last byte is written, each in its turn. */
function writeCorked(stream, chunk, encoding, callback) {
  if (typeof encoding === 'function') return writeCorked(stream, chunk, undefined, encoding);
  stream[kCorked].push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
  if (typeof callback !== 'function') return true;
  const earlier = stream[kCallback];
  stream[kCallback] = earlier === undefined ? callback : (error) => { earlier(error); callback(error); };
  return true;
}

function end(chunk, encoding, callback) {
  if (this[kCorked] !== null) this.uncork();
  if (this[kHead] === null) return plain.end.call(this, chunk, encoding, callback);
  if (typeof chunk === 'function') return this.end(undefined, undefined, chunk);
  if (typeof encoding === 'function') return this.end(chunk, undefined, encoding);
  if (chunk !== undefined && chunk !== null) answer(this, chunk, encoding);
  // An end without an answer is what HTTP/1.1 would show as an empty reply.
  if (this[kHead] !== null && !this.headersSent && !this.closed) return this.destroy();
  return plain.end.call(this, callback);
}

/** What is written before the response: when it is a whole head it goes out as the response. */
function answer(stream, chunk, encoding, callback) {
  const head = Buffer.concat([
    stream[kHead], typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)]);
  stream[kHead] = head;
  const length = head.indexOf('\r\n\r\n');
  if (length < 0 && head.length > LARGEST_HEAD) stream.destroy();
  if (length >= 0) {
    stream[kHead] = null;
    const [status, fields] = parseHead(head.toString('latin1', 0, length));
    if (!stream.destroyed && !stream.closed && !stream.headersSent) {
      // A 101 is what RFC 8441, 5 calls 200; it has no body and no end.
      stream.respond({ ':status': status === 101 ? 200 : status, ...fields });
    }
    if (head.length > length + 4) return plain.write.call(stream, head.subarray(length + 4), undefined, callback);
  }
  if (callback) process.nextTick(callback);
  return true;
}

/** The status of an HTTP/1.1 head, and its fields but those that HTTP/2 has no place for. */
function parseHead(text) {
  const [first, ...lines] = text.split('\r\n');
  const status = Number(first.split(' ')[1]);
  const fields = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (ONLY_HTTP1.has(name)) continue;
    fields[name] = name in fields ? [fields[name], value].flat() : value;
  }
  return [status === 101 || (status >= 200 && status <= 599) ? status : 500, fields];
}

function refuse(stream, status, reason) {
  if (stream[kHead] !== undefined) stream[kHead] = null;
  stream.on('error', () => {});
  stream.respond({ ':status': status, 'content-type': 'text/plain; charset=utf-8' });
  stream.end(`${reason}\n`);
}

module.exports = { acceptStreams, serverOptions };
