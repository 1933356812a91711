// A plain HTTP server on Node for tests: says what it was asked, and misbehaves on request.
'use strict';
const http = require('http');

let connections = 0;
const seen = [];

const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    const body = [];
    const facts = () => ({
        method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders,
        trailers: request.trailers, length: Buffer.concat(body).length,
        body: Buffer.concat(body).toString('latin1').slice(0, 2000), connection: request.socket.number,
    });
    request.on('error', () => {});
    request.on('aborted', () => seen.push({ aborted: request.url }));
    switch (url.pathname) {
    case '/seen':
        return response.end(JSON.stringify({ seen, connections }));
    case '/early':
        response.writeHead(413, { 'Content-Length': 6 });
        return response.end('early\n');
    case '/events': {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        let number = 0;
        const timer = setInterval(() => {
            response.write(`data: ${number++}\n\n`);
            if (number === 3) { clearInterval(timer); response.end(); }
        }, 300);
        return response.on('close', () => { clearInterval(timer); seen.push({ closed: request.url }); });
    }
    case '/large': {
        const size = Number(url.searchParams.get('size'));
        response.writeHead(200, url.searchParams.get('chunked') ? {} : { 'Content-Length': size });
        const block = Buffer.alloc(65536, 'x');
        let left = size;
        const more = () => {
            while (left > 0) {
                const part = block.subarray(0, Math.min(left, block.length));
                left -= part.length;
                if (!response.write(part)) return response.once('drain', more);
            }
            response.end();
        };
        return more();
    }
    case '/trailers':
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write('hello');
        response.addTrailers({ 'X-Sum': '42' });
        return response.end();
    case '/hints':
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        return response.end('hinted');
    case '/empty':
        response.writeHead(Number(url.searchParams.get('status')));
        return response.end();
    case '/broken':
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
        return setTimeout(() => request.socket.destroy(), 50);
    case '/never':
        return undefined;
    case '/once':
        response.writeHead(200, { Connection: 'close' });
        return response.end('bye');
    default:
        request.on('data', (part) => body.push(part));
        request.on('end', () => {
            const text = JSON.stringify(facts());
            response.setHeader('Set-Cookie', ['a=1', 'b=2']);
            response.setHeader('Keep-Alive', 'timeout=1');
            response.setHeader('X-Hop', 'mine');
            response.end(text);
        });
        return undefined;
    }
});
server.keepAliveTimeout = Number(process.env.KEEP_ALIVE || 5000);
server.on('checkContinue', (request, response) => {
    if (request.url === '/refused') {
        response.writeHead(417, { 'Content-Length': 0, Connection: 'close' });
        return response.end();
    }
    response.writeContinue();
    return server.emit('request', request, response);
});
server.on('connection', (socket) => { socket.number = ++connections; socket.on('error', () => {}); });
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
