// A WebSocket on a stream of Node's http2 (RFC 8441), with ws on it: resolves to it and the answer's fields.
'use strict';
const WebSocket = require('ws');

module.exports = (session, authority, path, { protocols, maxPayload = 1 << 26 } = {}) => new Promise((resolve, reject) => {
    const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, ':scheme': 'https',
        ':authority': authority, 'sec-websocket-version': '13' };
    if (protocols) headers['sec-websocket-protocol'] = protocols;
    const stream = session.request(headers, { endStream: false });
    stream.on('error', reject);
    stream.on('response', (fields) => {
        if (fields[':status'] !== 200) return reject(new Error(`status ${fields[':status']}`));
        const socket = new WebSocket(null, undefined, {});
        socket._isServer = false;
        stream.setNoDelay = () => {};
        socket.setSocket(stream, Buffer.alloc(0), { maxPayload, skipUTF8Validation: false });
        return resolve({ socket, fields });
    });
});
