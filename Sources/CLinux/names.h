#ifndef TRUNKLINE_CLINUX_NAMES_H
#define TRUNKLINE_CLINUX_NAMES_H

// What getaddrinfo doesn't tell of a name: its services (RFC 2782), and how long an answer holds. The resolver of the C
// library asks: it knows resolv.conf, repeats over TCP what was truncated, and drops answers to other questions.

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/// A lookup on a thread of its own, and another that looks after it: where an answer was truncated the C library connects to
/// the name server, and waits without end for one that has taken the connection and says nothing, or a byte now and then.
struct trunkline_lookup {
    /// What is done; sets `state` first.
    void (*work)(struct trunkline_lookup *);
    /// Where the connection to the name server is found.
    struct __res_state *state;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int isDone;
};

/// Seconds for which a connection to a name server may stand.
#define TRUNKLINE_NAME_SERVER_PATIENCE 5

static inline void *trunkline_look_up(void *argument) {
    struct trunkline_lookup *lookup = argument;
    lookup->work(lookup);
    pthread_mutex_lock(&lookup->lock);
    lookup->isDone = 1;
    pthread_cond_signal(&lookup->ended);
    pthread_mutex_unlock(&lookup->lock);
    return NULL;
}

/// The port at one end of a socket, in network order; 0 where there is none.
static inline in_port_t trunkline_port(int fd, int (*end)(int, struct sockaddr *, socklen_t *)) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (end(fd, (struct sockaddr *)&address, &length) != 0) return 0;
    if (address.ss_family == AF_INET) return ((struct sockaddr_in *)&address)->sin_port;
    return address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port : 0;
}

/// The lookup's connection to a name server, told by its own port as well: its number may be another socket's by now.
/// Nothing that isn't connected to port 53 is one. -1 where there is none.
static inline int64_t trunkline_name_server(struct trunkline_lookup *lookup) {
    struct __res_state *state = __atomic_load_n(&lookup->state, __ATOMIC_ACQUIRE);
    if (!state) return -1;
    int fd = __atomic_load_n(&state->_vcsock, __ATOMIC_RELAXED), type = 0;
    socklen_t length = sizeof type;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) return -1;
    if (trunkline_port(fd, getpeername) != htons(NS_DEFAULTPORT)) return -1;
    return (int64_t)fd << 16 | trunkline_port(fd, getsockname);
}

/// Ends what has been there for too long; the C library goes on with the next server.
static inline void trunkline_look_after(struct trunkline_lookup *lookup) {
    int64_t seen = -1;
    int looks = 0;
    pthread_mutex_lock(&lookup->lock);
    while (!lookup->isDone) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        if (pthread_cond_timedwait(&lookup->ended, &lookup->lock, &until) != ETIMEDOUT || lookup->isDone) continue;
        int64_t now = trunkline_name_server(lookup);
        looks = now >= 0 && now == seen ? looks + 1 : 0;
        seen = now;
        if (looks >= TRUNKLINE_NAME_SERVER_PATIENCE) shutdown((int)(now >> 16), SHUT_RDWR);
    }
    pthread_mutex_unlock(&lookup->lock);
}

/// Does a lookup's work, which ends. -1 with errno where there is no thread for it.
static inline int trunkline_run_lookup(struct trunkline_lookup *lookup) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_condattr_t clock;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&lookup->lock, NULL);
    pthread_cond_init(&lookup->ended, &clock);
    int code = pthread_create(&thread, &attributes, trunkline_look_up, lookup);
    if (code == 0) {
        trunkline_look_after(lookup);
        pthread_join(thread, NULL);
    }
    pthread_cond_destroy(&lookup->ended);
    pthread_mutex_destroy(&lookup->lock);
    pthread_condattr_destroy(&clock);
    pthread_attr_destroy(&attributes);
    errno = code;
    return code == 0 ? 0 : -1;
}

/// What getaddrinfo is asked, and what it says.
struct trunkline_addresses {
    struct trunkline_lookup lookup;
    const char *name, *port;
    const struct addrinfo *hints;
    struct addrinfo *list;
    int code, system;
};

static inline void trunkline_ask_addresses(struct trunkline_lookup *lookup) {
    struct trunkline_addresses *asked = (struct trunkline_addresses *)lookup;
    __atomic_store_n(&lookup->state, &_res, __ATOMIC_RELEASE);
    errno = 0;
    asked->code = getaddrinfo(asked->name, asked->port, asked->hints, &asked->list);
    asked->system = errno;
}

/// As getaddrinfo, with its errno.
static inline int trunkline_resolve(
    const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **list, int *system) {
    struct trunkline_addresses asked = {
        .lookup.work = trunkline_ask_addresses, .name = name, .port = port, .hints = hints, .code = EAI_SYSTEM};
    if (trunkline_run_lookup(&asked.lookup) != 0) asked.system = errno;
    *list = asked.list;
    *system = asked.system;
    return asked.code;
}

/// One SRV record.
struct trunkline_service {
    uint16_t priority, weight, port;
    uint32_t lifetime;
    char target[NS_MAXDNAME];
};

/// One question to a name server, and what it says.
struct trunkline_question {
    struct trunkline_lookup lookup;
    const char *name;
    int type, isShort;
    unsigned char *answer;
    int length, failure, system;
};

static inline void trunkline_ask_question(struct trunkline_lookup *lookup) {
    struct trunkline_question *asked = (struct trunkline_question *)lookup;
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) {
        asked->system = errno;
        return;
    }
    if (asked->isShort) state.retrans = 1, state.retry = 1;
    unsigned char *room = malloc(NS_MAXMSG);
    if (room) {
        __atomic_store_n(&lookup->state, &state, __ATOMIC_RELEASE);
        asked->length = res_nsearch(&state, asked->name, ns_c_in, asked->type, room, NS_MAXMSG);
        asked->failure = state.res_h_errno;
        __atomic_store_n(&lookup->state, NULL, __ATOMIC_RELEASE);
    }
    asked->system = errno;
    res_nclose(&state);
    // What is longer than the room isn't there.
    if (asked->length > NS_MAXMSG) asked->length = NS_MAXMSG;
    if (asked->length < 0) free(room);
    else asked->answer = room;
}

/// Asks one question. Returns the answer's length with its memory in `answer`, to be freed, or -1 with h_errno's number in
/// `failure`; 0 there is the system's errno.
static inline int trunkline_ask(const char *name, int type, int isShort, unsigned char **answer, int *failure) {
    struct trunkline_question asked = {
        .lookup.work = trunkline_ask_question, .name = name, .type = type, .isShort = isShort, .length = -1};
    if (trunkline_run_lookup(&asked.lookup) == 0) errno = asked.system;
    *answer = asked.answer;
    *failure = asked.failure;
    return asked.length;
}

/// The SRV records of a name, at most `room`: how many, or -1 as above.
static inline int trunkline_services(const char *name, struct trunkline_service *list, int room, int *failure) {
    unsigned char *answer;
    int length = trunkline_ask(name, ns_t_srv, 0, &answer, failure), count = 0;
    if (length < 0) return -1;
    ns_msg message;
    ns_rr record;
    if (ns_initparse(answer, length, &message) == 0)
        for (int index = 0; index < ns_msg_count(message, ns_s_an) && count < room; index++) {
            // A record that can't be read ends it: nothing behind it can be trusted.
            if (ns_parserr(&message, ns_s_an, index, &record) != 0) break;
            if (ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7) continue;
            const unsigned char *data = ns_rr_rdata(record);
            struct trunkline_service *service = &list[count];
            if (ns_name_uncompress(answer, answer + length, data + 6, service->target, sizeof service->target) < 0) continue;
            service->priority = ns_get16(data);
            service->weight = ns_get16(data + 2);
            service->port = ns_get16(data + 4);
            service->lifetime = ns_rr_ttl(record);
            count++;
        }
    free(answer);
    return count;
}

/// The seconds for which what was said of a name's addresses holds; -1 where no server says so.
static inline int64_t trunkline_lifetime(const char *name, int type) {
    unsigned char *answer;
    int failure, length = trunkline_ask(name, type, 1, &answer, &failure);
    if (length < 0) return -1;
    int64_t shortest = -1;
    ns_msg message;
    ns_rr record;
    if (ns_initparse(answer, length, &message) == 0)
        for (int index = 0; index < ns_msg_count(message, ns_s_an); index++) {
            if (ns_parserr(&message, ns_s_an, index, &record) != 0) break;
            // CNAMEs on the way count.
            if (shortest < 0 || ns_rr_ttl(record) < shortest) shortest = ns_rr_ttl(record);
        }
    free(answer);
    return shortest;
}

#endif
