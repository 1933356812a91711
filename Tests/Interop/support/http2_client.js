// Node's http2 as a client, with ws on its streams: says on standard output what it saw, as JSON.
'use strict';
const http2 = require('http2');
const openSocket = require('./http2_socket.js');

const [url, scenario, count] = [process.argv[2], process.argv[3], Number(process.argv[4] || 1)];
const session = http2.connect(url, { rejectUnauthorized: false });
const seen = { settings: null, goaways: [] };
session.on('goaway', (code, last) => seen.goaways.push([code, last]));
session.on('error', (error) => { seen.error = String(error); });

function request(headers, body, options = {}) {
    return new Promise((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined, ...options });
        const got = { interim: [], data: 0 };
        stream.on('headers', (fields) => got.interim.push(fields[':status']));
        stream.on('response', (fields) => { got.headers = fields; });
        stream.on('trailers', (fields) => { got.trailers = { ...fields }; });
        stream.on('data', (part) => { got.data += part.length; got.text = (got.text || '') + part.toString('latin1').slice(0, 4000); });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': 'sent' }));
        stream.on('end', () => resolve(got));
        stream.on('error', reject);
        if (body !== undefined) stream.end(body);
    });
}

const open = (path, protocols) => openSocket(session, new URL(url).host, path, { protocols });

const closed = (socket) => new Promise((resolve) =>
    socket.on('close', (code, reason) => resolve([code, reason.toString()])));

const scenarios = {
    async requests() {
        const bodies = await Promise.all(Array.from({ length: count }, (_, number) =>
            request({ ':path': `/${number}`, ':method': 'POST' }, 'x'.repeat(number * 100))));
        seen.lengths = bodies.map((got) => JSON.parse(got.text).length);
        seen.down = (await request({ ':path': '/trailers', te: 'trailers' })).trailers;
        seen.up = JSON.parse((await request({ ':path': '/', ':method': 'POST', trailer: 'x-check' }, 'abc',
            { waitForTrailers: true })).text).trailers;
        seen.hints = (await request({ ':path': '/hints' })).interim;
        seen.large = (await request({ ':path': '/large?size=5000000' })).data;
        seen.head = (await request({ ':path': '/large?size=77', ':method': 'HEAD' })).headers['content-length'];
    },
    async sockets() {
        const opened = await Promise.all(Array.from({ length: count }, (_, number) => open(`/${number}`)));
        const payload = Buffer.alloc(300_000, 'w');
        seen.echoes = 0;
        await Promise.all(opened.map(({ socket }, number) => new Promise((resolve) => {
            let left = 5;
            socket.on('message', (data, isBinary) => {
                if (isBinary ? data.equals(payload) : data.toString() === `text ${number} ${left}`) seen.echoes++;
                if (--left === 0) return resolve();
                return left === 1 ? socket.send(payload) : socket.send(`text ${number} ${left}`);
            });
            socket.send(`text ${number} 5`);
        })));
        const ends = opened.map(({ socket }) => closed(socket));
        opened.forEach(({ socket }, number) => socket.close(4000 + number, 'done'));
        seen.closes = await Promise.all(ends);
    },
    async drain() {
        const opened = await Promise.all(Array.from({ length: count }, () => open('/')));
        const ends = opened.map(({ socket }) => closed(socket));
        console.log('ready');
        seen.closes = await Promise.all(ends);
        await new Promise((resolve) => session.on('close', resolve));
    },
};

session.on('remoteSettings', async (settings) => {
    if (seen.settings) return;
    seen.settings = settings;
    try {
        await scenarios[scenario]();
    } catch (error) {
        seen.failure = String(error.stack);
    }
    console.log(JSON.stringify(seen));
    session.destroy();
});
