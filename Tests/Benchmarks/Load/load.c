/* An echo over WebSockets that is checked byte by byte: sessions of HTTP/1.1, or streams of HTTP/2 connections (RFC 8441),
 * as browsers open them.
 *
 * load PORT [--http1] [--path /echo] [--connections N] [--streams N] [--size BYTES] [--inflight N] [--seconds S] [--warmup S]
 *           [--opens] [--resume] [--idle] [--upload BYTES [--apart]] [--rate R]
 *
 * Each stream keeps `inflight` messages under way. With `--rate` messages are due at even distances instead, R a second on all
 * streams in turn, and latency counts from when one was due. `--opens` measures handshakes instead, on HTTP/2 those of streams on warm
 * connections, on HTTP/1.1 whole ones (with `--resume` resumed): each echoes once and is closed, over and over. `--idle`
 * opens all streams, echoes once on each, says READY and waits for the end of its input; then each must still echo.
 * `--upload` has the first stream of each connection echo messages of that size while the others echo theirs: it is the
 * others' latency that counts. With `--apart` each of those first streams has a connection of its own: what is late then is late
 * for want of processors, or in the backend, and not behind others on its connection.
 * Says START and END around the time that is measured, then a line of JSON. Ends with 1 where anything was wrong.
 * cc -O2 load.c -o load -lnghttp2 -lssl -lcrypto */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <time.h>
#include <sys/socket.h>
#include <unistd.h>
#include "echo.h"

static SSL_CTX *context;
static nghttp2_session_callbacks *callbacks;

static ssize_t give(nghttp2_session *session, int32_t id, uint8_t *into, size_t room, uint32_t *flags,
                    nghttp2_data_source *source, void *user) {
    struct stream *s = source->ptr;
    (void)session, (void)id, (void)user;
    size_t part = s->out_size - s->out_at < room ? s->out_size - s->out_at : room;
    if (part == 0) return NGHTTP2_ERR_DEFERRED;
    memcpy(into, s->out + s->out_at, part);
    s->out_at += part;
    if (s->phase == CLOSING && s->out_at == s->out_size) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->out_at == s->out_size) go_on(s);
    return (ssize_t)part;
}
static nghttp2_nv field(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}
static void ask(struct stream *s) {
    s->sent = s->received = s->at = s->left = 0;
    s->head_count = s->in_payload = 0;
    s->out_size = s->out_at = 0;
    s->phase = ASKED;
    if (o.http1) {
        char text[512];
        int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nOrigin: https://localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) load\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", o.path);
        s->connection->answer_size = 0;
        if (SSL_write(s->connection->ssl, text, size) != size) wrong(s, "the request was not taken");
        return;
    }
    nghttp2_nv fields[] = {field(":method", "CONNECT"), field(":protocol", "websocket"), field(":scheme", "https"),
        field(":authority", "localhost"), field(":path", o.path), field("sec-websocket-version", "13"),
        field("origin", "https://localhost"), field("user-agent", "Mozilla/5.0 (X11; Linux x86_64) load")};
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = give};
    s->id = nghttp2_submit_request(s->connection->session, NULL, fields, sizeof(fields) / sizeof(*fields), &provider, s);
    if (s->id < 0) wrong(s, nghttp2_strerror(s->id));
}
static void ask_next(struct connection *c) {
    if (c->session && c->asked < c->last) ask(&c->streams[c->asked++]);
}
static int on_frame(nghttp2_session *session, const nghttp2_frame *f, void *user) {
    struct connection *c = user;
    if (f->hd.type == NGHTTP2_SETTINGS && !(f->hd.flags & NGHTTP2_FLAG_ACK) && c->asked == c->first) {
        if (!nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)) {
            fprintf(stderr, "extended CONNECT is not offered\n");
            exit(2);
        }
        /* What rests is opened as by clients that come one after the other. */
        for (int i = 0, at_once = o.idle ? 4 : o.streams; i < at_once; i++) ask_next(c);
    }
    return 0;
}
static int on_field(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *name, size_t nn, const uint8_t *value,
                    size_t nv, uint8_t flags, void *user) {
    struct stream *s = nghttp2_session_get_stream_user_data(session, f->hd.stream_id);
    (void)flags, (void)user;
    if (!s || nn != 7 || memcmp(name, ":status", 7)) return 0;
    if (nv == 3 && !memcmp(value, "200", 3)) {
        s->phase = OPEN;
        opened++;
        go_on(s);
    } else wrong(s, "refused");
    return 0;
}
static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t count, void *user) {
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);
    (void)flags, (void)user;
    if (s) take(s, data, count);
    return 0;
}
static int on_end(nghttp2_session *session, int32_t id, uint32_t code, void *user) {
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);
    (void)user;
    if (!s || stopping) return 0;
    if (s->phase != CLOSING || code != 0) wrong(s, "the stream has ended");
    if (s->phase == CLOSING && measuring) handshakes++;
    s->phase = IDLE;
    if (o.opens && errors < 1000) ask(s);
    return 0;
}

static int on_ticket(SSL *ssl, SSL_SESSION *ticket) {
    struct connection *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->ticket);
    c->ticket = ticket;
    return 1;
}
static void start_http2(struct connection *c) {
    /* As Chrome does: windows of 6 and 15 MiB. */
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 6291456}, {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    const unsigned char *protocol;
    unsigned count;
    SSL_get0_alpn_selected(c->ssl, &protocol, &count);
    if (count != 2 || memcmp(protocol, "h2", 2)) fprintf(stderr, "h2 was not agreed on\n"), exit(2);
    nghttp2_session_client_new(&c->session, callbacks, c);
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, 15728640);
}
static void start(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0) perror("connect"), exit(2);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->ssl = SSL_new(context);
    SSL_set_app_data(c->ssl, c);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_tlsext_host_name(c->ssl, "localhost");
    SSL_set_alpn_protos(c->ssl, (const unsigned char *)(o.http1 ? "\10http/1.1" : "\2h2"), o.http1 ? 9 : 3);
    if (o.resume && c->ticket) SSL_set_session(c->ssl, c->ticket);
    if (SSL_connect(c->ssl) != 1) fprintf(stderr, "TLS failed\n"), exit(2);
    resumed += (uint64_t)SSL_session_reused(c->ssl);
    if (o.http1) ask(&c->streams[0]);
    else start_http2(c);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}
static int flush_http1(struct connection *c) {
    struct stream *s = &c->streams[0];
    while (s->out_at < s->out_size) {
        int written = SSL_write(c->ssl, s->out + s->out_at, (int)(s->out_size - s->out_at));
        if (written <= 0) return 1;
        s->out_at += (size_t)written;
        if (s->out_at == s->out_size) go_on(s);
    }
    return 0;
}
/* Returns whether the socket is full. */
static int flush(struct connection *c) {
    if (o.http1) return flush_http1(c);
    for (;;) {
        if (c->pending_size == 0) {
            ssize_t size = nghttp2_session_mem_send(c->session, &c->pending);
            if (size <= 0) return 0;
            c->pending_size = (size_t)size;
        }
        int written = SSL_write(c->ssl, c->pending, (int)c->pending_size);
        if (written <= 0) return 1;
        c->pending += written, c->pending_size -= (size_t)written;
    }
}
static void take_answer(struct connection *c, const uint8_t *bytes, size_t count) {
    struct stream *s = &c->streams[0];
    if (s->phase == ASKED) {
        size_t before = c->answer_size, part = count < sizeof(c->answer) - before ? count : sizeof(c->answer) - before;
        memcpy(c->answer + before, bytes, part);
        c->answer_size += part;
        const char *end = memmem(c->answer, c->answer_size, "\r\n\r\n", 4);
        if (!end) return;
        size_t used = (size_t)(end + 4 - c->answer) - before;
        if (memcmp(c->answer, "HTTP/1.1 101", 12)) wrong(s, "refused");
        s->phase = OPEN;
        opened++;
        go_on(s);
        bytes += used, count -= used;
    }
    take(s, bytes, count);
}
/* The other side has ended: the next one begins where handshakes are measured. */
static void ended(struct connection *c) {
    if (!o.http1 || !o.opens || c->streams[0].phase != CLOSING) fprintf(stderr, "a connection was lost\n"), exit(2);
    if (measuring) handshakes++;
    /* Otherwise its ticket would not be used. */
    SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->ssl);
    close(c->fd);
    start(c);
}
static void receive(struct connection *c) {
    static uint8_t bytes[1 << 16];
    for (;;) {
        int count = SSL_read(c->ssl, bytes, sizeof(bytes));
        if (count <= 0) {
            if (SSL_get_error(c->ssl, count) != SSL_ERROR_WANT_READ) ended(c);
            return;
        }
        if (o.http1) {
            take_answer(c, bytes, (size_t)count);
            continue;
        }
        ssize_t used = nghttp2_session_mem_recv(c->session, bytes, (size_t)count);
        if (used != count) fprintf(stderr, "%s\n", nghttp2_strerror((int)used)), exit(2);
    }
}
/* Sends what has become due, and says for how long nothing will be. */
static uint64_t pace(void) {
    static uint64_t began, count;
    uint64_t all = (uint64_t)o.connections * (uint64_t)o.streams, idle = 20000000, present = now();
    if (o.rate <= 0 || opened < all) return idle;
    if (!began) began = present;
    for (;; count++) {
        uint64_t due = began + (uint64_t)((double)count * 1e9 / o.rate);
        if (due > present) return due - present < idle ? due - present : idle;
        struct stream *s = &connections[count / (uint64_t)o.streams % (uint64_t)o.connections].streams[count % (uint64_t)o.streams];
        if (!s->due) s->due = due;
        go_on(s);
        flush(s->connection);
    }
}
static void run(struct pollfd *polled, uint64_t until, uint64_t enough) {
    while (now() < until && resting < enough) {
        struct timespec wait = {.tv_nsec = (long)pace()};
        if (ppoll(polled, (nfds_t)o.connections, &wait, NULL) <= 0) continue;
        for (int i = 0; i < o.connections; i++) {
            if (polled[i].revents & ~POLLOUT) receive(&connections[i]);
            polled[i].fd = connections[i].fd;
            polled[i].events = (short)(POLLIN | (flush(&connections[i]) ? POLLOUT : 0));
        }
    }
}
static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}
static uint32_t percentile(double part) { return latency_count ? latencies[(size_t)(part * (double)(latency_count - 1))] : 0; }

static void options(int count, char **words) {
    if (count > 1) o.port = atoi(words[1]);
    for (int i = 2; i < count; i++) {
        const char *word = words[i];
        if (!strcmp(word, "--opens")) o.opens = 1;
        else if (!strcmp(word, "--idle")) o.idle = 1;
        else if (!strcmp(word, "--http1")) o.http1 = 1;
        else if (!strcmp(word, "--resume")) o.resume = 1;
        else if (!strcmp(word, "--apart")) o.apart = 1;
        else if (i + 1 == count) exit(2);
        else if (!strcmp(word, "--path")) o.path = words[++i];
        else if (!strcmp(word, "--connections")) o.connections = atoi(words[++i]);
        else if (!strcmp(word, "--streams")) o.streams = atoi(words[++i]);
        else if (!strcmp(word, "--size")) o.size = strtoul(words[++i], NULL, 10);
        else if (!strcmp(word, "--upload")) o.upload = strtoul(words[++i], NULL, 10);
        else if (!strcmp(word, "--rate")) o.rate = atof(words[++i]);
        else if (!strcmp(word, "--inflight")) o.inflight = atoi(words[++i]);
        else if (!strcmp(word, "--seconds")) o.seconds = atof(words[++i]);
        else if (!strcmp(word, "--warmup")) o.warmup = atof(words[++i]);
        else fprintf(stderr, "unknown option %s\n", word), exit(2);
    }
    if (o.port <= 0 || o.size < HEAD || o.connections < 1 || o.streams < 1 || o.inflight < 1 || o.inflight > MOST_INFLIGHT || (o.http1 && o.streams > 1)) exit(2);
    if (o.apart && (o.upload == 0 || o.streams < 2 || o.idle || o.rate > 0)) exit(2);
}

int main(int count, char **words) {
    options(count, words);
    uint64_t seed = 0x9E3779B97F4A7C15;
    for (int i = 0; i < BLOCK; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        block[i] = block[i + BLOCK] = (uint8_t)(seed >> 24);
    }
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set1_groups_list(context, "X25519");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (o.resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, on_ticket);
    }
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_end);
    int together = o.connections;
    if (o.apart) o.connections *= 2;
    connections = calloc((size_t)o.connections, sizeof(*connections));
    struct pollfd *polled = calloc((size_t)o.connections, sizeof(*polled));
    for (int i = 0; i < o.connections; i++) {
        struct connection *c = &connections[i];
        c->streams = calloc((size_t)o.streams, sizeof(*c->streams));
        c->asked = c->first = o.apart && i < together ? 1 : 0;
        c->last = i < together ? o.streams : 1;
        for (int j = 0; j < o.streams; j++)
            c->streams[j] = (struct stream){.connection = c, .number = i * o.streams + j, .uploads = o.upload > 0 && j == 0};
        start(c);
        polled[i] = (struct pollfd){c->fd, POLLIN | POLLOUT, 0};
    }
    uint64_t all = (uint64_t)o.connections * (uint64_t)o.streams, never = UINT64_MAX;
    if (o.idle) {
        run(polled, now() + 120000000000ull, all);
        printf("READY\n"), fflush(stdout);
        while (getchar() != EOF) {}
        measuring = 1;
        for (int i = 0; i < o.connections; i++)
            for (int j = 0; j < o.streams; j++) go_on(&connections[i].streams[j]);
        for (int i = 0; i < o.connections; i++) flush(&connections[i]);
        run(polled, now() + 60000000000ull, 2 * all);
        if (resting < 2 * all) wrong(NULL, "not all streams echo any longer");
    } else {
        run(polled, now() + (uint64_t)(o.warmup * 1e9), never);
        measuring = 1;
        printf("START\n"), fflush(stdout);
        uint64_t began = now();
        run(polled, began + (uint64_t)(o.seconds * 1e9), never);
        measuring = 0;
        printf("END\n"), fflush(stdout);
        o.seconds = (double)(now() - began) / 1e9;
    }
    stopping = 1;
    if (latency_count) qsort(latencies, latency_count, sizeof(*latencies), compare);
    printf("{\"messages\":%llu,\"messages_per_s\":%.0f,\"handshakes\":%llu,\"resumed\":%llu,\"opened\":%llu,\"error_total\":%llu,"
           "\"latency_us\":{\"p50\":%u,\"p99\":%u}}\n",
           (unsigned long long)messages, (double)messages / o.seconds, (unsigned long long)handshakes, (unsigned long long)resumed, (unsigned long long)opened,
           (unsigned long long)errors, percentile(0.5), percentile(0.99));
    return errors > 0;
}
