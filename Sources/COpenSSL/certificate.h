#ifndef TRUNKLINE_COPENSSL_CERTIFICATE_H
#define TRUNKLINE_COPENSSL_CERTIFICATE_H

#include "shim.h"

// What a certificate says of itself, for those who renew it. Those that write return how many bytes, or -1.

/// Seconds since 1970.
static inline long long trunkline_epoch(const ASN1_TIME *time) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    long long result = 0;
    if (epoch && time && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) result = (long long)days * 86400 + seconds;
    ASN1_TIME_free(epoch);
    return result;
}
static inline int trunkline_take(unsigned char *from, int count, unsigned char *into, int room) {
    int fits = from && count > 0 && count <= room;
    if (fits) memcpy(into, from, (size_t)count);
    OPENSSL_free(from);
    return fits ? count : -1;
}
static inline int trunkline_certificate_der(const X509 *certificate, unsigned char *into, int room) {
    unsigned char *out = NULL;
    int count = i2d_X509((X509 *)certificate, &out);
    return trunkline_take(out, count, into, room);
}
static inline X509 *trunkline_certificate_from_der(const unsigned char *bytes, long count) {
    return d2i_X509(NULL, &bytes, count);
}
/// The content of the serial number's DER form, which has a zero in front where the number would look negative.
static inline int trunkline_serial(const X509 *certificate, unsigned char *into, int room) {
    unsigned char *out = NULL;
    int count = i2d_ASN1_INTEGER((ASN1_INTEGER *)X509_get0_serialNumber(certificate), &out);
    if (count > 2) memmove(out, out + 2, (size_t)(count - 2));
    return trunkline_take(out, count - 2, into, room);
}
static inline int trunkline_authority_key(const X509 *certificate, unsigned char *into, int room) {
    const ASN1_OCTET_STRING *key = X509_get0_authority_key_id((X509 *)certificate);
    int count = key ? ASN1_STRING_length(key) : 0;
    if (count <= 0 || count > room) return -1;
    memcpy(into, ASN1_STRING_get0_data(key), (size_t)count);
    return count;
}
/// The first OCSP responder that it names.
static inline int trunkline_responder(const X509 *certificate, unsigned char *into, int room) {
    STACK_OF(OPENSSL_STRING) *list = X509_get1_ocsp((X509 *)certificate);
    int count = -1;
    if (list && sk_OPENSSL_STRING_num(list) > 0) {
        const char *url = sk_OPENSSL_STRING_value(list, 0);
        int length = (int)strlen(url);
        if (length <= room) {
            memcpy(into, url, (size_t)length);
            count = length;
        }
    }
    X509_email_free(list);
    return count;
}
/// RFC 7633: it asks clients to refuse it without an OCSP response.
static inline int trunkline_must_staple(const X509 *certificate) {
    TLS_FEATURE *features = (TLS_FEATURE *)X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    int found = 0;
    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features); i++)
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == 5) found = 1;
    TLS_FEATURE_free(features);
    return found;
}

// OCSP (RFC 6960).

/// A question about a certificate, without a nonce: responders' answers are made beforehand.
static inline int trunkline_ocsp_request(
    const X509 *certificate, const X509 *issuer, unsigned char *into, int room) {
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);
    unsigned char *out = NULL;
    int count = -1;
    if (request && id && OCSP_request_add0_id(request, id)) {
        id = NULL;
        count = i2d_OCSP_REQUEST(request, &out);
    }
    OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    return trunkline_take(out, count, into, room);
}

enum {
    TRUNKLINE_OCSP_GOOD, TRUNKLINE_OCSP_REVOKED, TRUNKLINE_OCSP_UNKNOWN, TRUNKLINE_OCSP_NONE, TRUNKLINE_OCSP_OTHER,
    TRUNKLINE_OCSP_UNSIGNED, TRUNKLINE_OCSP_EXPIRED
};

/// What an answer says of a certificate, its signature checked against the issuer. `from` and `until` in seconds since
/// 1970; `until` is 0 where it names no end.
static inline int trunkline_ocsp_verdict(
    const unsigned char *bytes, long count, const X509 *certificate, X509 *issuer, long long *from, long long *until) {
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &bytes, count);
    OCSP_BASICRESP *basic = NULL;
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    int result = TRUNKLINE_OCSP_NONE, status = 0;
    ASN1_GENERALIZEDTIME *this = NULL, *next = NULL;
    if (response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(response);
    if (basic && id && store && chain && sk_X509_push(chain, issuer) > 0) {
        X509_STORE_add_cert(store, issuer);
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        if (OCSP_basic_verify(basic, chain, store, OCSP_TRUSTOTHER) != 1) result = TRUNKLINE_OCSP_UNSIGNED;
        else if (OCSP_resp_find_status(basic, id, &status, NULL, NULL, &this, &next) != 1) result = TRUNKLINE_OCSP_OTHER;
        else if (OCSP_check_validity(this, next, 300, -1) != 1) result = TRUNKLINE_OCSP_EXPIRED;
        else
            result = status == V_OCSP_CERTSTATUS_GOOD ? TRUNKLINE_OCSP_GOOD
                : status == V_OCSP_CERTSTATUS_REVOKED ? TRUNKLINE_OCSP_REVOKED : TRUNKLINE_OCSP_UNKNOWN;
        *from = this ? trunkline_epoch(this) : 0;
        *until = next ? trunkline_epoch(next) : 0;
    }
    sk_X509_free(chain);
    X509_STORE_free(store);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return result;
}

// TLS-ALPN-01 (RFC 8737).

/// Has a function look at each ClientHello before anything is chosen by it.
static inline void trunkline_ctx_on_hello(SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_client_hello_cb(ctx, callback, argument);
}
/// Whether a ClientHello offers `acme-tls/1` and nothing else. Within that function only.
static inline int trunkline_hello_is_challenge(SSL *ssl) {
    static const unsigned char wanted[] = {0, 11, 10, 'a', 'c', 'm', 'e', '-', 't', 'l', 's', '/', '1'};
    const unsigned char *list = NULL;
    size_t count = 0;
    return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &list, &count) == 1
        && count == sizeof wanted && memcmp(list, wanted, count) == 0;
}
/// The server name that a ClientHello asks for. Within that function only. Returns its length, or -1.
static inline int trunkline_hello_name(SSL *ssl, char *into, int room) {
    const unsigned char *bytes = NULL;
    size_t count = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &count) != 1 || count < 5) return -1;
    size_t list = (size_t)bytes[0] << 8 | bytes[1], length = (size_t)bytes[3] << 8 | bytes[4];
    if (list + 2 != count || bytes[2] != 0 || length + 5 != count || length == 0 || length > (size_t)room) return -1;
    memcpy(into, bytes + 5, length);
    return (int)length;
}
static inline int trunkline_choose_challenge(
    SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in, unsigned count, void *owner) {
    (void)ssl, (void)in, (void)count, (void)owner;
    *out = (const unsigned char *)"acme-tls/1";
    *length = 10;
    return SSL_TLSEXT_ERR_OK;
}
static inline uint64_t trunkline_no_ticket(void) { return SSL_OP_NO_TICKET; }
static inline void trunkline_ctx_answer_challenge(SSL_CTX *ctx) {
    SSL_CTX_set_alpn_select_cb(ctx, trunkline_choose_challenge, NULL);
}

#endif
