'use strict';
// Pushes quotes to everybody. Environment: PORT (9002), HOST (127.0.0.1), INTERVAL_MS (250). See README.md.

function load() {
  // From node_modules, or from where Debian's node-ws puts it.
  try { return require('ws'); } catch { return require('/usr/share/nodejs/ws'); }
}
const { WebSocketServer, WebSocket } = load();

const quotes = [['ALBA', 182.4], ['BORA', 47.15], ['CIRR', 311.9], ['DELT', 12.08], ['ESTE', 96.33], ['FJRD', 254.71]]
  .map(([symbol, price]) => ({ symbol, price, change: 0, volume: 0, at: Date.now() }));

const wss = new WebSocketServer({
  port: Number(process.env.PORT ?? 9002),
  host: process.env.HOST ?? '127.0.0.1',
  perMessageDeflate: false,
});

function wanted(ws) {
  return ws.symbols ? quotes.filter(({ symbol }) => ws.symbols.has(symbol)) : quotes;
}

function step() {
  for (const quote of quotes) {
    const change = quote.price * (Math.random() - 0.5) * 0.008;
    quote.price = Math.round((quote.price + change) * 100) / 100;
    quote.change = Math.round(change * 100) / 100;
    quote.volume += Math.ceil(Math.random() * 900);
    quote.at = Date.now();
  }
  for (const ws of wss.clients) {
    if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ type: 'quotes', quotes: wanted(ws) }));
  }
}

wss.on('connection', (ws) => {
  ws.on('error', (error) => console.error(error.message));
  ws.on('message', (data) => {
    let message;
    try { message = JSON.parse(data); } catch { return ws.close(1003, 'not JSON'); }
    if (Array.isArray(message?.subscribe)) ws.symbols = new Set(message.subscribe);
  });
  ws.send(JSON.stringify({ type: 'snapshot', quotes }));
});

wss.on('listening', () => console.log('ticker on ws://%s:%d', wss.address().address, wss.address().port));
const timer = setInterval(step, Number(process.env.INTERVAL_MS ?? 250));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    clearInterval(timer);
    for (const ws of wss.clients) ws.close(1001, 'going away');
    wss.close(() => process.exit(0));
    setTimeout(() => process.exit(0), 2000).unref();
  });
}
