#ifndef TRUNKLINE_CZLIB_SHIM_H
#define TRUNKLINE_CZLIB_SHIM_H

#include <zlib.h>

// deflateInit2 and inflateInit2 are macros over versioned symbols, which Swift can't import.

static inline int trunkline_deflate_init(z_streamp stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

static inline int trunkline_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
