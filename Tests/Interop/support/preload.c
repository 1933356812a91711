// Loaded before the C library by tests: a wall clock that is wrong, a process that is killed at its n-th change of a
// folder, and a disk that is full from that change on. TRUNKLINE_TEST_CLOCK names a file with the seconds that are added to
// the clock, TRUNKLINE_TEST_KILL is FOLDER:NUMBER, TRUNKLINE_TEST_FULL is FOLDER:NUMBER:FILE, where the disk is full while
// the file is there; changes are told on the standard error. With TRUNKLINE_TEST_UNWATCHED no folder can be watched.
// With TRUNKLINE_TEST_LAST a process that has its libraries taken down at its end aborts.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

__attribute__((destructor)) static void last(void) {
    if (getenv("TRUNKLINE_TEST_LAST")) abort();
}

static long ahead(void) {
    static const char *path;
    if (!path) path = getenv("TRUNKLINE_TEST_CLOCK");
    if (!path) return 0;
    char text[32] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
    return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += ahead();
    return result;
}
int gettimeofday(struct timeval *time, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(time, zone);
    time->tv_sec += ahead();
    return result;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

static void step(const char *call, const char *path) {
    const char *wanted = getenv("TRUNKLINE_TEST_KILL");
    const char *number = wanted ? strrchr(wanted, ':') : NULL;
    if (!number || strncmp(path, wanted, (size_t)(number - wanted)) != 0) return;
    static int count;
    count++;
    dprintf(2, "change %d: %s %s\n", count, call, path + (number - wanted));
    if (count == atoi(number + 1)) kill(getpid(), SIGKILL);
}

// Whether the disk is full for this change: of a file's making, of what is written into it, of a name.
static int is_full(const char *call, const char *path) {
    static char folder[4096], *number, *file;
    static int count;
    if (!number) {
        const char *wanted = getenv("TRUNKLINE_TEST_FULL");
        if (!wanted || strlen(wanted) >= sizeof folder) return 0;
        strcpy(folder, wanted);
        file = strrchr(folder, ':');
        *file++ = 0;
        number = strrchr(folder, ':');
        *number++ = 0;
    }
    if (strncmp(path, folder, strlen(folder)) != 0 || ++count < atoi(number) || access(file, F_OK) != 0) return 0;
    dprintf(2, "no room for change %d: %s %s\n", count, call, path + strlen(folder));
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (fd > 2 && getenv("TRUNKLINE_TEST_FULL")) {
        char link[32], path[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        if (length > 0 && is_full("write", path)) return -1;
    }
    return real(fd, bytes, count);
}
int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    static int (*real)(int, const char *, uint32_t);
    if (!real) real = dlsym(RTLD_NEXT, "inotify_add_watch");
    if (!getenv("TRUNKLINE_TEST_UNWATCHED")) return real(fd, path, mask);
    errno = ENOSPC;
    return -1;
}
int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = dlsym(RTLD_NEXT, "rename");
    if (is_full("rename", to)) return -1;
    step("rename", to);
    return real(from, to);
}
int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = dlsym(RTLD_NEXT, "unlink");
    // What isn't there is no change.
    if (access(path, F_OK) == 0) step("unlink", path);
    return real(path);
}
int mkdir(const char *path, mode_t mode) {
    static int (*real)(const char *, mode_t);
    if (!real) real = dlsym(RTLD_NEXT, "mkdir");
    if (access(path, F_OK) != 0) {
        if (is_full("mkdir", path)) return -1;
        step("mkdir", path);
    }
    return real(path, mode);
}
static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (flags & O_CREAT && access(path, F_OK) != 0 && is_full("create", path)) return -1;
    int file = real(path, flags, mode);
    // Made, and nothing in it yet.
    if (file >= 0 && flags & O_CREAT && flags & O_EXCL) step("create", path);
    return file;
}
int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = dlsym(RTLD_NEXT, "open");
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return opened(real, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = dlsym(RTLD_NEXT, "open64");
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return opened(real, path, flags, mode);
}
