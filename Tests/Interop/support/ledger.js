// A backend on ws that keeps a ledger: which message of which session it has read, which of its own it has sent, to a file
// that outlives it. Messages are `m NUMBER`; it answers `a NUMBER`, and says `t CONNECTION NUMBER` by itself.
// With GREET=1 it says that at once, too. With MULTIPLEX=1 it takes streams of HTTP/2 connections. SIGTERM closes each
// session with 1012, and ends when they have gone.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { WebSocketServer } = require('ws');

const ledger = fs.openSync(process.env.LEDGER, 'a');
const note = (...words) => fs.writeSync(ledger, words.join(' ') + '\n');
const compress = process.env.COMPRESS === '1';
const mode = { refuse: Number(process.env.REFUSE || 0), protocol: process.env.PROTOCOL || '' };
const server = http.createServer((request, response) => response.end('ledger\n'));
const sockets = new WebSocketServer({
    noServer: true, maxPayload: 1 << 26, perMessageDeflate: compress ? { threshold: 0 } : false,
    handleProtocols: (offered) => mode.protocol || [...offered][0] || false,
});
const streams = new Set();
if (process.env.MULTIPLEX === '1') {
    const { acceptStreams } = require(path.join(__dirname, '..', '..', '..', 'deploy', 'adapters', 'node'));
    acceptStreams(server).on('session', (session) => {
        streams.add(session);
        session.on('close', () => streams.delete(session));
    });
}
let connections = 0;
let isEnding = false;
server.on('upgrade', (request, socket, head) => {
    const resume = request.headers['trunkline-resume'] || '';
    note('asked', request.headers['trunkline-session'], `"${resume}"`);
    const refusal = isEnding ? 503 : resume ? mode.refuse : 0;
    if (refusal) {
        socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, request));
});

function serve(ws, request) {
    const session = request.headers['trunkline-session'];
    const connection = `${process.pid}-${++connections}`;
    let sent = 0;
    const say = () => {
        if (ws.readyState !== ws.OPEN) return;
        ws.send(`t ${connection} ${++sent}`);
    };
    if (process.env.GREET === '1') say();
    const timer = setInterval(say, Number(process.env.TICK || 50));
    ws.on('message', (data, isBinary) => {
        const text = data.length < 200 ? data.toString() : `big ${data.length}`;
        note('read', session, text.replace('m ', ''));
        if (text.startsWith('close ')) return ws.close(Number(text.slice(6)), 'asked for');
        if (text.startsWith('flood ')) return ws.send(Buffer.alloc(Number(text.slice(6)), 120));
        if (ws.readyState === ws.OPEN) ws.send(text.replace('m ', 'a '));
    });
    ws.on('close', (code, reason) => {
        clearInterval(timer);
        note('sent', session, connection, sent);
        note('closed', session, code, `"${reason}"`);
    });
    ws.on('error', () => {});
}

process.on('SIGTERM', () => {
    if (isEnding) return;
    isEnding = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    for (const ws of sockets.clients) ws.close(1012, 'restarting');
    // In order: behind the streams that are on them.
    for (const session of streams) session.close();
    setTimeout(() => process.exit(0), 3000).unref();
});
server.listen(Number(process.env.PORT), '127.0.0.1');
