// A server of Engine.IO's shape (protocol 4): a session begins by long polling, on the node that made its id up, and is
// then upgraded to a WebSocket. Any other node answers "Session ID unknown", as the real one does.
'use strict';
const crypto = require('crypto');
const http = require('http');
const { WebSocketServer } = require('ws');

const name = process.env.NAME;
const sessions = new Map();
const sockets = new WebSocketServer({ noServer: true });
const unknown = (response) => {
    response.writeHead(400, { 'Content-Type': 'application/json' });
    response.end('{"code":1,"message":"Session ID unknown"}');
};

const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    const sid = url.searchParams.get('sid');
    if (!sid) {
        const fresh = crypto.randomBytes(15).toString('base64url');
        sessions.set(fresh, { queue: [] });
        return response.end(`0${JSON.stringify({
            sid: fresh, upgrades: ['websocket'], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1e6,
        })}`);
    }
    const session = sessions.get(sid);
    if (!session) return unknown(response);
    if (request.method === 'POST') {
        let body = '';
        request.on('data', (part) => { body += part; });
        return request.on('end', () => {
            session.queue.push(`4${name}:${body.slice(1)}`);
            response.end('ok');
        });
    }
    const packets = session.queue.splice(0);
    return response.end(packets.length ? packets.join('\x1e') : '6');
});
server.on('upgrade', (request, socket, head) => {
    const sid = new URL(request.url, 'http://x').searchParams.get('sid');
    socket.on('error', () => {});
    if (!sessions.has(sid)) {
        return socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 18\r\nConnection: close\r\n\r\nSession ID unknown');
    }
    return sockets.handleUpgrade(request, socket, head, (client) => client.on('message', (data) => {
        const packet = data.toString();
        if (packet === '2probe') client.send('3probe');
        else if (packet.startsWith('4')) client.send(`4${name}:${packet.slice(1)}`);
    }));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
