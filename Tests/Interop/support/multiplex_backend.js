// A ws server with the adapter, for test_multiplex.py. MODE: beside (HTTP/1.1 and HTTP/2), h2c, tls, or tls-no-connect,
// where HTTP/2 takes no WebSockets. A path decides what a session does, a text message may too.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const path = require('node:path');
const { WebSocketServer } = require('ws');
const { acceptStreams, serverOptions } = require(
  path.join(__dirname, '..', '..', '..', 'deploy', 'adapters', 'node'));

const mode = process.env.MODE || 'beside';
const facts = { closes: [], sessions: 0, versions: [] };

function wantsHTTP1(request) { return request.url === '/http1' && request.httpVersionMajor === 2; }

function respond(request, response) {
  if (request.url === '/facts') return response.end(JSON.stringify(facts));
  if (request.url === '/large') return response.end(Buffer.alloc(3_000_000, 'x'));
  if (request.url === '/goaway') {
    for (const session of connections) session.goaway(http2.constants.NGHTTP2_NO_ERROR);
  }
  if (request.url === '/goaway-http1') {
    for (const session of connections) session.goaway(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED);
  }
  if (wantsHTTP1(request)) return request.stream.close(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED);
  let count = 0;
  request.on('data', (chunk) => { count += chunk.length; });
  request.on('end', () => response.end(`${request.method} ${request.url} ${count} HTTP/${request.httpVersion}`));
}

function makeServer() {
  const tls = () => ({ allowHTTP1: true, cert: fs.readFileSync(process.env.CERT), key: fs.readFileSync(process.env.KEY) });
  switch (mode) {
    case 'h2c': return http2.createServer(serverOptions, respond);
    case 'tls': return http2.createSecureServer({ ...serverOptions, ...tls() }, respond);
    case 'tls-no-connect': return http2.createSecureServer(tls(), respond);
    default: return http.createServer(respond);
  }
}

const server = makeServer();
const connections = new Set();
const inner = mode === 'tls-no-connect' ? server : acceptStreams(server);
inner.on('session', (session) => {
  connections.add(session);
  session.on('close', () => connections.delete(session));
});

const wss = new WebSocketServer({
  server,
  maxPayload: 1 << 26,
  handleProtocols: (offered) => offered.has('chat.v1') && 'chat.v1',
  verifyClient: ({ req }, done) => {
    if (wantsHTTP1(req)) return req.stream.close(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED);
    return done(!req.url.startsWith('/private'), 401, 'who are you', { 'X-Reason': 'cookie' });
  },
});
wss.on('headers', (headers) => headers.push('X-Node: 7'));
wss.on('connection', (socket, request) => {
  facts.sessions += 1;
  facts.versions.push(request.httpVersion);
  socket.on('error', () => {});
  socket.on('close', (code, reason) => { facts.closes.push([code, String(reason)]); facts.sessions -= 1; });
  if (request.url === '/stalled') return socket.pause();
  if (request.url === '/flood') {
    const block = Buffer.alloc(32 * 1024, 'f');
    const pour = () => { if (socket.readyState === 1 && socket.bufferedAmount < 1 << 20) socket.send(block, pour); };
    return pour();
  }
  socket.on('message', (data, isBinary) => {
    const [word, ...more] = isBinary ? [''] : String(data).split(' ');
    if (word === 'close') return socket.close(Number(more[0]), more[1]);
    if (word === 'drop') return socket.terminate();
    return socket.send(data, { binary: isBinary });
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
