#ifndef TRUNKLINE_CNGHTTP2_FRAME_MEMORY_H
#define TRUNKLINE_CNGHTTP2_FRAME_MEMORY_H

#include <malloc.h>
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Where the sessions of one thread have their frame buffers.
//
// nghttp2 takes one of more than 16 KiB for each session and writes frames from its beginning, so that all but its first
// page stays as it was: untouched, as long as nobody has used that memory before. The heap gives out what others have
// used. Here each buffer has pages of its own, which are given back when it is freed.
//
// It also takes a small block for each frame that it is to send, and frees it when that has gone. Some of these wait here
// for the next. With a sanitizer none does, so that it sees each of them come and go.

enum { TRUNKLINE_FRAME_LEAST = 16 * 1024, TRUNKLINE_FRAME_SIZE = 20 * 1024, TRUNKLINE_FRAME_STEP = 64 };
// Bytes of a small block, and of what is no longer one; and how many wait.
enum { TRUNKLINE_BLOCK_LEAST = 96, TRUNKLINE_BLOCK_SIZE = 192, TRUNKLINE_BLOCK_OVER = 256, TRUNKLINE_BLOCKS = 64 };

/// One for each thread. Beyond its places, and where there is no room for them, the heap serves.
struct trunkline_frame_memory {
    unsigned char *base;
    uint32_t most, ready, used;  // places: reserved, that may be written to, and taken once
    uint32_t *spare;  // places that were given back
    uint32_t spare_count, block_count;
    void *blocks[TRUNKLINE_BLOCKS];
};

static inline int trunkline_frame_memory_open(struct trunkline_frame_memory *memory, uint32_t most) {
    memset(memory, 0, sizeof(*memory));
    size_t size = (size_t)most * TRUNKLINE_FRAME_SIZE;
    void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return 0;
    // A huge page would make all of it resident.
    madvise(base, size, MADV_NOHUGEPAGE);
    memory->base = (unsigned char *)base;
    memory->most = most;
    return 1;
}

static inline void trunkline_frame_memory_close(struct trunkline_frame_memory *memory) {
    if (memory->base) munmap(memory->base, (size_t)memory->most * TRUNKLINE_FRAME_SIZE);
    free(memory->spare);
    while (memory->block_count > 0) free(memory->blocks[--memory->block_count]);
    memset(memory, 0, sizeof(*memory));
}

static inline int trunkline_frame_is_place(const struct trunkline_frame_memory *memory, const void *pointer) {
    uintptr_t base = (uintptr_t)memory->base, at = (uintptr_t)pointer;
    return base && at >= base && at - base < (uintptr_t)memory->most * TRUNKLINE_FRAME_SIZE;
}

/// Makes the next places usable, and room to remember them.
static inline int trunkline_frame_grow(struct trunkline_frame_memory *memory) {
    uint32_t ready = memory->ready + TRUNKLINE_FRAME_STEP;
    if (ready > memory->most) return 0;
    uint32_t *spare = (uint32_t *)realloc(memory->spare, ready * sizeof(*spare));
    if (!spare) return 0;
    memory->spare = spare;
    if (mprotect(memory->base + (size_t)memory->ready * TRUNKLINE_FRAME_SIZE,
                 (size_t)TRUNKLINE_FRAME_STEP * TRUNKLINE_FRAME_SIZE, PROT_READ | PROT_WRITE) != 0) return 0;
    memory->ready = ready;
    return 1;
}

static inline void *trunkline_frame_take(struct trunkline_frame_memory *memory) {
    uint32_t place;
    if (memory->spare_count > 0) place = memory->spare[--memory->spare_count];
    else if (memory->used < memory->ready || trunkline_frame_grow(memory)) place = memory->used++;
    else return NULL;
    return memory->base + (size_t)place * TRUNKLINE_FRAME_SIZE;
}

static inline void *trunkline_frame_malloc(size_t size, void *user) {
    struct trunkline_frame_memory *memory = (struct trunkline_frame_memory *)user;
#ifndef TRUNKLINE_SANITIZED
    if (size > TRUNKLINE_BLOCK_LEAST && size <= TRUNKLINE_BLOCK_SIZE) {
        if (memory->block_count > 0) return memory->blocks[--memory->block_count];
        size = TRUNKLINE_BLOCK_SIZE;
    }
#endif
    void *place = NULL;
    if (size >= TRUNKLINE_FRAME_LEAST && size <= TRUNKLINE_FRAME_SIZE) place = trunkline_frame_take(memory);
    return place ? place : malloc(size);
}

static inline void trunkline_frame_free(void *pointer, void *user) {
    struct trunkline_frame_memory *memory = (struct trunkline_frame_memory *)user;
    if (!pointer) return;
    if (!trunkline_frame_is_place(memory, pointer)) {
#ifndef TRUNKLINE_SANITIZED
        // Whatever it was taken for, it has room for a small block.
        size_t size = malloc_usable_size(pointer);
        if (size >= TRUNKLINE_BLOCK_SIZE && size < TRUNKLINE_BLOCK_OVER && memory->block_count < TRUNKLINE_BLOCKS) {
            memory->blocks[memory->block_count++] = pointer;
            return;
        }
#endif
        return free(pointer);
    }
    madvise(pointer, TRUNKLINE_FRAME_SIZE, MADV_DONTNEED);
    // There is room for as many as were made usable.
    memory->spare[memory->spare_count++] = (uint32_t)(((unsigned char *)pointer - memory->base) / TRUNKLINE_FRAME_SIZE);
}

static inline void *trunkline_frame_calloc(size_t count, size_t size, void *user) {
    (void)user;
    return calloc(count, size);
}

static inline void *trunkline_frame_realloc(void *pointer, size_t size, void *user) {
    struct trunkline_frame_memory *memory = (struct trunkline_frame_memory *)user;
    if (!pointer) return trunkline_frame_malloc(size, user);
    if (!trunkline_frame_is_place(memory, pointer)) return realloc(pointer, size);
    if (size <= TRUNKLINE_FRAME_SIZE) return pointer;
    void *larger = malloc(size);
    if (!larger) return NULL;
    memcpy(larger, pointer, TRUNKLINE_FRAME_SIZE);
    trunkline_frame_free(pointer, user);
    return larger;
}

/// For sessions of this thread; they copy it. The memory must outlive them.
static inline nghttp2_mem trunkline_frame_allocator(struct trunkline_frame_memory *memory) {
    nghttp2_mem allocator = {memory, trunkline_frame_malloc, trunkline_frame_free, trunkline_frame_calloc,
                             trunkline_frame_realloc};
    return allocator;
}

#endif
