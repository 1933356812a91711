'use strict';
// A session of Node's `ws` client through the proxy: echoes, a ping, a close. Prints a JSON report; exits 1 on any surprise.

const crypto = require('crypto');
const WebSocket = require('ws');

const client = new WebSocket(process.argv[2], { perMessageDeflate: process.env.COMPRESS === '1' && { threshold: 0 } });
const messages = [0, 1, 125, 126, 127, 1000, 65535, 65536, 300000, 1000000].flatMap((size) => {
  const noise = crypto.randomBytes(size);
  return [[noise, true], [noise.toString('hex').slice(0, size), false]];
});
const report = { messages: 0, pong: null, close: null, extensions: '' };

function fail(problem) {
  console.error(problem);
  process.exit(1);
}

client.on('open', () => {
  report.extensions = client.extensions;
  for (const [data, binary] of messages) client.send(data, { binary });
});
client.on('message', (data, isBinary) => {
  const [sent, binary] = messages[report.messages++];
  if (isBinary !== binary || !data.equals(Buffer.from(sent))) fail(`message ${report.messages} differs`);
  if (report.messages === messages.length) client.ping('node');
});
client.on('pong', (payload) => {
  report.pong = payload.toString();
  client.close(4999, 'done');
});
client.on('close', (code, reason) => {
  report.close = [code, reason.toString()];
  console.log(JSON.stringify(report));
});
client.on('error', fail);
client.on('unexpected-response', (_, response) => fail(`status ${response.statusCode}`));
