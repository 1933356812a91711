'use strict';
// Echoes on many WebSockets over TLS, with Node's own modules. Prints START and END around the window that counts, then
// a line of JSON: messages, latency_us, error_total.
//
// usage: node load.js --url wss://HOST:PORT/PATH [--connections N] [--size BYTES] [--seconds S] [--warmup S] [--rate R]
//
// Each session has one message under way. With a rate, messages are due at even distances over all sessions, and the
// latency of each counts from when it was due.

const tls = require('node:tls');
const { parseArgs } = require('node:util');

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    url: text('wss://127.0.0.1/echo'), connections: text('64'), size: text('128'), seconds: text('3'),
    warmup: text('1'), rate: text('0'), markers: { type: 'boolean' },
  },
});
const url = new URL(values.url);
const count = Number(values.connections);
const rate = Number(values.rate);
const OPENING = 64;

const message = frame(Buffer.alloc(Number(values.size), 'm'));
const reply = message.length - 4;
let isCounting = false;
let messages = 0;
let errors = 0;
let latencies = [];

/** One masked binary frame; a mask of zeros is as good as any here. */
function frame(payload) {
  const { length } = payload;
  const head = length < 126 ? [0x82, 0x80 | length] : length < 65536
    ? [0x82, 0xFE, length >> 8, length & 255]
    : [0x82, 0xFF, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

const now = () => performance.now() * 1000;

class Session {
  constructor() {
    this.due = 0;
    this.left = 0;
    this.queue = [];
  }

  open() {
    return new Promise((resolve, reject) => {
      const socket = tls.connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false });
      this.socket = socket;
      socket.setNoDelay(true);
      socket.on('error', reject);
      socket.on('close', () => { errors += 1; });
      socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
        + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
      socket.once('data', (head) => {
        if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) return reject(new Error(head.toString('latin1')));
        socket.on('data', (part) => this.received(part));
        return resolve();
      });
    });
  }

  send(due) {
    if (this.left > 0) return this.queue.push(due);
    this.due = due;
    this.left = reply;
    return this.socket.write(message);
  }

  received(part) {
    this.left -= part.length;
    if (this.left > 0) return;
    if (this.left < 0) errors += 1;
    this.left = 0;
    const end = now();
    if (isCounting) {
      messages += 1;
      latencies.push(end - this.due);
    }
    if (rate === 0) this.send(end);
    else if (this.queue.length > 0) this.send(this.queue.shift());
  }
}

/** Sends what has become due, on one session after the other. */
function pace(sessions) {
  const begin = now();
  let sent = 0;
  const step = () => {
    const due = Math.floor((now() - begin) * rate / 1e6);
    for (; sent < due; sent += 1) sessions[sent % sessions.length].send(begin + sent * 1e6 / rate);
  };
  setInterval(step, 1);
}

async function main() {
  const sessions = Array.from({ length: count }, () => new Session());
  for (let start = 0; start < count; start += OPENING) {
    await Promise.all(sessions.slice(start, start + OPENING).map((session) => session.open()));
  }
  if (rate > 0) pace(sessions);
  else for (const session of sessions) session.send(now());
  await pause(values.warmup);
  console.log('START');
  isCounting = true;
  await pause(values.seconds);
  isCounting = false;
  console.log('END');
  latencies = Float64Array.from(latencies).sort();
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
  console.log(JSON.stringify({ messages, latency_us: { p50: at(0.5), p99: at(0.99) }, error_total: errors }));
  process.exit(0);
}

const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, Number(seconds) * 1000); });

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
