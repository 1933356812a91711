#ifndef TRUNKLINE_COPENSSL_ACME_H
#define TRUNKLINE_COPENSSL_ACME_H

#include <openssl/hmac.h>
#include "shim.h"

// Keys, requests and certificates for ACME (RFC 8555). Those that write return how many bytes, or -1.

static inline EVP_PKEY *trunkline_generate_key(int kind) {
    switch (kind) {
    case 0: return EVP_EC_gen("P-256");
    case 1: return EVP_EC_gen("P-384");
    case 2: return EVP_RSA_gen(2048);
    default: return EVP_RSA_gen(4096);
    }
}
/// What a memory BIO has gathered; frees it.
static inline int trunkline_take_bio(BIO *bio, int isWhole, unsigned char *into, int room) {
    int count = isWhole && bio && BIO_ctrl_pending(bio) <= (size_t)room ? BIO_read(bio, into, room) : -1;
    BIO_free(bio);
    return count;
}
static inline int trunkline_key_pem(EVP_PKEY *key, unsigned char *into, int room) {
    BIO *bio = BIO_new(BIO_s_mem());
    int done = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    return trunkline_take_bio(bio, done, into, room);
}
/// Bytes of a coordinate of an elliptic curve's point; 0 for other keys.
static inline int trunkline_coordinate_size(const EVP_PKEY *key) {
    return EVP_PKEY_is_a(key, "EC") ? (EVP_PKEY_get_bits(key) + 7) / 8 : 0;
}
static inline int trunkline_ec_point(const EVP_PKEY *key, unsigned char *into, int size) {
    BIGNUM *x = NULL, *y = NULL;
    int done = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1
        && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1
        && BN_bn2binpad(x, into, size) == size && BN_bn2binpad(y, into + size, size) == size;
    BN_free(x);
    BN_free(y);
    return done ? 2 * size : -1;
}
static inline int trunkline_rsa_number(const EVP_PKEY *key, int modulus, unsigned char *into, int room) {
    BIGNUM *number = NULL;
    int count = -1;
    if (EVP_PKEY_get_bn_param(key, modulus ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_RSA_E, &number) == 1
        && BN_num_bytes(number) <= room)
        count = BN_bn2bin(number, into);
    BN_free(number);
    return count;
}
/// JOSE's form of a signature: for curves two numbers of `size` bytes each (RFC 7518, 3.4).
static inline int trunkline_jose_sign(
    EVP_PKEY *key, const unsigned char *bytes, size_t count, int size, unsigned char *into, int room) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char raw[1024];
    size_t written = sizeof raw;
    int result = -1;
    if (context
        && EVP_DigestSignInit(context, NULL, size == 48 ? EVP_sha384() : EVP_sha256(), NULL, key) == 1
        && EVP_DigestSign(context, raw, &written, bytes, count) == 1) {
        if (size == 0 && (int)written <= room) {
            memcpy(into, raw, written);
            result = (int)written;
        } else if (size > 0) {
            const unsigned char *start = raw;
            ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &start, (long)written);
            if (signature && 2 * size <= room && BN_bn2binpad(ECDSA_SIG_get0_r(signature), into, size) == size
                && BN_bn2binpad(ECDSA_SIG_get0_s(signature), into + size, size) == size)
                result = 2 * size;
            ECDSA_SIG_free(signature);
        }
    }
    EVP_MD_CTX_free(context);
    return result;
}
static inline int trunkline_hmac_sha256(
    const unsigned char *key, int key_count, const unsigned char *bytes, size_t count, unsigned char *into) {
    unsigned int length = 0;
    return HMAC(EVP_sha256(), key, key_count, bytes, count, into, &length) && length == 32 ? 32 : -1;
}
static inline int trunkline_request(
    EVP_PKEY *key, const char *names, int must_staple, unsigned char *into, int room) {
    X509_REQ *request = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_EXTENSION *staple = must_staple ? X509V3_EXT_conf_nid(NULL, NULL, NID_tlsfeature, "status_request") : NULL;
    int count = -1;
    unsigned char *out = NULL;
    int pushed = 0;
    if (san && extensions) pushed = sk_X509_EXTENSION_push(extensions, san) > 0;
    if (pushed && staple) sk_X509_EXTENSION_push(extensions, staple);
    if (request && pushed && X509_REQ_set_version(request, 0) == 1 && X509_REQ_set_pubkey(request, key) == 1
        && X509_REQ_add_extensions(request, extensions) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0) {
        int length = i2d_X509_REQ(request, &out);
        if (length > 0 && length <= room) {
            memcpy(into, out, (size_t)length);
            count = length;
        }
    }
    OPENSSL_free(out);
    X509_EXTENSION_free(san);
    X509_EXTENSION_free(staple);
    sk_X509_EXTENSION_free(extensions);
    X509_REQ_free(request);
    return count;
}
/// RFC 8737, 3: critical, an octet string with the digest.
static inline int trunkline_add_acme_identifier(X509 *certificate, const unsigned char *digest) {
    unsigned char value[34] = {4, 32};
    memcpy(value + 2, digest, 32);
    ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    ASN1_OCTET_STRING *text = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    int done = kind && text && ASN1_OCTET_STRING_set(text, value, sizeof value) == 1;
    if (done) extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 1, text);
    done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(text);
    ASN1_OBJECT_free(kind);
    return done;
}
static inline int trunkline_challenge_certificate(
    EVP_PKEY *key, const char *name, const unsigned char *digest, unsigned char *into, int room) {
    X509 *leaf = X509_new();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    BIO *bio = BIO_new(BIO_s_mem());
    int done = 0;
    if (leaf && san && bio) {
        X509_NAME *subject = X509_get_subject_name(leaf);
        X509_set_version(leaf, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(leaf), 1);
        X509_gmtime_adj(X509_getm_notBefore(leaf), -86400);
        X509_gmtime_adj(X509_getm_notAfter(leaf), 7 * 86400);
        X509_set_pubkey(leaf, key);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"ACME challenge", -1, -1, 0);
        X509_set_issuer_name(leaf, subject);
        done = X509_add_ext(leaf, san, -1) == 1 && trunkline_add_acme_identifier(leaf, digest)
            && X509_sign(leaf, key, EVP_sha256()) > 0 && PEM_write_bio_X509(bio, leaf) == 1;
    }
    X509_EXTENSION_free(san);
    X509_free(leaf);
    return trunkline_take_bio(bio, done, into, room);
}

#endif
