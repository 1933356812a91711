// A WebSocket that comes back to its session when its connection is lost (resume.trunkline.v1): nothing is missed, nothing
// comes twice. With other servers it is a plain one. Closes with 1006 when the session is gone; also tells 'lost' and
// 'resume'. In Node the third argument may be { WebSocket: require('ws') }.
'use strict';
const RESUME = 'resume.trunkline.v1';
const size = (data) => data.byteLength ?? data.size ?? data.length;

class ResumingWebSocket extends EventTarget {
  protocol = ''; extensions = ''; readyState = 0; binaryType; onopen; onmessage; onerror; onclose;
  #set; #names; #now; #timer; #token; #within; #away; #tries = 0;
  #live; #plain;
  #count = 0; // messages that have come
  #kept = []; #bytes = 0; // messages that may have to be sent again
  #first = 0; #given = 0; // the first of them, and the first that the connection was not given

  // keep: bytes to be sent again; wait: between tries; timeout: of one.
  constructor(url, protocols = [], options = {}) {
    super();
    this.url = String(url);
    this.#names = [].concat(protocols);
    this.#set = { WebSocket: globalThis.WebSocket, keep: 1 << 20, wait: 5e3, timeout: 5e3, ...options };
    globalThis.addEventListener?.('online', this.#online);
    this.#connect();
  }

  get bufferedAmount() { return this.#live ? this.#now.bufferedAmount : this.#bytes; }

  send(data) {
    if (!this.readyState) throw new DOMException('connecting', 'InvalidStateError');
    if (this.readyState > 1) return;
    if (this.#plain) return this.#now.send(data);
    // The caller may change it later.
    this.#kept.push(structuredClone(data));
    this.#bytes += size(data);
    this.#flush();
  }

  close(...how) {
    if (this.readyState > 1) return;
    this.#now?.close(...how);
    this.readyState = 2;
    if (!this.#now) this.#end(1006, 'away');
  }

  #online = () => this.#token && this.readyState === 1 && this.#lost(this.#tries = 0);

  #connect() {
    const { WebSocket, timeout } = this.#set, isFirst = !this.#token;
    const query = `trunkline-resume=${this.#token}&received=${this.#count}&resume-only=1`;
    const url = this.url + (isFirst ? '' : (this.url.includes('?') ? '&' : '?') + query);
    const socket = this.#now = new WebSocket(url, this.#names.concat(this.#plain ? [] : RESUME));
    const on = (type, work) => { socket['on' + type] = (event) => this.#now === socket && work(event); };
    let hasWords = this.#plain;
    on('open', () => {
      if (!isFirst) return;
      this.protocol = socket.protocol === RESUME ? '' : socket.protocol;
      this.extensions = socket.extensions;
      this.readyState = 1;
      this.#live = true;
      this.#tell('open');
    });
    on('message', ({ data }) => {
      if (!hasWords && (hasWords = true) && this.#takes(data, isFirst)) return;
      this.#count++;
      this.#tell('message', { data, origin: this.url });
    });
    on('error', () => this.#plain && this.#tell('error'));
    on('close', ({ code, reason, wasClean }) => {
      if (code === 1006 && this.#token && this.readyState === 1) return this.#lost();
      if (this.readyState || this.#plain) return this.#end(code, String(reason), wasClean);
      // Browsers refuse a server that chooses no protocol.
      this.#plain = true;
      this.#connect();
    });
    if (this.binaryType) socket.binaryType = this.binaryType;
    // Short at first: what began in a cut hears late of its end.
    if (!isFirst) this.#timer = setTimeout(() => this.#lost(), Math.min(timeout, 1250 * 2 ** (this.#tries >> 2)));
  }

  // The first message says whether the server knows the protocol, and what becomes of us.
  #takes(data, isFirst) {
    let words = {};
    try { words = JSON.parse(typeof data === 'string' ? data : '{}') ?? {}; } catch { /* none of it */ }
    if (isFirst && !(words.token && words.session && words.within >= 0)) {
      this.#plain = true;
      this.#kept = [];
      return false;
    }
    if (!isFirst && (!words.resumed || words.received < this.#first)) {
      this.#end(1006, words.reason ?? '');
      return true;
    }
    clearTimeout(this.#timer);
    this.#token = words.token;
    this.#within = words.within * 1000 || Infinity;
    this.#away = 0;
    this.#tries = 0;
    if (!isFirst) {
      this.#drop(words.received - this.#first);
      this.#given = this.#first;
      this.#live = true;
      this.#flush();
      this.#tell('resume');
    }
    return true;
  }

  #drop(count) {
    for (const data of this.#kept.splice(0, count)) this.#bytes -= size(data);
    this.#first += count;
  }

  #flush() {
    if (!this.#live || this.readyState !== 1) return;
    if (this.binaryType) this.#now.binaryType = this.binaryType;
    while (this.#given < this.#first + this.#kept.length) this.#now.send(this.#kept[this.#given++ - this.#first]);
    while (this.#bytes > this.#set.keep) this.#drop(1);
  }

  // Full jitter: those lost together come back apart.
  #lost() {
    clearTimeout(this.#timer);
    // To close one that is open would end the session.
    if (this.#now?.readyState === 0) this.#now.close();
    this.#now = null;
    this.#live = false;
    if (!this.#away) this.#tell('lost');
    this.#away ||= Date.now();
    if (Date.now() - this.#away > this.#within) return this.#end(1006, 'too late');
    this.#timer = setTimeout(() => this.#connect(), Math.random() * Math.min(this.#set.wait, 250 * 2 ** this.#tries++));
  }

  #tell(type, more) {
    const event = Object.assign(new Event(type), more);
    this['on' + type]?.(event);
    this.dispatchEvent(event);
  }

  #end(code, reason, wasClean = false) {
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.('online', this.#online);
    const socket = this.#now;
    this.#now = null;
    this.readyState = 3;
    if (socket?.readyState < 2) socket.close();
    this.#tell('close', { code, reason, wasClean });
  }
}
['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, value) => { ResumingWebSocket[name] = ResumingWebSocket.prototype[name] = value; });
if (typeof module === 'object') module.exports = ResumingWebSocket;
else globalThis.ResumingWebSocket = ResumingWebSocket;
