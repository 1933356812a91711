#ifndef TRUNKLINE_CLINUX_NAMES_H
#define TRUNKLINE_CLINUX_NAMES_H

// What getaddrinfo doesn't tell of a name: its services (RFC 2782), and how long an answer holds. The resolver of the C
// library asks: it knows resolv.conf, repeats over TCP what was truncated, and drops answers to other questions.

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// One SRV record.
struct trunkline_service {
    uint16_t priority, weight, port;
    uint32_t lifetime;
    char target[NS_MAXDNAME];
};

/// Asks one question. Returns the answer's length with its memory in `answer`, to be freed, or -1 with h_errno's number in
/// `failure`; 0 there is the system's errno.
static inline int trunkline_ask(const char *name, int type, int isShort, unsigned char **answer, int *failure) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    *answer = NULL;
    *failure = 0;
    if (res_ninit(&state) != 0) return -1;
    if (isShort) state.retrans = 1, state.retry = 1;
    unsigned char *room = malloc(NS_MAXMSG);
    int length = room ? res_nsearch(&state, name, ns_c_in, type, room, NS_MAXMSG) : -1;
    *failure = room ? state.res_h_errno : 0;
    res_nclose(&state);
    // What is longer than the room isn't there.
    if (length > NS_MAXMSG) length = NS_MAXMSG;
    if (length < 0) free(room);
    else *answer = room;
    return length;
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
