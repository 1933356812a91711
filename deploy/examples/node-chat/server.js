'use strict';
// A chat room on `ws`. Environment: PORT (9001), HOST (127.0.0.1). See README.md for the messages.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

function load() {
  // From node_modules, or from where Debian's node-ws puts it.
  try { return require('ws'); } catch { return require('/usr/share/nodejs/ws'); }
}
const { WebSocketServer, WebSocket } = load();

const HEARTBEAT_MS = 30_000;
const members = new Map(); // socket -> name

// A page to try it with, and what it needs.
const pages = new Map([
  ['/chat.html', ['text/html; charset=utf-8', [__dirname, 'chat.html']]],
  ['/resume.js', ['text/javascript; charset=utf-8', [__dirname, '..', '..', 'clients', 'resume.js']]],
]);

const server = http.createServer((request, response) => {
  const [type, file] = pages.get(request.url.split('?')[0]) ?? [];
  if (file && request.method === 'GET') {
    return fs.readFile(path.join(...file), (error, text) => {
      response.writeHead(error ? 404 : 200, { 'Content-Type': error ? 'text/plain' : type });
      response.end(error ? 'not here\n' : text);
    });
  }
  response.writeHead(426, { 'Content-Type': 'text/plain', Connection: 'close' });
  response.end('this is a WebSocket endpoint\n');
});

// Compression is the proxy's work.
const wss = new WebSocketServer({
  server,
  perMessageDeflate: false,
  maxPayload: 32 * 1024 * 1024,
  handleProtocols: (offered) => (offered.has('chat.v1') ? 'chat.v1' : false),
});

function send(ws, message) {
  if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(message));
}

function broadcast(message) {
  for (const ws of members.keys()) send(ws, message);
}

function here() {
  return [...members.values()];
}

function uniqueName(wanted) {
  const names = new Set(here());
  let name = wanted;
  for (let number = 2; names.has(name); number += 1) name = `${wanted} ${number}`;
  return name;
}

function join(ws, name) {
  if (members.has(ws) || typeof name !== 'string' || name.trim() === '') {
    return send(ws, { type: 'error', reason: 'join once, with a name' });
  }
  const unique = uniqueName(name.trim().slice(0, 40));
  broadcast({ type: 'joined', name: unique });
  members.set(ws, unique);
  send(ws, { type: 'welcome', name: unique, here: here() });
}

function say(ws, text) {
  const from = members.get(ws);
  if (!from) return send(ws, { type: 'error', reason: 'join first' });
  if (typeof text !== 'string') return send(ws, { type: 'error', reason: 'text is missing' });
  broadcast({ type: 'message', from, text: text.slice(0, 2000), at: Date.now() });
}

function leave(ws) {
  const name = members.get(ws);
  if (members.delete(ws)) broadcast({ type: 'left', name });
}

function chat(ws) {
  ws.on('message', (data) => {
    let message;
    try { message = JSON.parse(data); } catch { return send(ws, { type: 'error', reason: 'not JSON' }); }
    switch (message?.type) {
      case 'join': return join(ws, message.name);
      case 'message': return say(ws, message.text);
      case 'who': return send(ws, { type: 'here', names: here() });
      default: return send(ws, { type: 'error', reason: 'unknown type' });
    }
  });
  ws.on('close', () => leave(ws));
}

// Everything comes back as it was sent: handy for checking what stands between a client and this server.
function echo(ws) {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
}

wss.on('connection', (ws, request) => {
  ws.isAlive = true;
  ws.on('pong', () => { ws.isAlive = true; });
  ws.on('error', (error) => console.error('%s: %s', request.url, error.message));
  const [where] = request.url.split('?'); // not new URL(): it throws at `//`
  if (where.endsWith('/echo')) echo(ws); else chat(ws);
});

const heartbeat = setInterval(() => {
  for (const ws of wss.clients) {
    if (!ws.isAlive) { ws.terminate(); continue; }
    ws.isAlive = false;
    ws.ping();
  }
}, HEARTBEAT_MS);

server.listen(Number(process.env.PORT ?? 9001), process.env.HOST ?? '127.0.0.1', () => {
  console.log('chat on ws://%s:%d', server.address().address, server.address().port);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    clearInterval(heartbeat);
    for (const ws of wss.clients) ws.close(1001, 'going away');
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), 2000).unref();
  });
}
