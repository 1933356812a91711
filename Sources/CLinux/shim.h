#ifndef TRUNKLINE_CLINUX_SHIM_H
#define TRUNKLINE_CLINUX_SHIM_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <malloc.h>
#include "names.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// Wrappers for what Swift can't import: GNU extensions hidden behind feature macros, enums used as flags, macros,
// and struct epoll_event, whose packed layout and union Swift would have to spell by hand.

int accept4(int, struct sockaddr *, socklen_t *, int);
int memfd_create(const char *, unsigned int);
void explicit_bzero(void *, size_t);

/// The number of a user or a group; -1 when there is none of this name.
static inline int64_t trunkline_user(const char *name) {
    char buffer[16384];
    struct passwd entry, *found = NULL;
    return getpwnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL ? (int64_t)entry.pw_uid : -1;
}

static inline int64_t trunkline_group(const char *name) {
    char buffer[16384];
    struct group entry, *found = NULL;
    return getgrnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL ? (int64_t)entry.gr_gid : -1;
}

/// Changes the owner of a file; -1 leaves the user or the group as it is.
static inline int trunkline_set_owner(const char *path, int64_t user, int64_t group) {
    return chown(path, (uid_t)user, (gid_t)group);
}

static inline int trunkline_errno(void) { return errno; }

/// Has the processor bring the line of memory near that holds an address. One that leads nowhere does nothing.
static inline void trunkline_prefetch(uintptr_t address) { __builtin_prefetch((const void *)address); }

/// Whether the process could be given so much memory. Nothing is kept of it, and no page is touched.
static inline int trunkline_can_map(size_t length) {
    void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return 0;
    munmap(pages, length);
    return 1;
}

static inline int trunkline_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline int trunkline_accept(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/// Without waiting for whoever may write into a pipe of that name.
static inline int trunkline_open_for_reading(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

/// Raises the soft limit on descriptors to the hard one and returns it.
static inline long trunkline_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (long)limit.rlim_cur : -1;
}

/// Keeps what malloc frees at the top of the heap for the next turn instead of giving it to the kernel and back.
static inline void trunkline_tune_malloc(void) { (void)mallopt(M_TRIM_THRESHOLD, 1 << 20); }

/// Gives the kernel all whole pages that are free, wherever they lie.
static inline void trunkline_trim_heap(void) { (void)malloc_trim(0); }

static inline const char *trunkline_environment(int index) {
    extern char **environ;
    return environ[index];
}

/// The words that the process was started with, as the kernel laid them out; NULL past the last, or where they aren't there.
/// argc and argv reach only `main`, which Swift makes, and its own list comes from /proc, which may be hidden.
static inline const char *trunkline_argument(int index) {
    // The C library's note of where the stack began: argc, argv, NULL, the environment, NULL, the auxiliary vector.
    extern void *__libc_stack_end;
    const long *start = (const long *)__libc_stack_end;
    if (start == NULL || start[0] < 1 || start[0] > 65536) return NULL;
    char **words = (char **)(start + 1);
    return words[start[0]] == NULL && index >= 0 && index < start[0] ? words[index] : NULL;
}

/// The path that the program was started by, whatever its first word says; NULL where the kernel doesn't tell.
static inline const char *trunkline_program(void) { return (const char *)getauxval(AT_EXECFN); }

// Memory that can be left to another process: F_ADD_SEALS and its values stand behind a feature macro.
enum { trunkline_add_seals = 1033, trunkline_get_seals = 1034, trunkline_size_seals = 1 | 2 | 4 };

static inline int trunkline_anonymous_file(const char *name, size_t size) {
    int fd = memfd_create(name, 1 | 2);  // MFD_CLOEXEC, MFD_ALLOW_SEALING
    if (fd >= 0 && ftruncate(fd, (off_t)size) != 0) {
        int code = errno;
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

/// Nobody changes its size from here on, nor this.
static inline int trunkline_seal_size(int fd, size_t size) {
    return ftruncate(fd, (off_t)size) == 0 && fcntl(fd, trunkline_add_seals, trunkline_size_seals) == 0 ? 0 : -1;
}

/// The size of an anonymous file that is sealed so; -1 for anything else.
static inline int64_t trunkline_sealed_size(int fd) {
    struct stat facts;
    int seals = fcntl(fd, trunkline_get_seals);
    if (seals < 0) return -1;
    if ((seals & trunkline_size_seals) != trunkline_size_seals) {
        errno = EPERM;
        return -1;
    }
    return fstat(fd, &facts) == 0 ? (int64_t)facts.st_size : -1;
}

static inline void *trunkline_map(int fd, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static inline int trunkline_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

static inline int trunkline_bind(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}

static inline int trunkline_connect(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}

static inline int trunkline_getsockname(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return getsockname(fd, (struct sockaddr *)address, length);
}

static inline int trunkline_getpeername(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return getpeername(fd, (struct sockaddr *)address, length);
}

static inline int trunkline_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

static inline int trunkline_option(int fd, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

static inline int trunkline_is_listening(int fd) { return trunkline_option(fd, SO_ACCEPTCONN); }
static inline int trunkline_shares_port(int fd) { return trunkline_option(fd, SO_REUSEPORT); }
static inline void trunkline_set_close_on_exec(int fd) { (void)fcntl(fd, F_SETFD, FD_CLOEXEC); }
static inline void trunkline_set_nonblocking(int fd) {
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static inline int trunkline_socket_error(int fd) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno;
}

/// The least round trip that the kernel has seen on a TCP connection, in nanoseconds; 0 where it can't be told.
///
/// tcpi_min_rtt, in microseconds, of struct tcp_info in linux/tcp.h, which can't be had beside netinet/tcp.h: the C library's
/// ends before it.
static inline uint64_t trunkline_least_round_trip(int fd) {
    unsigned char info[256] = {0};
    enum { MIN_RTT = 148 };
    socklen_t length = sizeof info;
    uint32_t microseconds = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) != 0 || length < MIN_RTT + sizeof microseconds) return 0;
    memcpy(&microseconds, info + MIN_RTT, sizeof microseconds);
    return (uint64_t)microseconds * 1000;
}

/// What was sent and is not acknowledged (TCP), or not read by the peer (Unix); -1 where it can't be told.
static inline int trunkline_unacknowledged(int fd) {
    int count = 0;
    return ioctl(fd, TIOCOUTQ, &count) == 0 ? count : -1;  // SIOCOUTQ is another name of it
}

/// The part of that which has not been sent once, as the peer's window or the line had no room for it; TCP only.
static inline int trunkline_unsent(int fd) {
    int count = 0;
    return ioctl(fd, 0x894B /* SIOCOUTQNSD */, &count) == 0 ? count : 0;
}

/// A socket closed with this set sends RST instead of FIN: the peer learns at once that data was lost.
static inline int trunkline_set_linger_zero(int fd) {
    struct linger value = {1, 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

// What each message needs goes past the C library's functions of the same names. Those are points where a thread can be
// cancelled, of which nobody here makes use; that takes two atomic operations for each call. Nothing else is different: no
// socket here is blocking. The sanitizers know these functions, and are to see them.
long syscall(long, ...);

static inline ssize_t trunkline_send(int fd, const void *bytes, size_t count) {
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
#if defined SYS_sendto && !defined TRUNKLINE_SANITIZED
    return syscall(SYS_sendto, fd, bytes, count, flags, NULL, (size_t)0);
#else
    return send(fd, bytes, count, flags);
#endif
}

static inline ssize_t trunkline_recv(int fd, void *bytes, size_t count) {
#if defined SYS_recvfrom && !defined TRUNKLINE_SANITIZED
    return syscall(SYS_recvfrom, fd, bytes, count, MSG_DONTWAIT, NULL, NULL);
#else
    return recv(fd, bytes, count, MSG_DONTWAIT);
#endif
}

/// Whether nothing is there to be read: no bytes, no end, no error.
static inline int trunkline_is_quiet(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static inline int trunkline_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static inline int trunkline_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
#if defined SYS_epoll_pwait && !defined TRUNKLINE_SANITIZED
    return (int)syscall(SYS_epoll_pwait, epoll, events, capacity, milliseconds, NULL, (size_t)0);
#else
    return epoll_wait(epoll, events, capacity, milliseconds);
#endif
}

// Waits like epoll_wait, to the nanosecond where the kernel can (Linux 5.11), else to the millisecond, rounded up.
static inline int trunkline_epoll_wait_ns(int epoll, struct epoll_event *events, int capacity, uint64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
    struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
    long count = syscall(SYS_epoll_pwait2, epoll, events, capacity, &limit, NULL, (size_t)0);
    // A sandbox may refuse what it doesn't know.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)count;
#endif
    return trunkline_epoll_wait(epoll, events, capacity, (int)((nanoseconds + 999999) / 1000000));
}

static inline uint32_t trunkline_event_flags(const struct epoll_event *event) { return event->events; }
static inline uint64_t trunkline_event_data(const struct epoll_event *event) { return event->data.u64; }

static const uint32_t TRUNKLINE_IN = EPOLLIN;
static const uint32_t TRUNKLINE_OUT = EPOLLOUT;
static const uint32_t TRUNKLINE_BROKEN = EPOLLERR | EPOLLHUP;
static const uint32_t TRUNKLINE_ENDED = EPOLLRDHUP;
static const uint32_t TRUNKLINE_CHANGES = EPOLLET;

static inline int trunkline_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/// Blocks the signals in the calling thread (and those it starts later) and returns a descriptor that reports them.
static inline int trunkline_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static inline void trunkline_block_signals(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static inline int trunkline_read_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

static inline void trunkline_ignore_sigpipe(void) {
    signal(SIGPIPE, SIG_IGN);
    // A log that has reached its size limit is no reason to die: the write fails with EFBIG instead.
    signal(SIGXFSZ, SIG_IGN);
}

// Variables of a function: those of a file are not emitted for a header that Swift imports.
static inline struct sigaction *trunkline_former_action(int number) {
    static struct sigaction actions[65];
    return &actions[number];
}

static inline int *trunkline_faults_as_json(void) {
    static int value;
    return &value;
}

static inline const char *trunkline_fault_name(int number) {
    switch (number) {
        case SIGABRT: return "SIGABRT";
        case SIGSEGV: return "SIGSEGV";
        case SIGBUS: return "SIGBUS";
        case SIGFPE: return "SIGFPE";
        case SIGILL: return "SIGILL";
        case SIGTRAP: return "SIGTRAP";
        case SIGSYS: return "SIGSYS";
        default: return "a signal";
    }
}

static inline void trunkline_write_text(const char *text) {
    ssize_t written = write(2, text, strlen(text));
    (void)written;
}

/// Says what it was, lets who watched before have his say (a sanitizer, Swift's backtrace), and dies of the signal. Whoever
/// sent it: a handler that returns lets the process live on after a signal from outside.
static inline void trunkline_on_fault(int number, siginfo_t *info, void *context) {
    const int as_json = *trunkline_faults_as_json();
    trunkline_write_text(
        as_json ? "{\"level\":\"critical\",\"message\":\"ended by a signal\",\"signal\":\""
                : "critical: ended by a signal signal=");
    trunkline_write_text(trunkline_fault_name(number));
    trunkline_write_text(as_json ? "\"}\n" : "\n");
    struct sigaction former = *trunkline_former_action(number);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(number, &standard, NULL);
    if (former.sa_flags & SA_SIGINFO) {
        if (former.sa_sigaction != NULL) former.sa_sigaction(number, info, context);
    } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
        former.sa_handler(number);
    }
    sigaction(number, &standard, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

/// Signals that tell of a fault end the process with a line on standard error, and with a core where one is wanted.
static inline void trunkline_end_on_faults(int as_json) {
    const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    *trunkline_faults_as_json() = as_json;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_sigaction = trunkline_on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, trunkline_former_action(numbers[i]));
    }
}

/// Sends one datagram to a Unix socket; a name that begins with @ is in the abstract namespace.
static inline int trunkline_notify(const char *name, const void *text, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length < 2 || length >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(fd, text, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size);
    close(fd);
    return sent == (ssize_t)count ? 0 : -1;
}

/// As posix_spawnp, but who adopts orphans is the program's parent from the start: a process between the two has ended when
/// this returns. It shares our memory, and the calling thread waits for it.
static __attribute__((noinline)) int trunkline_spawn_apart(
    pid_t *child, const char *program, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
    char *const arguments[], char *const environment[]) {
    // Shared by name as well: sanitizers have vfork copy all other memory.
    struct { pid_t child; int code; } *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) return errno;
    told->code = EAGAIN;
    pid_t between = vfork();
    if (between == 0) {
        told->code = posix_spawnp(&told->child, program, actions, attributes, arguments, environment);
        _exit(0);
    }
    int code = errno;
    if (between > 0) {
        while (waitpid(between, NULL, 0) < 0 && errno == EINTR) continue;
        code = told->code;
        *child = told->child;
    }
    munmap(told, sizeof *told);
    return code;
}

/// Starts a program found as a shell would find it, with these descriptors under the same numbers and no other.
///
/// With an `output` (else -1) its standard output and standard error go there, its standard input is empty, and it leads a
/// group of its own, with which all that it starts can be ended. Where it is to stand `apart`, it is no child of ours.
static inline int trunkline_spawn(
    pid_t *child, const char *program, char *const arguments[], char *const environment[], const int *inherited,
    int count, int output, int apart) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, standard;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    // A descriptor copied onto itself loses its close-on-exec flag; all others are closed by theirs.
    for (int i = 0; i < count; i++) posix_spawn_file_actions_adddup2(&actions, inherited[i], inherited[i]);
    if (output >= 0) {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, 1);
        posix_spawn_file_actions_adddup2(&actions, output, 2);
        posix_spawnattr_setpgroup(&attributes, 0);
        flags |= POSIX_SPAWN_SETPGROUP;
    }
    posix_spawnattr_setflags(&attributes, flags);
    int code = (apart ? trunkline_spawn_apart : posix_spawnp)(child, program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return code;
}

/// The status of a child that has ended: its exit code, or 128 and the signal that ended it. -1 while it runs.
static inline int trunkline_reap(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int trunkline_pipe(int *ends) {
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

/// Two connected sockets that keep messages apart, over which processes give each other descriptors (unix(7)).
static inline int trunkline_message_pair(int *ends) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}
/// The process that has made the pair.
static inline int trunkline_peer_process(int fd) {
    struct { int pid; unsigned uid, gid; } peer = {0};  // ucred needs _GNU_SOURCE
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? (int)peer.pid : 0;
}
static inline int trunkline_keeps_messages(int fd) { return trunkline_option(fd, SO_TYPE) == SOCK_SEQPACKET; }

enum { TRUNKLINE_MOST_DESCRIPTORS = 2 };
union trunkline_control {
    struct cmsghdr first;
    char room[CMSG_SPACE(TRUNKLINE_MOST_DESCRIPTORS * sizeof(int))];
};

/// Sends descriptors as one message; 0 where the peer's queue has it. Never waits.
static inline int trunkline_send_descriptors(int fd, const int *numbers, int count) {
    if (count < 1 || count > TRUNKLINE_MOST_DESCRIPTORS) return -1;
    char byte = (char)count;
    struct iovec part = {&byte, 1};
    union trunkline_control control;
    memset(&control, 0, sizeof control);
    size_t size = (size_t)count * sizeof(int);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), numbers, size);
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -1;
}

/// Takes one message of these. Returns how many came; 0 = no peer is left, -1 = nothing is there, -2 = a message whose
/// descriptors could not be had.
static inline int trunkline_receive_descriptors(int fd, int *numbers) {
    char byte;
    struct iovec part = {&byte, 1};
    union trunkline_control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? -1 : 0;
    if (count == 0) return 0;
    int found = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        found = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(numbers, CMSG_DATA(header), (size_t)found * sizeof(int));
    }
    if (found == byte && !(message.msg_flags & MSG_CTRUNC)) return found;
    for (int i = 0; i < found; i++) close(numbers[i]);
    return -2;
}

/// Whether somebody is there to read what is written. Nothing is ever sent the other way.
static inline int trunkline_has_reader(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static inline uint64_t trunkline_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t trunkline_processor_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double trunkline_wall_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline long trunkline_descriptor_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (long)limit.rlim_cur : -1;
}

/// Descriptors that are open, the one that this takes left out; -1 without /proc.
static inline long trunkline_open_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return -1;
    long count = 0;
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count - 3;  // `.`, `..` and the folder itself
}

/// Columns in the upper and rows in the lower 16 bits; 0 when standard output is no terminal.
static inline unsigned trunkline_window_size(void) {
    struct winsize size;
    if (ioctl(1, TIOCGWINSZ, &size) != 0) return 0;
    return (unsigned)size.ws_col << 16 | size.ws_row;
}

// sched_getaffinity and the CPU_COUNT macro need _GNU_SOURCE; the system call behind them does not.
static inline int trunkline_usable_cpus(void) {
    unsigned long mask[128];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}

#endif
