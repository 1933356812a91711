'use strict';
// A feed on ws that is told over HTTP what to do, on the same port, and counts what it did.
//   GET  /stats                   what was counted, as JSON
//   POST /send?count=N[&binary=1][&path=P]   sends the body, as it is or numbered from 0 when N > 1, to all (of a path)
//   POST /fragments               sends the body in three fragments
//   POST /close?code=C&reason=R   closes all with a Close; C = 0: without a code; /terminate: without a Close
// A path with `hello` in it gets a message at once. With an Authorization field other than `Bearer good`, or a path with
// `private` and none, 401. CHOOSE=1 lets it choose the last subprotocol offered.
const http = require('http');
const { WebSocketServer } = require('ws');

const stats = { connections: 0, sent: 0, received: [], requests: [], closes: [] };
const sockets = new Map();
const webSockets = new WebSocketServer({
  noServer: true, perMessageDeflate: false,
  handleProtocols: (offered) => [...offered][offered.size - 1],
});

function matching(path) {
  return [...sockets.keys()].filter((socket) => !path || sockets.get(socket).startsWith(path));
}

function send(body, query) {
  const count = Number(query.get('count') || 1);
  for (let number = 0; number < count; number++) {
    const message = count > 1 ? Buffer.concat([Buffer.from(`${number} `), body]) : body;
    for (const socket of matching(query.get('path'))) {
      socket.send(message, { binary: query.has('binary') });
      stats.sent++;
    }
  }
}

function fragments(body) {
  const third = Math.ceil(body.length / 3);
  for (const socket of sockets.keys()) {
    socket.send(body.subarray(0, third), { fin: false, binary: false });
    socket.send(body.subarray(third, 2 * third), { fin: false });
    socket.send(body.subarray(2 * third), { fin: true });
    stats.sent++;
  }
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://feed');
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (url.pathname === '/send') send(body, url.searchParams);
    if (url.pathname === '/fragments') fragments(body);
    if (url.pathname === '/close') {
      const code = Number(url.searchParams.get('code'));
      for (const socket of sockets.keys()) {
        if (code) socket.close(code, url.searchParams.get('reason') || ''); else socket.close();
      }
    }
    if (url.pathname === '/terminate') for (const socket of sockets.keys()) socket.terminate();
    response.end(JSON.stringify({ ...stats, open: sockets.size }));
  });
});

server.on('upgrade', (request, socket, head) => {
  stats.requests.push({ url: request.url, headers: request.headers });
  const credentials = request.headers.authorization;
  if (credentials ? credentials !== 'Bearer good' : request.url.includes('private')) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\nWWW-Authenticate: Bearer\r\n\r\nwho are you?\n');
    return;
  }
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    stats.connections++;
    sockets.set(webSocket, request.url);
    if (request.url.includes('hello')) {
      webSocket.send(`hello from ${process.env.NAME || 'the feed'}`);
      stats.sent++;
    }
    webSocket.on('message', (data, isBinary) => stats.received.push([data.toString('latin1'), isBinary]));
    webSocket.on('close', (code, reason) => {
      sockets.delete(webSocket);
      stats.closes.push([code, reason.toString()]);
    });
    webSocket.on('error', () => {});
  });
});
webSockets.on('headers', (headers) => headers.push('Set-Cookie: seat=1', 'X-Feed: yes'));

process.on('SIGTERM', () => process.exit(0));
server.listen(Number(process.env.PORT), '127.0.0.1');
