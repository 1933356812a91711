// Loaded before the C library by tests: counts the system calls on sockets that the proxy makes, in the file that
// TRUNKLINE_TEST_CALLS names: a number of 64 bits for each name, in the order of `calls.py`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT, CONNECT, SET, GET, NAME, CONTROL, WAIT, SEND, RECV, SHUTDOWN, COUNT };
static uint64_t unseen[COUNT], *counts = unseen;

__attribute__((constructor)) static void first(void) {
    const char *path = getenv("TRUNKLINE_TEST_CALLS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof unseen, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) counts = shared;
    close(file);
}

#define COUNTED(place, result, name, parameters, arguments)                        \
    result name parameters {                                                       \
        static result(*real) parameters;                                           \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                  \
        __atomic_add_fetch(&counts[place], 1, __ATOMIC_RELAXED);                     \
        return real arguments;                                                     \
    }

COUNTED(ACCEPT, int, accept4, (int fd, struct sockaddr *at, socklen_t *size, int flags), (fd, at, size, flags))
COUNTED(CONNECT, int, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
COUNTED(SET, int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), (fd, level, name, value, size))
COUNTED(GET, int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), (fd, level, name, value, size))
COUNTED(NAME, int, getsockname, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size))
COUNTED(NAME, int, getpeername, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size))
COUNTED(CONTROL, int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event), (epoll, what, fd, event))
COUNTED(WAIT, int, epoll_wait, (int epoll, struct epoll_event *events, int most, int time), (epoll, events, most, time))
COUNTED(SEND, ssize_t, send, (int fd, const void *bytes, size_t count, int flags), (fd, bytes, count, flags))
COUNTED(RECV, ssize_t, recv, (int fd, void *bytes, size_t count, int flags), (fd, bytes, count, flags))
COUNTED(SHUTDOWN, int, shutdown, (int fd, int how), (fd, how))
