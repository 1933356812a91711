#ifndef TRUNKLINE_COPENSSL_SHIM_H
#define TRUNKLINE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

// OpenSSL spells much of its interface as macros over SSL_ctrl and friends; these give them to Swift as functions.

static inline long trunkline_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }
static inline void trunkline_ctx_set_safe_options(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}
static inline void trunkline_ctx_prefer_client_chacha(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}
static inline int trunkline_ctx_set_minimum(SSL_CTX *ctx, int v) { return SSL_CTX_set_min_proto_version(ctx, v); }
static inline int trunkline_ctx_set_groups(SSL_CTX *ctx, const char *list) { return SSL_CTX_set1_groups_list(ctx, list); }
static inline long trunkline_ctx_disable_cache(SSL_CTX *ctx) {
    return SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}
static inline long trunkline_set_server_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}
static inline int trunkline_add_chain_certificate(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(ctx, certificate);
}
static inline long trunkline_ctx_on_server_name(SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    return SSL_CTX_set_tlsext_servername_callback(ctx, callback) && SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}
static inline const char *trunkline_alert_name(int code) { return SSL_alert_desc_string_long(code); }
static inline EVP_PKEY *trunkline_generate_p256(void) { return EVP_EC_gen("P-256"); }

// A BIO that moves bytes between OpenSSL and memory the caller lends for one call: no socket, no buffer of its own.
// One serves all sessions of a thread, since a thread is inside one OpenSSL call at a time.

struct trunkline_wire {
    const unsigned char *input;  // ciphertext that came and was not read yet
    size_t input_count;
    unsigned char *output;  // ciphertext to be sent
    size_t output_count;
    size_t output_capacity;
};

static inline int trunkline_wire_read(BIO *bio, char *into, int count) {
    struct trunkline_wire *wire = (struct trunkline_wire *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->input_count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)count < wire->input_count ? (size_t)count : wire->input_count;
    memcpy(into, wire->input, n);
    wire->input += n;
    wire->input_count -= n;
    return (int)n;
}

static inline int trunkline_wire_write(BIO *bio, const char *from, int count) {
    struct trunkline_wire *wire = (struct trunkline_wire *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->output_capacity - wire->output_count < (size_t)count) {
        size_t wanted = wire->output_count + (size_t)count + 65536;
        unsigned char *larger = (unsigned char *)realloc(wire->output, wanted);
        if (!larger) return -1;
        wire->output = larger;
        wire->output_capacity = wanted;
    }
    memcpy(wire->output + wire->output_count, from, (size_t)count);
    wire->output_count += (size_t)count;
    return count;
}

static inline long trunkline_wire_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio; (void)number; (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static inline BIO_METHOD *trunkline_wire_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (!method) return NULL;
    BIO_meth_set_read(method, trunkline_wire_read);
    BIO_meth_set_write(method, trunkline_wire_write);
    BIO_meth_set_ctrl(method, trunkline_wire_control);
    return method;
}

/// Gives a session the thread's BIO for both directions.
static inline void trunkline_attach_wire(SSL *ssl, BIO *bio) {
    BIO_up_ref(bio);
    BIO_up_ref(bio);
    SSL_set0_rbio(ssl, bio);
    SSL_set0_wbio(ssl, bio);
}

#endif
