/* What the load has in common on both versions of HTTP: streams that echo messages, and the check of each byte. */
#ifndef LOAD_ECHO_H
#define LOAD_ECHO_H
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 1 << 16, MOST_INFLIGHT = 64, HEAD = 16, FRAME_HEAD = 14 };
enum phase { IDLE, ASKED, OPEN, CLOSING };

struct stream {
    struct connection *connection;
    int32_t id;
    enum phase phase;
    int number, uploads;
    uint64_t sent, received;              /* messages */
    uint64_t due;                         /* with a rate: when the next one was; 0 = it is not yet */
    uint64_t times[MOST_INFLIGHT];        /* when those under way were sent */
    uint8_t *out;                         /* a frame, masked */
    size_t out_size, out_at;
    uint8_t head[10];                     /* of the frame that comes */
    int head_count;
    uint64_t left, at;                    /* of its payload; in its message */
    int in_payload;
};
struct connection {
    int fd;
    SSL *ssl;
    SSL_SESSION *ticket;                  /* for the next one, with `--resume` */
    nghttp2_session *session;             /* NULL: HTTP/1.1, one stream */
    char answer[4096];                    /* of HTTP/1.1 */
    size_t answer_size;
    struct stream *streams;
    int asked, first, last;               /* streams */
    const uint8_t *pending;
    size_t pending_size;
};

static struct { int port, connections, streams, inflight, opens, idle, http1, resume, apart; size_t size, upload; double seconds, warmup, rate; const char *path; }
    o = {.connections = 64, .streams = 1, .inflight = 1, .size = 128, .seconds = 3, .warmup = 1, .path = "/echo"};
static uint8_t block[2 * BLOCK];
static struct connection *connections;
static uint64_t messages, handshakes, resumed, opened, errors, resting;
static int measuring, stopping;
static uint32_t *latencies;
static size_t latency_count, latency_room;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
static void wrong(struct stream *s, const char *what) {
    if (errors++ < 10) fprintf(stderr, "stream %d: %s\n", s ? s->number : -1, what);
}
static size_t size_of(const struct stream *s) { return s->uploads ? o.upload : o.size; }
/* The byte of a message at a place: its head says whose it is, the rest differs from message to message. */
static const uint8_t *expected(const struct stream *s, uint64_t message, uint64_t at, uint8_t head[HEAD], size_t *run) {
    if (at < HEAD) {
        char text[HEAD + 1];
        snprintf(text, sizeof(text), "%08x%08x", (unsigned)s->number, (unsigned)message);
        memcpy(head, text, HEAD);
        *run = HEAD - at;
        return head + at;
    }
    size_t place = (at + message * 7919 + (uint64_t)s->number * 104729) % BLOCK;
    *run = 2 * BLOCK - place;
    return block + place;
}
static void note(uint64_t since) {
    if (!measuring) return;
    if (latency_count == latency_room) {
        latency_room = latency_room ? 2 * latency_room : 1 << 16;
        latencies = realloc(latencies, latency_room * sizeof(*latencies));
        if (!latencies) exit(2);
    }
    latencies[latency_count++] = (uint32_t)((now() - since) / 1000);
}
static void frame(struct stream *s, int opcode, size_t size, uint64_t message) {
    static const uint8_t mask[4] = {0x9d, 0x21, 0x5e, 0xc4};
    uint8_t *p = s->out ? s->out : (s->out = malloc(size_of(s) + FRAME_HEAD + 128)), head[HEAD];
    if (!p) exit(2);
    *p++ = (uint8_t)(0x80 | opcode);
    if (size < 126) *p++ = (uint8_t)(0x80 | size);
    else if (size < 65536) *p++ = 0xfe, *p++ = (uint8_t)(size >> 8), *p++ = (uint8_t)size;
    else for (*p++ = 0xff, *(uint64_t *)p = __builtin_bswap64(size); p < s->out + 10;) p++;
    memcpy(p, mask, 4);
    p += 4;
    for (size_t at = 0; at < size;) {
        size_t run;
        const uint8_t *from = opcode == 8 ? (const uint8_t *)"\x03\xe8" : expected(s, message, at, head, &run);
        if (opcode == 8) run = size;
        for (size_t end = run < size - at ? at + run : size, i = 0; at < end; at++, i++) p[at] = from[i] ^ mask[at & 3];
    }
    s->out_size = (size_t)(p - s->out) + size;
    s->out_at = 0;
    if (s->connection->session) nghttp2_session_resume_data(s->connection->session, s->id);
}
/* Sends the next message where one may be under way and the last is out. */
static void go_on(struct stream *s) {
    uint64_t most = o.opens || o.idle ? 1 : (uint64_t)o.inflight;
    if (s->phase != OPEN || s->out_at < s->out_size || stopping) return;
    if (s->uploads) most = 1;
    if (o.opens && s->sent > 0) return;
    if (s->sent - s->received >= most || (o.idle && s->sent > 0 && !measuring)) return;
    if (o.idle && s->sent > (uint64_t)measuring) return;
    if (o.rate > 0 && s->due == 0 && !s->uploads) return;
    s->times[s->sent % MOST_INFLIGHT] = s->due ? s->due : now();
    s->due = 0;
    frame(s, 2, size_of(s), s->sent++);
}
static void ask_next(struct connection *c);
static void answered(struct stream *s) {
    uint64_t since = s->times[s->received % MOST_INFLIGHT];
    s->received++;
    s->at = 0;
    if (o.idle && ++resting <= (uint64_t)o.connections * (uint64_t)o.streams) ask_next(s->connection);
    if (measuring && !s->uploads) messages++;
    if (!s->uploads) note(since);
    if (o.opens) {
        s->phase = CLOSING;
        frame(s, 8, 2, 0);
    } else go_on(s);
}
static void take_head(struct stream *s) {
    int opcode = s->head[0] & 15, length = s->head[1];
    if (s->head[0] & 0x70 || length & 0x80) wrong(s, "reserved bits or a mask");
    s->left = length < 126 ? (uint64_t)length : length == 126 ? (uint64_t)s->head[2] << 8 | s->head[3] : 0;
    if (length == 127) for (int i = 2; i < 10; i++) s->left = s->left << 8 | s->head[i];
    if ((length == 126 && s->left < 126) || (length == 127 && s->left < 65536)) wrong(s, "a length that is not the shortest");
    if (opcode == 8 && s->phase != CLOSING) wrong(s, "closed by the other side");
    if (opcode != 8 && opcode != (s->at == 0 ? 2 : 0)) wrong(s, "an opcode that was not asked for");
    if (opcode != 8 && s->at + s->left > size_of(s)) wrong(s, "too long a message"), s->left = 0;
    s->in_payload = 1;
    s->head_count = 0;
}
static void take(struct stream *s, const uint8_t *data, size_t count) {
    while (count > 0 || (s->in_payload && s->left == 0)) {
        if (!s->in_payload) {
            s->head[s->head_count++] = *data++;
            count--;
            int need = s->head_count < 2 ? 2 : (s->head[1] & 127) == 126 ? 4 : (s->head[1] & 127) == 127 ? 10 : 2;
            if (s->head_count == need) take_head(s);
            continue;
        }
        size_t part = count < s->left ? count : (size_t)s->left, run;
        if (s->phase != CLOSING) {
            uint8_t head[HEAD];
            for (size_t done = 0; done < part; done += run) {
                const uint8_t *want = expected(s, s->received, s->at + done, head, &run);
                if (run > part - done) run = part - done;
                if (memcmp(want, data + done, run)) {
                    wrong(s, "a byte that was not sent");
                    break;
                }
            }
            s->at += part;
        }
        data += part, count -= part, s->left -= part;
        if (s->left > 0) continue;
        s->in_payload = 0;
        if (s->phase == OPEN && s->at == size_of(s)) answered(s);
    }
}

#endif
