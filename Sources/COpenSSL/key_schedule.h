#ifndef TRUNKLINE_COPENSSL_KEY_SCHEDULE_H
#define TRUNKLINE_COPENSSL_KEY_SCHEDULE_H

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdint.h>
#include <string.h>

// TLS 1.3's key schedule (RFC 8446, 7.1; RFC 5869) as the algorithm TLS13-KDF of a provider of our own.
//
// OpenSSL's own makes its HMAC anew for each of the twenty secrets of a handshake, and lets a program have the traffic
// secrets only as printed lines. Here a thread keeps the hash with the last few keys already in it, for as long as a step
// of a handshake runs, and whoever runs it is told its two application traffic secrets and their keys. The hash is
// OpenSSL's.

/// An application traffic secret and what follows from it; 0 bytes = not made.
struct trunkline_secret {
    unsigned char secret[EVP_MAX_MD_SIZE];
    unsigned char key[32];
    unsigned char iv[12];
    size_t count;
    size_t key_count;
    size_t iv_count;
};
struct trunkline_secrets {
    struct trunkline_secret client;
    struct trunkline_secret server;
};

enum { TRUNKLINE_SCHEDULE_KEYS = 6, TRUNKLINE_SCHEDULE_KEY = 64 };

/// A key of HMAC (RFC 2104) with the hash after its first block, inside and outside.
struct trunkline_schedule_key {
    unsigned char bytes[TRUNKLINE_SCHEDULE_KEY];
    size_t count;
    size_t hash;  // bytes of the digest; 0 = no key
    size_t begun;  // of the digest that both contexts are at the beginning of; 0 = of none
    EVP_MD_CTX *inner, *outer;
};

/// What a thread keeps.
struct trunkline_schedule_thread {
    EVP_MD *sha256, *sha384;
    unsigned char empty256[32], empty384[48];  // the hashes of nothing
    EVP_MD_CTX *running;
    struct trunkline_schedule_key keys[TRUNKLINE_SCHEDULE_KEYS];
    unsigned next;  // whose place the next key takes
    struct trunkline_secrets *told;  // of the handshake that runs here now
};

struct trunkline_schedule {
    CRYPTO_THREAD_LOCAL threads;
};

enum { TRUNKLINE_SCHEDULE_FIELD = 80 };

/// A field of a derivation, copied: the caller's memory is lent for a call only.
struct trunkline_schedule_field {
    unsigned char bytes[TRUNKLINE_SCHEDULE_FIELD];
    size_t count;
};

struct trunkline_derivation {
    struct trunkline_schedule *schedule;
    int mode;
    size_t hash;  // bytes of the digest; 0 = none was named
    struct trunkline_schedule_field key, salt, prefix, label, data;
};

static inline void trunkline_schedule_thread_free(void *pointer) {
    struct trunkline_schedule_thread *thread = (struct trunkline_schedule_thread *)pointer;
    if (!thread) return;
    for (int i = 0; i < TRUNKLINE_SCHEDULE_KEYS; i++) {
        EVP_MD_CTX_free(thread->keys[i].inner);
        EVP_MD_CTX_free(thread->keys[i].outer);
    }
    EVP_MD_CTX_free(thread->running);
    EVP_MD_free(thread->sha256);
    EVP_MD_free(thread->sha384);
    OPENSSL_clear_free(thread, sizeof(*thread));
}

static inline int trunkline_schedule_thread_ready(struct trunkline_schedule_thread *thread) {
    thread->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    thread->sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
    thread->running = EVP_MD_CTX_new();
    for (int i = 0; i < TRUNKLINE_SCHEDULE_KEYS; i++) {
        thread->keys[i].inner = EVP_MD_CTX_new();
        thread->keys[i].outer = EVP_MD_CTX_new();
        if (!thread->keys[i].inner || !thread->keys[i].outer) return 0;
    }
    return thread->sha256 && thread->sha384 && thread->running
        && EVP_Digest("", 0, thread->empty256, NULL, thread->sha256, NULL) == 1
        && EVP_Digest("", 0, thread->empty384, NULL, thread->sha384, NULL) == 1;
}

static inline struct trunkline_schedule_thread *trunkline_schedule_here(struct trunkline_schedule *schedule) {
    struct trunkline_schedule_thread *thread =
        (struct trunkline_schedule_thread *)CRYPTO_THREAD_get_local(&schedule->threads);
    if (thread) return thread;
    thread = (struct trunkline_schedule_thread *)OPENSSL_zalloc(sizeof(*thread));
    if (!thread) return NULL;
    if (!trunkline_schedule_thread_ready(thread) || CRYPTO_THREAD_set_local(&schedule->threads, thread) != 1) {
        trunkline_schedule_thread_free(thread);
        return NULL;
    }
    return thread;
}

/// Wipes the keys that the thread has used.
static inline void trunkline_schedule_forget(struct trunkline_schedule_thread *thread) {
    for (int i = 0; i < TRUNKLINE_SCHEDULE_KEYS; i++) {
        struct trunkline_schedule_key *key = &thread->keys[i];
        if (key->hash == 0) continue;
        // Begins the hash anew: what a key has made of it is overwritten. Where that fails, the context goes.
        key->begun = key->hash;
        if (EVP_DigestInit_ex(key->inner, NULL, NULL) != 1) EVP_MD_CTX_reset(key->inner), key->begun = 0;
        if (EVP_DigestInit_ex(key->outer, NULL, NULL) != 1) EVP_MD_CTX_reset(key->outer), key->begun = 0;
        OPENSSL_cleanse(key->bytes, key->count);
        key->count = key->hash = 0;
    }
    EVP_MD_CTX_reset(thread->running);
    thread->next = 0;
}

/// Where the secrets of handshakes that this thread runs go from now on; NULL = nowhere, and its keys are forgotten.
static inline void trunkline_schedule_tell(struct trunkline_schedule *schedule, struct trunkline_secrets *told) {
    struct trunkline_schedule_thread *thread = trunkline_schedule_here(schedule);
    if (!thread) return;
    thread->told = told;
    if (!told) trunkline_schedule_forget(thread);
}

static inline int trunkline_schedule_pad(
    EVP_MD_CTX *context, int begun, const EVP_MD *digest, const unsigned char *bytes, size_t count,
    unsigned char pad) {
    unsigned char block[128];
    size_t size = (size_t)EVP_MD_get_block_size(digest);
    if (size > sizeof(block) || count > size) return 0;
    for (size_t i = 0; i < count; i++) block[i] = bytes[i] ^ pad;
    memset(block + count, pad, size - count);
    int succeeded = (begun || EVP_DigestInit_ex(context, digest, NULL) == 1)
        && EVP_DigestUpdate(context, block, size) == 1;
    OPENSSL_cleanse(block, count);
    return succeeded;
}

static inline int trunkline_schedule_holds(
    const struct trunkline_schedule_key *key, size_t hash, const unsigned char *bytes, size_t count) {
    uint64_t mine, theirs;
    if (key->hash != hash || key->count != count) return 0;
    // Nearly all others differ here already.
    if (count >= sizeof(mine)) {
        memcpy(&mine, key->bytes, sizeof(mine));
        memcpy(&theirs, bytes, sizeof(theirs));
        if (mine != theirs) return 0;
    }
    return CRYPTO_memcmp(key->bytes, bytes, count) == 0;
}

/// The key's place, filled where it has none yet.
static inline struct trunkline_schedule_key *trunkline_schedule_keyed(
    struct trunkline_schedule_thread *thread, size_t hash, const unsigned char *bytes, size_t count) {
    if (count == 0 || count > TRUNKLINE_SCHEDULE_KEY) return NULL;
    for (int i = 0; i < TRUNKLINE_SCHEDULE_KEYS; i++) {
        if (trunkline_schedule_holds(&thread->keys[i], hash, bytes, count)) return &thread->keys[i];
    }
    struct trunkline_schedule_key *key = &thread->keys[thread->next];
    const EVP_MD *digest = hash == 32 ? thread->sha256 : thread->sha384;
    thread->next = (thread->next + 1) % TRUNKLINE_SCHEDULE_KEYS;
    OPENSSL_cleanse(key->bytes, key->count);
    int begun = key->begun == hash;
    key->hash = key->begun = 0;
    if (!trunkline_schedule_pad(key->inner, begun, digest, bytes, count, 0x36)
        || !trunkline_schedule_pad(key->outer, begun, digest, bytes, count, 0x5c))
        return NULL;
    memcpy(key->bytes, bytes, count);
    key->count = count;
    key->hash = hash;
    return key;
}

static inline int trunkline_schedule_half(
    EVP_MD_CTX *running, const EVP_MD_CTX *begun, const unsigned char *data, size_t count, unsigned char *into) {
    return EVP_MD_CTX_copy_ex(running, begun) == 1 && EVP_DigestUpdate(running, data, count) == 1
        && EVP_DigestFinal_ex(running, into, NULL) == 1;
}

/// HMAC (RFC 2104) of as many bytes as the hash has.
static inline int trunkline_schedule_hmac(
    struct trunkline_schedule_thread *thread, size_t hash, const unsigned char *secret, size_t secret_count,
    const unsigned char *data, size_t count, unsigned char *into) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct trunkline_schedule_key *key = trunkline_schedule_keyed(thread, hash, secret, secret_count);
    int succeeded = key && trunkline_schedule_half(thread->running, key->inner, data, count, digest)
        && trunkline_schedule_half(thread->running, key->outer, digest, hash, into);
    OPENSSL_cleanse(digest, hash);
    return succeeded;
}

/// HKDF-Expand of an HkdfLabel.
static inline int trunkline_schedule_expand(
    struct trunkline_schedule_thread *thread, size_t hash, const unsigned char *secret, size_t secret_count,
    const struct trunkline_derivation *d, const unsigned char *data, size_t data_count, unsigned char *into,
    size_t count) {
    // The block before, HkdfLabel, and the number of the block.
    unsigned char message[EVP_MAX_MD_SIZE + 4 + 3 * TRUNKLINE_SCHEDULE_FIELD + 1];
    unsigned char *label = message + hash;
    size_t at = 0;
    if (count > 255 * hash || data_count > TRUNKLINE_SCHEDULE_FIELD) return 0;
    label[at++] = (unsigned char)(count >> 8);
    label[at++] = (unsigned char)count;
    label[at++] = (unsigned char)(d->prefix.count + d->label.count);
    memcpy(label + at, d->prefix.bytes, d->prefix.count);
    at += d->prefix.count;
    memcpy(label + at, d->label.bytes, d->label.count);
    at += d->label.count;
    label[at++] = (unsigned char)data_count;
    if (data_count > 0) memcpy(label + at, data, data_count);
    at += data_count;
    size_t done = 0;
    int succeeded = 1;
    for (int block = 1; done < count && succeeded; block++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        label[at] = (unsigned char)block;
        const unsigned char *from = block == 1 ? label : message;
        size_t length = at + 1 + (block == 1 ? 0 : hash);
        succeeded = trunkline_schedule_hmac(thread, hash, secret, secret_count, from, length, digest);
        size_t part = count - done < hash ? count - done : hash;
        if (succeeded) memcpy(into + done, digest, part);
        memcpy(message, digest, hash);
        OPENSSL_cleanse(digest, sizeof(digest));
        done += part;
    }
    OPENSSL_cleanse(message, hash);
    return succeeded;
}

/// HKDF-Extract, with the secret before it led on by "derived" over the hash of nothing.
static inline int trunkline_schedule_extract(
    struct trunkline_schedule_thread *thread, const struct trunkline_derivation *d, unsigned char *into,
    size_t count) {
    static const unsigned char zeros[EVP_MAX_MD_SIZE];
    unsigned char salt[EVP_MAX_MD_SIZE] = {0};
    size_t hash = d->hash;
    if (count != hash) return 0;
    if (d->salt.count > 0) {
        const unsigned char *empty = hash == 32 ? thread->empty256 : thread->empty384;
        if (!trunkline_schedule_expand(thread, hash, d->salt.bytes, d->salt.count, d, empty, hash, salt, hash))
            return 0;
    }
    int succeeded = d->key.count > 0
        ? trunkline_schedule_hmac(thread, hash, salt, hash, d->key.bytes, d->key.count, into)
        : trunkline_schedule_hmac(thread, hash, salt, hash, zeros, hash, into);
    OPENSSL_cleanse(salt, sizeof(salt));
    return succeeded;
}

static inline int trunkline_derivation_is(const struct trunkline_derivation *d, const char *label, size_t count) {
    return d->label.count == count && memcmp(d->label.bytes, label, count) == 0;
}
static inline void trunkline_secret_told(
    struct trunkline_secret *told, const struct trunkline_derivation *d, const unsigned char *bytes, size_t count) {
    if (told->count != d->key.count || memcmp(told->secret, d->key.bytes, told->count) != 0) return;
    if (trunkline_derivation_is(d, "key", 3) && count <= sizeof(told->key)) {
        memcpy(told->key, bytes, count);
        told->key_count = count;
    } else if (trunkline_derivation_is(d, "iv", 2) && count == sizeof(told->iv)) {
        memcpy(told->iv, bytes, count);
        told->iv_count = count;
    }
}
static inline void trunkline_schedule_told(
    struct trunkline_secrets *told, const struct trunkline_derivation *d, const unsigned char *bytes, size_t count) {
    struct trunkline_secret *made = NULL;
    if (trunkline_derivation_is(d, "c ap traffic", 12)) made = &told->client;
    else if (trunkline_derivation_is(d, "s ap traffic", 12)) made = &told->server;
    if (made && count <= sizeof(made->secret)) {
        memcpy(made->secret, bytes, count);
        made->count = count;
    } else if (!made) {
        trunkline_secret_told(&told->client, d, bytes, count);
        trunkline_secret_told(&told->server, d, bytes, count);
    }
}

static inline int trunkline_schedule_take(struct trunkline_schedule_field *field, const OSSL_PARAM *parameter) {
    if (parameter->data_type != OSSL_PARAM_OCTET_STRING || parameter->data_size > sizeof(field->bytes)) return 0;
    if (parameter->data_size > 0) memcpy(field->bytes, parameter->data, parameter->data_size);
    field->count = parameter->data_size;
    return 1;
}

static inline int trunkline_schedule_take_digest(struct trunkline_derivation *d, const OSSL_PARAM *parameter) {
    const char *name = NULL;
    if (OSSL_PARAM_get_utf8_string_ptr(parameter, &name) != 1 || !name) return 0;
    if (!strcmp(name, "SHA2-256") || !strcmp(name, "SHA256") || !strcmp(name, "SHA-256")) d->hash = 32;
    else if (!strcmp(name, "SHA2-384") || !strcmp(name, "SHA384") || !strcmp(name, "SHA-384")) d->hash = 48;
    else return 0;
    return 1;
}

static inline int trunkline_derivation_set(void *pointer, const OSSL_PARAM parameters[]) {
    struct trunkline_derivation *d = (struct trunkline_derivation *)pointer;
    if (!parameters) return 1;
    d->data.count = 0;
    int valid = 1;
    for (const OSSL_PARAM *p = parameters; p->key && valid; p++) {
        if (!strcmp(p->key, OSSL_KDF_PARAM_MODE)) valid = OSSL_PARAM_get_int(p, &d->mode);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST)) valid = trunkline_schedule_take_digest(d, p);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_KEY)) valid = trunkline_schedule_take(&d->key, p);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_SALT)) valid = trunkline_schedule_take(&d->salt, p);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_PREFIX)) valid = trunkline_schedule_take(&d->prefix, p);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_LABEL)) valid = trunkline_schedule_take(&d->label, p);
        else if (!strcmp(p->key, OSSL_KDF_PARAM_DATA)) valid = trunkline_schedule_take(&d->data, p);
    }
    return valid;
}

static inline int trunkline_derivation_run(
    struct trunkline_schedule_thread *thread, struct trunkline_derivation *d, unsigned char *into, size_t count) {
    if (d->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) return trunkline_schedule_extract(thread, d, into, count);
    if (d->mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || d->key.count == 0
        || !trunkline_schedule_expand(
            thread, d->hash, d->key.bytes, d->key.count, d, d->data.bytes, d->data.count, into, count))
        return 0;
    if (thread->told) trunkline_schedule_told(thread->told, d, into, count);
    return 1;
}

static inline int trunkline_derivation_derive(
    void *pointer, unsigned char *into, size_t count, const OSSL_PARAM parameters[]) {
    struct trunkline_derivation *d = (struct trunkline_derivation *)pointer;
    struct trunkline_schedule_thread *thread = trunkline_schedule_here(d->schedule);
    if (!trunkline_derivation_set(d, parameters) || d->hash == 0 || !thread) return 0;
    int succeeded = trunkline_derivation_run(thread, d, into, count);
    // Whoever runs a step of a handshake says when its keys are to go; others don't.
    if (!thread->told) trunkline_schedule_forget(thread);
    return succeeded;
}

static inline void *trunkline_derivation_new(void *provider) {
    struct trunkline_derivation *d = (struct trunkline_derivation *)OPENSSL_zalloc(sizeof(*d));
    if (d) d->schedule = (struct trunkline_schedule *)provider;
    return d;
}
static inline void trunkline_derivation_free(void *pointer) {
    OPENSSL_clear_free(pointer, sizeof(struct trunkline_derivation));
}
static inline void trunkline_derivation_reset(void *pointer) {
    struct trunkline_derivation *d = (struct trunkline_derivation *)pointer;
    struct trunkline_schedule *schedule = d->schedule;
    OPENSSL_cleanse(d, sizeof(*d));
    d->schedule = schedule;
}
static inline const OSSL_PARAM *trunkline_derivation_settable(void *context, void *provider) {
    static const OSSL_PARAM settable[] = {
        OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL), OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0), OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0), OSSL_PARAM_END};
    (void)context, (void)provider;
    return settable;
}

static inline const OSSL_ALGORITHM *trunkline_schedule_query(void *provider, int operation, int *uncached) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))trunkline_derivation_new},
        {OSSL_FUNC_KDF_FREECTX, (void (*)(void))trunkline_derivation_free},
        {OSSL_FUNC_KDF_RESET, (void (*)(void))trunkline_derivation_reset},
        {OSSL_FUNC_KDF_DERIVE, (void (*)(void))trunkline_derivation_derive},
        {OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))trunkline_derivation_settable},
        {OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))trunkline_derivation_set},
        {0, NULL}};
    static const OSSL_ALGORITHM algorithms[] = {
        {OSSL_KDF_NAME_TLS1_3_KDF, "provider=trunkline", functions, "TLS 1.3's key schedule"},
        {NULL, NULL, NULL, NULL}};
    (void)provider;
    *uncached = 0;
    return operation == OSSL_OP_KDF ? algorithms : NULL;
}

static inline void trunkline_schedule_teardown(void *pointer) {
    struct trunkline_schedule *schedule = (struct trunkline_schedule *)pointer;
    CRYPTO_THREAD_cleanup_local(&schedule->threads);
    OPENSSL_free(schedule);
}

static inline int trunkline_schedule_init(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider) {
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))trunkline_schedule_teardown},
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))trunkline_schedule_query},
        {0, NULL}};
    (void)handle, (void)in;
    struct trunkline_schedule *schedule = (struct trunkline_schedule *)OPENSSL_zalloc(sizeof(*schedule));
    if (!schedule) return 0;
    if (CRYPTO_THREAD_init_local(&schedule->threads, trunkline_schedule_thread_free) != 1) {
        OPENSSL_free(schedule);
        return 0;
    }
    *provider = schedule;
    *out = functions;
    return 1;
}

/// Once a process: makes the provider known. NULL where OpenSSL does not take it; then its own key schedule stays.
static inline struct trunkline_schedule *trunkline_schedule_load(void) {
    OSSL_PROVIDER *provider = NULL;
    // The providers that are loaded where a program asks for none stay so.
    if (OSSL_PROVIDER_add_builtin(NULL, "trunkline", trunkline_schedule_init) == 1)
        provider = OSSL_PROVIDER_try_load(NULL, "trunkline", 1);
    return provider ? (struct trunkline_schedule *)OSSL_PROVIDER_get0_provider_ctx(provider) : NULL;
}

/// A context whose key schedule is ours, where it is loaded; all else is as by default.
static inline SSL_CTX *trunkline_ctx_new_server(int scheduled) {
    return SSL_CTX_new_ex(NULL, scheduled ? "?provider=trunkline" : NULL, TLS_server_method());
}

/// One derivation by TLS13-KDF, by whichever provider the properties name.
static inline int trunkline_schedule_derive(
    const char *properties, const char *digest, int mode, const unsigned char *key, size_t key_count,
    const unsigned char *salt, size_t salt_count, const char *label, const unsigned char *data, size_t data_count,
    unsigned char *into, size_t count) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, properties);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    EVP_KDF_free(kdf);
    OSSL_PARAM parameters[8], *p = parameters;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
    if (key) *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_count);
    if (salt) *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)label, strlen(label));
    if (data) *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, (void *)data, data_count);
    *p = OSSL_PARAM_construct_end();
    int result = context && EVP_KDF_derive(context, into, count, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return result;
}

#endif
