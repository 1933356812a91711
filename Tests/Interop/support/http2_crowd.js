// Many WebSockets on HTTP/2 streams in one process. Orders come on standard input, a line each; each is answered with a
// line of JSON. Every message says whose it is and carries its own digest.
'use strict';
const { createHash, randomBytes } = require('crypto');
const http2 = require('http2');
const readline = require('readline');
const openSocket = require('./http2_socket.js');

const [url, connections, streams] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const sockets = [];
const closes = {};
const goaways = {};
let ended = 0;

const count = (table, key) => { table[key] = (table[key] || 0) + 1; };

function connected() {
    return new Promise((resolve, reject) => {
        const session = http2.connect(url, { rejectUnauthorized: false });
        session.on('remoteSettings', () => resolve(session));
        session.on('goaway', (code, last) => count(goaways, `${code} ${last === 2 ** 31 - 1 ? 'all' : 'last'}`));
        session.on('error', reject);
        session.on('close', () => { ended++; });
    });
}

async function opened(session, number) {
    const { socket } = await openSocket(session, new URL(url).host, `/${number}`, { maxPayload: 1 << 20 });
    socket.on('close', (code) => count(closes, code));
    return socket;
}

function payload(number, turn) {
    const body = Buffer.concat([Buffer.from(`${number}/${turn}/`), randomBytes(20 + (number * 7919 + turn * 104729) % 1500)]);
    return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Sends three messages in one go on every socket, and expects the same in order. */
function exchange(socket, number) {
    const sent = [0, 1, 2].map((turn) => payload(number, turn));
    return new Promise((resolve, reject) => {
        let at = 0;
        const take = (data) => {
            if (!data.equals(sent[at++])) return reject(new Error(`socket ${number} got what it hadn't sent`));
            if (at < sent.length) return undefined;
            socket.off('message', take).off('close', broken);
            return resolve(at);
        };
        const broken = () => reject(new Error(`socket ${number} closed`));
        socket.on('message', take).on('close', broken);
        for (const message of sent) socket.send(message);
    });
}

const orders = {
    async open() {
        for (let index = 0; index < connections; index++) {
            const session = await connected();
            sockets.push(...await Promise.all(
                Array.from({ length: streams }, (_, stream) => opened(session, index * streams + stream))));
        }
        return sockets.length;
    },
    async exchange() {
        const got = await Promise.all(sockets.map(exchange));
        return got.reduce((sum, each) => sum + each, 0);
    },
    async ends() {
        while (ended < connections) await new Promise((resolve) => setTimeout(resolve, 20));
        return { closes, goaways };
    },
};

readline.createInterface({ input: process.stdin }).on('line', async (order) => {
    try {
        console.log(JSON.stringify(await orders[order]()));
    } catch (error) {
        console.log(JSON.stringify({ error: String(error.stack) }));
    }
}).on('close', () => process.exit(0));
