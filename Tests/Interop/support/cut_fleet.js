// As cut_fleet.py, on resume.js in Node: cut_fleet.js URL COUNT SECONDS RATE.
'use strict';
const path = require('path');
const WebSocket = require('ws');
const Resuming = require(path.join(__dirname, '..', '..', '..', 'deploy', 'clients', 'resume.js'));

const [url, ...numbers] = process.argv.slice(2);
const [count, seconds, rate] = numbers.map(Number);
const until = Date.now() + seconds * 1000;
const members = Array.from({ length: count }, () => ({ said: 0, answers: [], pause: 0, ends: 0, resumed: 0, returns: [] }));

const live = (member) => new Promise((done) => {
    const socket = new Resuming(url, [], { WebSocket });
    let last = Date.now();
    let timer;
    const talk = () => {
        if (Date.now() >= until) return;
        socket.send(`m ${member.said += 1}`);
        timer = setTimeout(talk, count / rate * 1000 * (0.5 + Math.random()));
    };
    const finish = setInterval(() => {
        const late = Date.now() - until;
        if (late > 20000 || late > 0 && new Set(member.answers).size === member.said) socket.close(1000);
    }, 500);
    socket.onopen = talk;
    let isBack = false;
    socket.addEventListener('resume', () => {
        member.resumed += 1;
        isBack = true;
    });
    socket.onmessage = ({ data }) => {
        const now = Date.now();
        member.pause = Math.max(member.pause, (now - last) / 1000);
        last = now;
        // When it heard something again, by the machine's clock.
        if (isBack) member.returns.push(now / 1000);
        isBack = false;
        if (data.startsWith('a ')) member.answers.push(Number(data.slice(2)));
    };
    socket.onclose = ({ code }) => {
        clearTimeout(timer);
        clearInterval(finish);
        if (code !== 1000) member.ends += 1;
        done();
    };
});

Promise.all(members.map(live)).then(() => {
    const sum = (of) => members.reduce((all, member) => all + of(member), 0);
    const pauses = members.map((member) => member.pause).sort((a, b) => a - b);
    console.log(JSON.stringify({
        said: sum(({ said }) => said),
        unanswered: sum(({ said, answers }) => said - new Set(answers).size),
        doubled: sum(({ answers }) => answers.length - new Set(answers).size),
        disordered: sum(({ answers }) => answers.filter((number, index) => index && number < answers[index - 1]).length),
        ends: sum(({ ends }) => ends),
        resumed: sum(({ resumed }) => resumed),
        returns: members.flatMap(({ returns }) => returns),
        pause_p99: pauses[Math.floor(pauses.length * 0.99) - 1] ?? pauses[0],
    }));
});
