#ifndef TRUNKLINE_COPENSSL_SHIM_H
#define TRUNKLINE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
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
/// Nearly always there is nothing to clear, and then ERR_clear_error would wipe the whole empty queue.
static inline void trunkline_clear_errors(void) {
    if (ERR_peek_error() != 0) ERR_clear_error();
}
static inline const char *trunkline_alert_name(int code) { return SSL_alert_desc_string_long(code); }
static inline EVP_PKEY *trunkline_generate_p256(void) { return EVP_EC_gen("P-256"); }

// PEM. OpenSSL reads it through an object that keeps the text's address: it is made and freed here, within the time that
// the caller's text stands still.

/// The first certificate of a PEM text; NULL where it can't be read.
static inline X509 *trunkline_read_certificate(const unsigned char *pem, int count) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}
static inline int trunkline_no_passphrase(char *into, int count, int writing, void *context) {
    (void)into, (void)count, (void)writing, (void)context;
    return 0;
}
/// The first private key of a PEM text; NULL where it can't be read, or only with a passphrase: nobody is asked for one.
static inline EVP_PKEY *trunkline_read_key(const unsigned char *pem, int count) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, trunkline_no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return key;
}

// Clients' certificates.

static inline void trunkline_ctx_verify_clients(SSL_CTX *ctx, int required) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
}
/// Has certificates checked against the lists of a PEM text, those of the authorities too. Returns how many there are; -1
/// where it holds something else, -2 where one is signed by none of the authorities. `seconds`: until the first of them
/// should be replaced.
static inline int trunkline_ctx_add_revocations(
    SSL_CTX *ctx, const unsigned char *pem, int count, long long *seconds) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    if (!bio) return -1;
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    int lists = 0;
    X509_CRL *list;
    while (lists >= 0 && (list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        X509_OBJECT *found = X509_OBJECT_retrieve_by_subject(
            X509_STORE_get0_objects(store), X509_LU_X509, X509_CRL_get_issuer(list));
        X509 *issuer = found ? X509_OBJECT_get0_X509(found) : NULL;
        EVP_PKEY *key = issuer ? X509_get0_pubkey(issuer) : NULL;
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
        int days = 0, rest = 0;
        if (next && ASN1_TIME_diff(&days, &rest, NULL, next) == 1) {
            long long left = (long long)days * 86400 + rest;
            if (left < *seconds) *seconds = left;
        }
        if (!key || X509_CRL_verify(list, key) != 1) lists = -2;
        else lists = X509_STORE_add_crl(store, list) == 1 ? lists + 1 : -1;
        X509_CRL_free(list);
    }
    BIO_free(bio);
    // The end of the text is an error to the reader; any other is one.
    if (lists >= 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) lists = -1;
    ERR_clear_error();
    if (lists > 0) X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return lists;
}
static inline SSL_TICKET_RETURN trunkline_check_ticket(
    SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t count, SSL_TICKET_STATUS status, void *owner) {
    (void)ssl, (void)name, (void)count, (void)owner;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
    X509 *peer = SSL_SESSION_get0_peer(session);
    if (peer && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0) return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}
/// A ticket carries the certificate that was verified when it was made: it opens nothing once that has expired.
static inline void trunkline_ctx_check_tickets(SSL_CTX *ctx) {
    SSL_CTX_set_session_ticket_cb(ctx, NULL, trunkline_check_ticket, NULL);
}
static inline int trunkline_sha256(const unsigned char *bytes, size_t count, unsigned char *digest) {
    unsigned int length = 0;
    return EVP_Digest(bytes, count, digest, &length, EVP_sha256(), NULL) && length == 32;
}
/// The subject as RFC 2253 writes it, in UTF-8. Returns its length, or -1 when it doesn't fit.
static inline int trunkline_name(const X509_NAME *name, char *into, int room) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio) return -1;
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    int count = BIO_read(bio, into, room);
    int left = (int)BIO_ctrl_pending(bio);
    BIO_free(bio);
    return left > 0 || count < 0 ? -1 : count;
}
static inline int trunkline_subject(const X509 *certificate, char *into, int room) {
    return trunkline_name(X509_get_subject_name(certificate), into, room);
}
static inline int trunkline_issuer(const X509 *certificate, char *into, int room) {
    return trunkline_name(X509_get_issuer_name(certificate), into, room);
}
// The first DNS name that a certificate is for; 0 bytes when it has none.
static inline int trunkline_first_host(const X509 *certificate, char *into, int room) {
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        int size = ASN1_STRING_length(name->d.dNSName);
        if (size > 0 && size <= room) {
            memcpy(into, ASN1_STRING_get0_data(name->d.dNSName), (size_t)size);
            count = size;
        }
        break;
    }
    GENERAL_NAMES_free(names);
    return count;
}

/// A DNS name of a certificate's subject alternative names, by its number among all of them. Returns its length; 0 when
/// that one is no DNS name or doesn't fit, -1 when there are no more.
static inline int trunkline_dns_name(const X509 *certificate, int number, char *into, int room) {
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int length = names && number < sk_GENERAL_NAME_num(names) ? 0 : -1;
    if (length == 0) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, number);
        if (name->type == GEN_DNS && ASN1_STRING_length(name->d.dNSName) <= room) {
            length = ASN1_STRING_length(name->d.dNSName);
            memcpy(into, ASN1_STRING_get0_data(name->d.dNSName), (size_t)length);
        }
    }
    GENERAL_NAMES_free(names);
    return length;
}

// Session tickets under keys of our own (RFC 5077, 4): AES-256-CBC and HMAC-SHA256.

typedef int (*trunkline_ticket_callback)(
    SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int);

static inline void trunkline_ctx_on_ticket(SSL_CTX *ctx, trunkline_ticket_callback callback, void *owner) {
    SSL_CTX_set_app_data(ctx, owner);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, callback);
}
static inline void *trunkline_ticket_owner(SSL *ssl) { return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)); }
static inline int trunkline_ticket_start(
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *cipher_key, const unsigned char *mac_key,
    unsigned char *iv, int encrypting) {
    if (encrypting && RAND_bytes(iv, 16) != 1) return 0;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)mac_key, 32),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0), OSSL_PARAM_construct_end()};
    // Fetched once a process: OpenSSL would look for it at each ticket.
    static EVP_CIPHER *aes_256_cbc;
    EVP_CIPHER *sealing = __atomic_load_n(&aes_256_cbc, __ATOMIC_ACQUIRE);
    if (!sealing) {
        EVP_CIPHER *none = NULL, *fetched = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
        if (!fetched) return 0;
        if (__atomic_compare_exchange_n(&aes_256_cbc, &none, fetched, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            sealing = fetched;
        else
            EVP_CIPHER_free(fetched), sealing = none;
    }
    return EVP_MAC_CTX_set_params(mac, parameters) == 1
        && EVP_CipherInit_ex(cipher, sealing, NULL, cipher_key, iv, encrypting) == 1;
}

// Stapled OCSP responses (RFC 6066, 8; RFC 6960).

enum { TRUNKLINE_STAPLE_GOOD, TRUNKLINE_STAPLE_NONE, TRUNKLINE_STAPLE_OTHER, TRUNKLINE_STAPLE_EXPIRED };

/// Whether bytes are a successful response that speaks of a certificate and is valid now.
static inline int trunkline_check_staple(const unsigned char *bytes, long count, const X509 *leaf) {
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &bytes, count);
    OCSP_BASICRESP *basic = NULL;
    int result = TRUNKLINE_STAPLE_NONE;
    if (response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(response);
    if (basic) {
        result = TRUNKLINE_STAPLE_OTHER;
        for (int i = 0; i < OCSP_resp_count(basic); i++) {
            OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
            ASN1_INTEGER *serial = NULL;
            ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
            OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
            if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) != 0) continue;
            OCSP_single_get0_status(single, NULL, NULL, &from, &until);
            result = OCSP_check_validity(from, until, 300, -1) == 1 ? TRUNKLINE_STAPLE_GOOD : TRUNKLINE_STAPLE_EXPIRED;
        }
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return result;
}
static inline void trunkline_ctx_on_status(SSL_CTX *ctx, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(ctx, callback);
    SSL_CTX_set_tlsext_status_arg(ctx, argument);
}
/// Gives a session its own copy, which OpenSSL frees.
static inline int trunkline_staple(SSL *ssl, const unsigned char *bytes, size_t count) {
    unsigned char *copy = (unsigned char *)OPENSSL_memdup(bytes, count);
    if (!copy) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)count);
    return SSL_TLSEXT_ERR_OK;
}

// A BIO that moves bytes between OpenSSL and memory the caller lends for one call: no socket, no buffer of its own.
// One serves all sessions of a thread, since a thread is inside one OpenSSL call at a time.

struct trunkline_wire {
    unsigned char *input;  // ciphertext that came and was not read yet; may be decrypted where it stands
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

static inline int trunkline_wire_reserve(struct trunkline_wire *wire, size_t count) {
    if (wire->output_capacity - wire->output_count >= count) return 1;
    size_t wanted = wire->output_count + count + 65536;
    unsigned char *larger = (unsigned char *)realloc(wire->output, wanted);
    if (!larger) return 0;
    wire->output = larger;
    wire->output_capacity = wanted;
    return 1;
}

static inline int trunkline_wire_write(BIO *bio, const char *from, int count) {
    struct trunkline_wire *wire = (struct trunkline_wire *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!trunkline_wire_reserve(wire, (size_t)count)) return -1;
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
// The object belongs to no thread until it is attached again.
static inline void trunkline_detach_wire(SSL *ssl) {
    SSL_set0_rbio(ssl, NULL);
    SSL_set0_wbio(ssl, NULL);
}

// Records of TLS 1.3 (RFC 8446, 5.2). Both work in place or into other memory, and keep the key that the context has.

enum { TRUNKLINE_TAG = 16, TRUNKLINE_RECORD_HEADER = 5, TRUNKLINE_NONCE = 12 };

/// A key for what follows; with a cipher, all that the context was for is forgotten.
///
/// @param quick the cipher takes a nonce as a parameter: see trunkline_aead_is_quick.
static inline int trunkline_aead_key(
    EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const unsigned char *key, int sealing, int quick) {
    if (EVP_CipherInit_ex(context, cipher, NULL, key, NULL, sealing) != 1) return 0;
    if (cipher) EVP_CIPHER_CTX_set_app_data(context, quick ? context : NULL);
    return 1;
}

/// A nonce whole, as the parameter that says so by a size of -1.
static inline OSSL_PARAM trunkline_aead_nonce(const unsigned char *nonce) {
    OSSL_PARAM parameter = {
        OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, OSSL_PARAM_OCTET_STRING, (void *)nonce, (size_t)-1,
        OSSL_PARAM_UNMODIFIED};
    return parameter;
}
static inline OSSL_PARAM trunkline_aead_tag(unsigned char *tag) {
    OSSL_PARAM parameter = {
        OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, tag, TRUNKLINE_TAG, OSSL_PARAM_UNMODIFIED};
    return parameter;
}

/// The nonce of the next record, and where one is opened its tag.
///
/// The usual way asks the cipher for the size of its nonce each time: OpenSSL 3.0 takes longer for that than to encrypt
/// a small record.
static inline int trunkline_aead_begin(EVP_CIPHER_CTX *context, const unsigned char *nonce, unsigned char *tag) {
    OSSL_PARAM parameters[3], *next = parameters;
    if (EVP_CIPHER_CTX_get_app_data(context)) *next++ = trunkline_aead_nonce(nonce);
    else if (EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, -1) != 1) return 0;
    if (tag) *next++ = trunkline_aead_tag(tag);
    *next = OSSL_PARAM_construct_end();
    return next == parameters || EVP_CIPHER_CTX_set_params(context, parameters) == 1;
}

/// Writes the ciphertext of the plaintext and of its type, and the tag: `count` + 17 bytes.
static inline int trunkline_aead_seal(
    EVP_CIPHER_CTX *context, const unsigned char *nonce, const unsigned char *header, const unsigned char *plaintext,
    int count, unsigned char type, unsigned char *into) {
    int written = 0;
    if (!trunkline_aead_begin(context, nonce, NULL)
        || EVP_EncryptUpdate(context, NULL, &written, header, TRUNKLINE_RECORD_HEADER) != 1)
        return 0;
    if (count <= 1024) {
        // A copy of so little is cheaper than a second call.
        if (count > 0) memcpy(into, plaintext, (size_t)count);
        into[count] = type;
        if (EVP_EncryptUpdate(context, into, &written, into, count + 1) != 1) return 0;
    } else if (EVP_EncryptUpdate(context, into, &written, plaintext, count) != 1
        || EVP_EncryptUpdate(context, into + count, &written, &type, 1) != 1) {
        return 0;
    }
    OSSL_PARAM parameters[2] = {trunkline_aead_tag(into + count + 1), OSSL_PARAM_construct_end()};
    return EVP_EncryptFinal_ex(context, into + count + 1, &written) == 1
        && EVP_CIPHER_CTX_get_params(context, parameters) == 1;
}

/// Decrypts `count` bytes into where they stand or into other memory; the tag follows them.
static inline int trunkline_aead_open(
    EVP_CIPHER_CTX *context, const unsigned char *nonce, const unsigned char *header, unsigned char *bytes, int count,
    unsigned char *into) {
    int written = 0;
    return trunkline_aead_begin(context, nonce, bytes + count)
        && EVP_DecryptUpdate(context, NULL, &written, header, TRUNKLINE_RECORD_HEADER) == 1
        && EVP_DecryptUpdate(context, into, &written, bytes, count) == 1
        && EVP_DecryptFinal_ex(context, into + count, &written) == 1;
}

/// Whether the cipher takes a whole nonce as a parameter, and makes with it what it makes with one that comes the usual
/// way. AES-GCM of OpenSSL's own does. Tried, since a provider that passes over what it doesn't know would use a nonce twice.
static inline int trunkline_aead_is_quick(const EVP_CIPHER *cipher) {
    static const unsigned char key[32] = {1}, header[TRUNKLINE_RECORD_HEADER] = {23, 3, 3, 0, 18};
    unsigned char nonce[TRUNKLINE_NONCE] = {2}, record[2][1 + 1 + TRUNKLINE_TAG];
    EVP_CIPHER_CTX *usual = EVP_CIPHER_CTX_new(), *quick = EVP_CIPHER_CTX_new();
    int same = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE && usual && quick
        && trunkline_aead_key(usual, cipher, key, 1, 0) && trunkline_aead_key(quick, cipher, key, 1, 1);
    for (int i = 0; i < 3 && same; i++) {
        nonce[TRUNKLINE_NONCE - 1 - i] ^= 3;
        same = trunkline_aead_seal(usual, nonce, header, key, 1, 23, record[0])
            && trunkline_aead_seal(quick, nonce, header, key, 1, 23, record[1])
            && memcmp(record[0], record[1], sizeof(record[0])) == 0;
    }
    EVP_CIPHER_CTX_free(usual);
    EVP_CIPHER_CTX_free(quick);
    ERR_clear_error();
    return same;
}

/// A context for HMAC with a digest, which is keyed anew for each use.
static inline EVP_MAC_CTX *trunkline_hmac_new(const char *digest) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!mac) return NULL;
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0), OSSL_PARAM_construct_end()};
    if (context && EVP_MAC_CTX_set_params(context, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}
static inline int trunkline_hmac(
    EVP_MAC_CTX *context, const unsigned char *key, size_t key_count, const unsigned char *data, size_t count,
    unsigned char *into, size_t room) {
    size_t written = 0;
    return EVP_MAC_init(context, key, key_count, NULL) == 1 && EVP_MAC_update(context, data, count) == 1
        && EVP_MAC_final(context, into, &written, room) == 1;
}

/// Has each secret of a handshake told as a line of the key log format, and finds whose it is.
static inline void trunkline_ctx_on_secret(SSL_CTX *ctx, void (*callback)(const SSL *, const char *)) {
    SSL_CTX_set_keylog_callback(ctx, callback);
}
static inline void trunkline_set_owner(SSL *ssl, void *owner) { SSL_set_app_data(ssl, owner); }
static inline void *trunkline_owner(const SSL *ssl) { return SSL_get_app_data(ssl); }

#include "key_schedule.h"

#endif
