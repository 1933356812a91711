// Node's strict parser on one connection's bytes: each line of stdin is a stream in hexadecimal; for each, a line of JSON
// says which requests were seen, with their bodies, and whether the parser refused something.
'use strict';
const http = require('http');
const net = require('net');
const readline = require('readline');

const server = http.createServer({ insecureHTTPParser: false, requireHostHeader: true }, (request, response) => {
    const record = { method: request.method, url: request.url, body: '', complete: false };
    request.socket.seen.requests.push(record);
    request.on('data', (part) => { record.body += part.toString('latin1'); });
    request.on('end', () => { record.complete = true; response.end(); });
    request.on('error', () => {});
});
server.on('connection', (socket) => {
    socket.seen = socket.remotePort in pending ? pending[socket.remotePort] : { requests: [] };
    pending[socket.remotePort] = socket.seen;
});
server.on('clientError', (error, socket) => {
    (pending[socket.remotePort] || {}).error = error.code;
    socket.destroy();
});
server.on('connect', (request, socket) => socket.destroy());
server.on('upgrade', (request, socket) => socket.destroy());
server.keepAliveTimeout = 5000;
const pending = {};

function feed(bytes) {
    return new Promise((resolve) => {
        const socket = net.connect(server.address().port, '127.0.0.1');
        socket.on('connect', () => {
            // A closed socket has no port any more; and the next that gets this one must find nothing here.
            const port = socket.localPort;
            const seen = pending[port] = pending[port] || { requests: [] };
            socket.on('close', () => { delete pending[port]; resolve(seen); });
            socket.on('error', () => {});
            socket.resume();
            socket.end(bytes);
        });
    });
}

server.listen(0, '127.0.0.1', async () => {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        process.stdout.write(`${JSON.stringify(await feed(Buffer.from(line, 'hex')))}\n`);
    }
    process.exit(0);
});
