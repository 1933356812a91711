// Sends RATE messages of SIZE bytes a second to each connection, from GET /start on; any other path tells how many.
'use strict';
const http = require('http'), crypto = require('crypto'), zlib = require('zlib');
const rate = Number(process.env.RATE), size = Number(process.env.SIZE);
let number = 0;
const plain = new Set(), packed = new Set();
const server = http.createServer((request, response) => {
  if (request.url === '/start') setInterval(send, 1000 / rate);
  response.end(String(number));
});
server.on('upgrade', (request, socket) => {
  const offers = /permessage-deflate/.test(request.headers['sec-websocket-extensions'] || '');
  const accept = crypto.createHash('sha1').update(
    request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n` + (offers ? 'Sec-WebSocket-Extensions: permessage-deflate; ' +
    'server_no_context_takeover; client_no_context_takeover\r\n' : '') + '\r\n');
  const set = offers ? packed : plain;
  set.add(socket);
  socket.setNoDelay(true);
  for (const event of ['error', 'close', 'end']) socket.on(event, () => { set.delete(socket); socket.destroy(); });
  socket.on('data', () => {});
});
function frame(payload, bits) {
  const head = payload.length < 126 ? Buffer.from([bits, payload.length]) : payload.length < 65536
    ? Buffer.from([bits, 126, payload.length >> 8, payload.length & 255]) : null;
  return Buffer.concat([head, payload]);
}
function message() {
  const quotes = [];
  let text = '';
  while (text.length < size) {
    quotes.push({ symbol: crypto.randomBytes(2).toString('hex'), bid: Math.round(Math.random() * 1e5) / 100,
      volume: Math.floor(Math.random() * 1e6) });
    text = JSON.stringify({ number, at: String(process.hrtime.bigint()).padStart(20, '0'), quotes });
  }
  number++;
  return Buffer.from(text.slice(0, size - 2).padEnd(size - 2, ' ') + ' }');
}
function send() {
  const bytes = message();
  const whole = frame(bytes, 0x81);
  for (const socket of plain) socket.write(whole);
  if (!packed.size) return;
  const deflated = zlib.deflateRawSync(bytes, { level: 4, windowBits: 12, memLevel: 5, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  const small = frame(deflated.subarray(0, deflated.length - 4), 0xC1);
  for (const socket of packed) socket.write(small);
}
server.listen(Number(process.env.PORT), '127.0.0.1', 16384);
