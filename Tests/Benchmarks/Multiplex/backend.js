'use strict';
// The backend of the benchmark: an echo on `ws`, over HTTP/1.1, and with ADAPTER=1 over streams of HTTP/2 as well.
// `/flood` sends without end, `/stalled` reads nothing.

const http = require('node:http');
const path = require('node:path');

function load() {
  // From node_modules, or from where Debian's node-ws puts it.
  try { return require('ws'); } catch { return require('/usr/share/nodejs/ws'); }
}
const { WebSocketServer } = load();

const server = http.createServer((_, response) => response.end());
if (process.env.ADAPTER === '1') {
  require(path.join(__dirname, '..', '..', '..', 'deploy', 'adapters', 'node')).acceptStreams(server);
}

function flood(socket) {
  const block = Buffer.alloc(32 * 1024, 'f');
  const pour = () => { if (socket.readyState === 1 && socket.bufferedAmount < 1 << 20) socket.send(block, pour); };
  pour();
}

const wss = new WebSocketServer({ server, perMessageDeflate: false });
wss.on('connection', (socket, request) => {
  socket.on('error', () => {});
  if (request.url === '/flood') return flood(socket);
  if (request.url === '/stalled') return socket.pause();
  return socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 16384 });
process.on('SIGTERM', () => process.exit(0));
