#ifndef TRUNKLINE_CNGHTTP2_SHIM_H
#define TRUNKLINE_CNGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>
#include <sys/types.h>
#include "frame_memory.h"

// The union in nghttp2_frame and the error codes read better from Swift through these functions.

static inline int trunkline_frame_type(const nghttp2_frame *frame) { return frame->hd.type; }
static inline int trunkline_frame_ends_stream(const nghttp2_frame *frame) {
    return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}
static inline int trunkline_frame_is_ack(const nghttp2_frame *frame) { return (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0; }
static inline int trunkline_headers_open_request(const nghttp2_frame *frame) {
    return frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}
static inline uint32_t trunkline_reset_code(const nghttp2_frame *frame) { return frame->rst_stream.error_code; }
static inline int32_t trunkline_goaway_last_stream(const nghttp2_frame *frame) { return frame->goaway.last_stream_id; }
static inline uint32_t trunkline_goaway_code(const nghttp2_frame *frame) { return frame->goaway.error_code; }
static inline int32_t trunkline_window_increment(const nghttp2_frame *frame) {
    return frame->window_update.window_size_increment;
}
static inline size_t trunkline_data_padding(const nghttp2_frame *frame) { return frame->data.padlen; }

#endif
