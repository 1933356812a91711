// The Node adapter against Node's own HTTP/2 client; run by test_node_adapter.py. CERT and KEY name a certificate.
'use strict';
const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { WebSocket, WebSocketServer } = require('ws');
const { acceptStreams, serverOptions } = require(
  path.join(__dirname, '..', '..', '..', 'deploy', 'adapters', 'node'));

const makers = {
  'beside HTTP/1.1': () => http.createServer((request, response) => response.end(`plain ${request.url}`)),
  h2c: () => http2.createServer(serverOptions, (request, response) => response.end(`plain ${request.url}`)),
  tls: () => http2.createSecureServer(
    { ...serverOptions, allowHTTP1: true, cert: fs.readFileSync(process.env.CERT), key: fs.readFileSync(process.env.KEY) },
    (request, response) => response.end(`plain ${request.url}`)),
};

/** A server on a free port, an HTTP/2 connection to it, and their end when the test is over. */
async function pair(t, kind, wsOptions = {}, adapterOptions = {}) {
  const server = makers[kind]();
  const inner = acceptStreams(server, adapterOptions);
  const wss = wsOptions === null ? null : new WebSocketServer({ server, ...wsOptions });
  const sessions = new Set();
  inner.on('session', (session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const url = `${kind === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}`;
  const connection = http2.connect(url, { rejectUnauthorized: false });
  connection.on('error', () => {});
  await once(connection, 'remoteSettings');
  t.after(() => {
    connection.destroy();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { server, wss, connection, port, inner };
}

async function ask(connection, fields = {}) {
  const stream = connection.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': 'chat.example', ':path': '/',
    'sec-websocket-version': '13', ...fields,
  }, { endStream: false });
  stream.on('error', () => {});
  const [response] = await once(stream, 'response');
  return [stream, response];
}

/** A WebSocket of ws on a stream. */
async function open(connection, fields) {
  const [stream, response] = await ask(connection, fields);
  assert.equal(response[':status'], 200);
  const ws = new WebSocket(null);
  ws._isServer = false;
  stream.setNoDelay = () => {};
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 26 });
  return [ws, response];
}

async function body(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

function echo(socket) {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {});
}

for (const kind of Object.keys(makers)) {
  test(`${kind}: many sessions echo on one connection`, async (t) => {
    const { wss, connection } = await pair(t, kind);
    assert.equal(connection.remoteSettings.enableConnectProtocol, true);
    wss.on('connection', echo);
    await Promise.all(Array.from({ length: 50 }, async (_, number) => {
      const [ws] = await open(connection);
      for (let round = 0; round < 20; round += 1) {
        const text = `${number} ${round} ${'x'.repeat(round * 100)}`;
        ws.send(text);
        assert.equal(String((await once(ws, 'message'))[0]), text);
      }
      ws.close(1000, 'done');
      const [code, reason] = await once(ws, 'close');
      assert.deepEqual([code, String(reason)], [1000, 'done']);
    }));
    // The server's side may hear of the last end a moment later.
    for (let tries = 0; wss.clients.size > 0 && tries < 500; tries += 1) await sleep(10);
    assert.equal(wss.clients.size, 0);
  });

  test(`${kind}: plain requests and HTTP/1.1 WebSockets go on beside them`, async (t) => {
    const { wss, connection, port } = await pair(t, kind);
    wss.on('connection', echo);
    const stream = connection.request({ ':path': '/hello' });
    assert.equal(await body(stream), 'plain /hello');
    if (kind === 'h2c') return;
    const ws = new WebSocket(`${kind === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${port}/`, { rejectUnauthorized: false });
    await once(ws, 'open');
    ws.send('old');
    assert.equal(String((await once(ws, 'message'))[0]), 'old');
    ws.terminate();
  });
}

test('the request looks as over HTTP/1.1', async (t) => {
  const { wss, connection } = await pair(t, 'h2c');
  const seen = once(wss, 'connection');
  await open(connection, { ':path': '/room?a=1', cookie: 'sid=7', origin: 'https://a.example' });
  const [, request] = await seen;
  assert.equal(request.url, '/room?a=1');
  assert.equal(request.method, 'GET');
  assert.equal(request.headers.host, 'chat.example');
  assert.equal(request.headers.cookie, 'sid=7');
  assert.equal(request.headers.origin, 'https://a.example');
  assert.equal(request.socket.remoteAddress, '127.0.0.1');
  assert.ok(request.rawHeaders.includes('cookie'));
  assert.ok(request.stream);
});

test('subprotocols and fields of the answer', async (t) => {
  const { wss, connection } = await pair(t, 'h2c', { handleProtocols: (offered) => offered.has('b') && 'b' });
  wss.on('headers', (headers) => headers.push('X-Node: 3', 'Set-Cookie: a=1', 'Set-Cookie: b=2'));
  const [, response] = await open(connection, { 'sec-websocket-protocol': 'a, b' });
  assert.equal(response['sec-websocket-protocol'], 'b');
  assert.equal(response['x-node'], '3');
  assert.deepEqual(response['set-cookie'], ['a=1', 'b=2']);
  for (const name of ['upgrade', 'connection', 'sec-websocket-accept']) assert.equal(response[name], undefined);
});

test('verifyClient, a path and a filter refuse', async (t) => {
  const { connection } = await pair(t, 'h2c', {
    path: '/chat',
    verifyClient: ({ req }, done) => setImmediate(
      done, req.headers.cookie === 'ok', 403, 'who are you', { 'X-Reason': 'cookie' }),
  }, { filter: (headers) => headers[':path'] !== '/hidden' });
  let [stream, response] = await ask(connection, { ':path': '/chat' });
  assert.deepEqual([response[':status'], response['x-reason'], await body(stream)], [403, 'cookie', 'who are you']);
  [stream, response] = await ask(connection, { ':path': '/else' });
  assert.deepEqual([response[':status'], await body(stream)], [400, 'Bad Request']);
  [stream, response] = await ask(connection, { ':path': '/hidden' });
  assert.deepEqual([response[':status'], await body(stream)], [404, 'no WebSocket here\n']);
  [stream, response] = await ask(connection, { ':path': '/chat', ':protocol': 'connect-udp' });
  assert.equal(response[':status'], 501);
  await open(connection, { ':path': '/chat', cookie: 'ok' });
});

test('an upgrade handled by hand, as the examples of ws do it', async (t) => {
  const { server, connection } = await pair(t, 'beside HTTP/1.1', null);
  const wss = new WebSocketServer({ noServer: true });
  wss.on('connection', echo);
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/no') {
      socket.write('HTTP/1.1 401 Unauthorized\r\n');
      socket.write('WWW-Authenticate: Basic\r\n\r\n');
      return socket.destroy();
    }
    return wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  });
  const [, response] = await ask(connection, { ':path': '/no' });
  assert.deepEqual([response[':status'], response['www-authenticate']], [401, 'Basic']);
  const [ws] = await open(connection);
  ws.send('by hand');
  assert.equal(String((await once(ws, 'message'))[0]), 'by hand');
});

test('corked writes keep their order and their callbacks, whatever their sizes', async (t) => {
  const { server, connection } = await pair(t, 'h2c', null);
  const written = [];
  server.on('upgrade', (request, socket) => {
    const write = (size, letter) => socket.write(Buffer.alloc(size, letter), () => written.push(letter));
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nearly ');
    socket.cork();
    write(2, 'a');
    write(3, 'b');
    socket.uncork();
    socket.cork();
    write(4, 'c');
    write(100_000, 'd');
    socket.write('text', () => written.push('text'));
    write(1, 'e');
    socket.cork();
    write(2, 'f');
    socket.uncork();
    setImmediate(() => {
      write(1, 'g');
      socket.uncork();
      write(1, 'h');
      socket.cork();
      write(1, 'i');
      socket.end('end');
    });
  });
  const [stream] = await ask(connection);
  const text = await body(stream);
  assert.equal(text.replace(/d+/, (run) => `d${run.length}`), 'early aabbbccccd100000texteffghiend');
  await sleep(10);
  assert.deepEqual(written, ['a', 'b', 'c', 'd', 'text', 'e', 'f', 'g', 'h', 'i']);
});

test('a stream that is reset before its answer hurts nobody', async (t) => {
  const { server, connection } = await pair(t, 'h2c', null);
  const answered = new Promise((resolve) => {
    server.on('upgrade', (request, socket) => {
      request.stream.close(http2.constants.NGHTTP2_HTTP_1_1_REQUIRED);
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n', resolve);
    });
  });
  const stream = connection.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': 'a', ':path': '/',
  }, { endStream: false });
  const [error] = await once(stream, 'error');
  assert.match(error.message, /HTTP_1_1_REQUIRED/);
  await answered;
});

test('nobody listens to upgrades', async (t) => {
  const { connection } = await pair(t, 'h2c', null);
  assert.equal((await ask(connection))[1][':status'], 501);
});

test('a plain CONNECT is not allowed', async (t) => {
  const { connection } = await pair(t, 'h2c');
  const stream = connection.request({ ':method': 'CONNECT', ':authority': 'a.example:443' });
  stream.on('error', () => {});
  assert.equal((await once(stream, 'response'))[0][':status'], 405);
});

test('pings, closes by the server, and a stream that is cut off', async (t) => {
  const { wss, connection } = await pair(t, 'h2c');
  wss.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.close(4000 + Number(data), 'as asked'));
  });
  const [ws] = await open(connection);
  ws.ping('still there?');
  assert.equal(String((await once(ws, 'pong'))[0]), 'still there?');
  ws.send('7');
  const [code, reason] = await once(ws, 'close');
  assert.deepEqual([code, String(reason)], [4007, 'as asked']);

  const seen = once(wss, 'connection');
  const [other] = await open(connection);
  const [serverSide] = await seen;
  other._socket.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal((await once(serverSide, 'close'))[0], 1006);
});

test('a broken connection ends its sessions and nothing else', async (t) => {
  const { wss, connection, port } = await pair(t, 'h2c');
  wss.on('connection', echo);
  for (let number = 0; number < 5; number += 1) await open(connection);
  assert.equal(wss.clients.size, 5);
  const closed = Promise.all([...wss.clients].map((socket) => once(socket, 'close')));
  connection.socket.resetAndDestroy();
  for (const [code] of await closed) assert.equal(code, 1006);
  const again = http2.connect(`http://127.0.0.1:${port}`);
  const [ws] = await open(again);
  ws.send('again');
  assert.equal(String((await once(ws, 'message'))[0]), 'again');
  again.destroy();
});

test('a session that is not read does not stop its neighbour', async (t) => {
  const { wss, connection } = await pair(t, 'h2c');
  wss.on('connection', (socket, request) => {
    echo(socket);
    if (request.url === '/stalled') socket.pause();
  });
  const [stalled] = await open(connection, { ':path': '/stalled' });
  const [busy] = await open(connection);
  for (let number = 0; number < 64; number += 1) stalled.send(Buffer.alloc(64 * 1024));
  for (let round = 0; round < 50; round += 1) {
    busy.send(Buffer.alloc(64 * 1024));
    assert.equal((await once(busy, 'message'))[0].length, 64 * 1024);
  }
});

test('a preface that comes byte by byte, and one that is none', async (t) => {
  const { port } = await pair(t, 'beside HTTP/1.1');
  const slow = net.connect(port, '127.0.0.1');
  for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
    slow.write(byte);
    await sleep(1);
  }
  const [settings] = await once(slow, 'data');
  assert.equal(settings[3], 4);
  slow.destroy();
  const wrong = net.connect(port, '127.0.0.1');
  wrong.write('PRI');
  wrong.write('NT / HTTP/1.1\r\n\r\n');
  const [answer] = await once(wrong, 'data');
  assert.match(String(answer), /^HTTP\/1.1 400/);
  wrong.destroy();
});
