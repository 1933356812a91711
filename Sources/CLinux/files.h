#ifndef TRUNKLINE_CLINUX_FILES_H
#define TRUNKLINE_CLINUX_FILES_H

#include <dirent.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include "shim.h"

// Folders that are ours alone, files that are written whole or not at all, and folders that are watched.

/// Makes a folder that only its owner enters, unless it is there. 0, or -1 with errno.
static inline int trunkline_make_private_folder(const char *path) {
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}
enum { TRUNKLINE_FOLDER_FINE, TRUNKLINE_FOLDER_MISSING, TRUNKLINE_FOLDER_NONE, TRUNKLINE_FOLDER_OPEN, TRUNKLINE_FOLDER_FOREIGN };
/// Whether a folder is one, and nobody's but the process's user's. `mode` gets its permissions.
static inline int trunkline_judge_folder(const char *path, unsigned *mode) {
    struct stat facts;
    if (stat(path, &facts) != 0) return errno == ENOENT ? TRUNKLINE_FOLDER_MISSING : TRUNKLINE_FOLDER_FOREIGN;
    *mode = (unsigned)facts.st_mode & 07777;
    if (!S_ISDIR(facts.st_mode)) return TRUNKLINE_FOLDER_NONE;
    if (facts.st_uid != geteuid()) return TRUNKLINE_FOLDER_FOREIGN;
    return facts.st_mode & 077 ? TRUNKLINE_FOLDER_OPEN : TRUNKLINE_FOLDER_FINE;
}
/// Writes a file that only its owner reads, to the disk and not only to the kernel. 0, or -1 with errno and no file.
static inline int trunkline_write_private(const char *path, const unsigned char *bytes, size_t count) {
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    size_t written = 0;
    int failure = 0;
    while (written < count && failure == 0) {
        ssize_t step = write(file, bytes + written, count - written);
        if (step > 0) written += (size_t)step;
        else if (step == 0 || errno != EINTR) failure = step == 0 ? EIO : errno;
    }
    if (failure == 0 && fsync(file) != 0) failure = errno;
    close(file);
    if (failure == 0) return 0;
    unlink(path);
    errno = failure;
    return -1;
}
/// Puts a file where another may be: whoever looks finds one of the two.
static inline int trunkline_replace(const char *from, const char *to, const char *folder) {
    if (rename(from, to) != 0) return -1;
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle >= 0) {
        fsync(handle);
        close(handle);
    }
    return 0;
}
/// Seconds since a file was written, or -1.
static inline long trunkline_file_age(const char *path) {
    struct stat facts;
    return lstat(path, &facts) == 0 ? (long)(time(NULL) - facts.st_mtime) : -1;
}
/// A descriptor that holds the lock until it is closed, or -1: EWOULDBLOCK where another process has it.
static inline int trunkline_lock(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    int failure = errno;
    close(file);
    errno = failure;
    return -1;
}
/// The next name in a folder; NULL at the end. The text is gone with the next call.
static inline const char *trunkline_next_name(DIR *folder) {
    struct dirent *entry = readdir(folder);
    return entry ? entry->d_name : NULL;
}

static inline int trunkline_inotify(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }
static inline int trunkline_watch_folder(int inotify, const char *path) {
    return inotify_add_watch(
        inotify, path,
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR);
}
enum { TRUNKLINE_NOTICED = 1, TRUNKLINE_WATCH_LOST = 2 };
static inline void trunkline_watch_no_more(int inotify, int watch) { inotify_rm_watch(inotify, watch); }
/// Takes what has been noticed: whether there was anything, and whether a folder is gone, or elsewhere, or notices were left
/// out.
static inline int trunkline_take_notices(int inotify) {
    char buffer[16384] __attribute__((aligned(8)));
    int found = 0;
    for (int turns = 0; turns < 64; turns++) {
        ssize_t count = read(inotify, buffer, sizeof buffer);
        if (count <= 0) break;
        found |= TRUNKLINE_NOTICED;
        for (ssize_t at = 0; at < count;) {
            const struct inotify_event *notice = (const struct inotify_event *)(buffer + at);
            if (notice->mask & (IN_IGNORED | IN_MOVE_SELF | IN_Q_OVERFLOW)) found |= TRUNKLINE_WATCH_LOST;
            at += (ssize_t)sizeof *notice + notice->len;
        }
    }
    return found;
}

/// Waits until there is something to read, or the other end is closed: 1; or the time is over: 0.
static inline int trunkline_wait_readable(int file, int milliseconds) {
    struct pollfd wanted = {.fd = file, .events = POLLIN};
    return poll(&wanted, 1, milliseconds) > 0;
}

/// Ends a program and all that it has started.
static inline void trunkline_kill_group(pid_t child) { kill(-child, SIGKILL); }

#endif
