#ifndef TRUNKLINE_CZLIB_SHIM_H
#define TRUNKLINE_CZLIB_SHIM_H

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

// deflateInit2 and inflateInit2 are macros over versioned symbols, which Swift can't import.

static inline int trunkline_deflate_init(z_streamp stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

static inline int trunkline_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

// Pages for zlib's states. Flags and MAP_FAILED are macros with casts, and MAP_ANONYMOUS hides behind a feature macro.

static inline size_t trunkline_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/// Pages that take memory when they are first written to; NULL when there are none to be had. Never huge ones: those
/// would bring back what was given back in small ones.
static inline void *trunkline_map_pages(size_t length) {
    void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    madvise(pages, length, MADV_NOHUGEPAGE);
    return pages;
}

/// Gives the memory back and keeps the addresses.
static inline void trunkline_discard_pages(void *pages, size_t length) { madvise(pages, length, MADV_DONTNEED); }

static inline void trunkline_unmap_pages(void *pages, size_t length) { munmap(pages, length); }

#endif
