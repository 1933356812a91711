// One member of a fleet, on ws: says who it is, counts what it is asked at the same time, and misbehaves on order.
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');

const name = process.env.NAME || 'node';
const stats = { name, upgrades: 0, now: 0, most: 0, opened: 0, checks: 0, works: 0 };
let mode = process.env.MODE || 'ok';
let delay = Number(process.env.HANDSHAKE_MS || 0);

const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    if (url.pathname === '/stats') return response.end(JSON.stringify({ ...stats, sessions: sockets.clients.size }));
    if (url.pathname === '/mode') {
        mode = url.searchParams.get('set');
        delay = Number(url.searchParams.get('delay') || delay);
        return response.end(mode);
    }
    if (url.pathname === '/health') {
        stats.checks += 1;
        response.statusCode = mode === 'ok' ? 200 : 500;
        return response.end();
    }
    if (url.pathname === '/work') {
        stats.works += 1;
        if (mode === 'cut') return request.socket.destroy();
    }
    if (url.pathname === '/login') response.setHeader('Set-Cookie', `${url.searchParams.get('cookie')}; Path=/`);
    return response.end(name);
});
const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 26 });

server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    if (request.headers['user-agent'] === 'trunkline-check') stats.checks += 1;
    else stats.upgrades += 1;
    if (mode === 'hang') return undefined;
    if (mode === 'reset') return socket.resetAndDestroy ? socket.resetAndDestroy() : socket.destroy();
    if (mode === '503') return socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    stats.now += 1;
    stats.most = Math.max(stats.most, stats.now);
    return setTimeout(() => {
        stats.now -= 1;
        sockets.handleUpgrade(request, socket, head, (session) => {
            stats.opened += 1;
            session.on('message', (data, isBinary) => session.send(data, { binary: isBinary }));
            session.on('error', () => {});
            if (mode === 'deaf') session.pause();
            if (request.url.includes('who')) session.send(name);
        });
    }, delay);
});
server.listen(Number(process.env.PORT), '127.0.0.1', 4096);
process.on('SIGTERM', () => process.exit(0));
