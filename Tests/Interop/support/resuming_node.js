// A client on deploy/clients/resume.js: says numbers, and tells on standard output what it hears and what becomes of it.
// Lines on standard input: `say N`, `cut` (its connection is broken), `close CODE`.
'use strict';
const path = require('path');
const readline = require('readline');
const Plain = require('ws');
const Resuming = require(path.join(__dirname, '..', '..', '..', 'deploy', 'clients', 'resume.js'));

let last;
class Watched extends Plain {
    constructor(...words) {
        super(...words);
        last = this;
    }
}
const socket = new Resuming(process.argv[2], process.argv.slice(3), { WebSocket: Watched, wait: 500 });
const tell = (...words) => process.stdout.write(words.join(' ') + '\n');
let said = 0;
for (const type of ['open', 'lost', 'resume', 'error']) socket.addEventListener(type, () => tell(type, socket.protocol));
socket.onmessage = ({ data }) => tell('heard', data);
socket.onclose = ({ code, reason }) => { tell('closed', code, reason); process.exit(0); };
readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [word, value] = line.split(' ');
    if (word === 'say') for (let count = Number(value); count > 0; count -= 1) socket.send(`${said++}`);
    if (word === 'cut') last._socket?.destroy();
    if (word === 'close') socket.close(Number(value));
});
