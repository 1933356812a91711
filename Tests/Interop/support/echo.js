// An echo on ws; COMPRESS=1 lets it negotiate permessage-deflate.
'use strict';
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.env.PORT), maxPayload: 1 << 26,
    perMessageDeflate: process.env.COMPRESS === '1' ? { threshold: 0 } : false,
});
server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {});
});
process.on('SIGTERM', () => process.exit(0));
