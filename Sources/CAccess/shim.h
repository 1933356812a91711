#ifndef TRUNKLINE_CACCESS_SHIM_H
#define TRUNKLINE_CACCESS_SHIM_H

#include <crypt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

// Keys and signatures of JOSE in terms of EVP, and passwords by libcrypt. Nothing is left in OpenSSL's queue of errors.

/// A public key from parameters of its kind; NULL where they are none, or a point is not on its curve.
static inline EVP_PKEY *trunkline_access_key(const char *kind, OSSL_PARAM *parameters, int checks) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (context && parameters && EVP_PKEY_fromdata_init(context) == 1)
        if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) key = NULL;
    EVP_PKEY_CTX_free(context);
    if (key && checks) {
        EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        if (!check || EVP_PKEY_public_check(check) != 1) {
            EVP_PKEY_free(key);
            key = NULL;
        }
        EVP_PKEY_CTX_free(check);
    }
    ERR_clear_error();
    return key;
}

/// Modulus and exponent, big-endian.
static inline EVP_PKEY *trunkline_access_rsa(
    const unsigned char *modulus, int modulusBytes, const unsigned char *exponent, int exponentBytes) {
    BIGNUM *n = BN_bin2bn(modulus, modulusBytes, NULL), *e = BN_bin2bn(exponent, exponentBytes, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *key = trunkline_access_key("RSA", parameters, 0);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

/// An uncompressed point (SEC 1, 2.3.3) of a named curve.
static inline EVP_PKEY *trunkline_access_ec(const char *curve, const unsigned char *point, int count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, (size_t)count),
        OSSL_PARAM_construct_end(),
    };
    return trunkline_access_key("EC", parameters, 1);
}

/// A key of RFC 8032: "ED25519" or "ED448".
static inline EVP_PKEY *trunkline_access_ed(const char *kind, const unsigned char *bytes, int count) {
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, kind, NULL, bytes, (size_t)count);
    ERR_clear_error();
    return key;
}

/// The key of one PEM block: a public key, or that of a certificate.
static inline EVP_PKEY *trunkline_access_pem(const unsigned char *text, int count) {
    BIO *bio = BIO_new_mem_buf(text, count);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (!key) {
        bio = BIO_new_mem_buf(text, count);
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        if (certificate) key = X509_get_pubkey(certificate);
        X509_free(certificate);
        BIO_free(bio);
    }
    ERR_clear_error();
    return key;
}

/// What a key is: 1 RSA, 2 P-256, 3 P-384, 4 P-521, 5 Ed25519, 6 Ed448; 0 = something else.
static inline int trunkline_access_kind(EVP_PKEY *key) {
    char curve[64] = "";
    size_t count = 0;
    if (EVP_PKEY_is_a(key, "RSA")) return 1;
    if (EVP_PKEY_is_a(key, "ED25519")) return 5;
    if (EVP_PKEY_is_a(key, "ED448")) return 6;
    if (!EVP_PKEY_is_a(key, "EC")) return 0;
    EVP_PKEY_get_group_name(key, curve, sizeof curve, &count);
    if (!strcmp(curve, "prime256v1") || !strcmp(curve, "P-256")) return 2;
    if (!strcmp(curve, "secp384r1") || !strcmp(curve, "P-384")) return 3;
    if (!strcmp(curve, "secp521r1") || !strcmp(curve, "P-521")) return 4;
    return 0;
}
static inline int trunkline_access_bits(EVP_PKEY *key) { return EVP_PKEY_get_bits(key); }
/// Bits of an RSA key's exponent; 0 where it has none.
static inline int trunkline_access_exponent_bits(EVP_PKEY *key) {
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 ? BN_num_bits(exponent) : 0;
    BN_free(exponent);
    ERR_clear_error();
    return bits;
}

/// Two numbers of equal length, as JOSE has an ECDSA signature (RFC 7518, 3.4), in DER. Returns its length; 0 = none.
static inline int trunkline_access_der(
    const unsigned char *signature, int count, unsigned char *der, int room) {
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, count / 2, NULL), *s = BN_bin2bn(signature + count / 2, count / 2, NULL);
    int length = 0;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        length = i2d_ECDSA_SIG(pair, NULL);
        length = length > 0 && length <= room ? i2d_ECDSA_SIG(pair, &der) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return length;
}

/// Whether a signature is right. `digest`: NULL where the algorithm has its own; `pss`: RSASSA-PSS with a salt as long as
/// the digest (RFC 7518, 3.5).
static inline int trunkline_access_verify(
    EVP_PKEY *key, const char *digest, int pss, const unsigned char *signature, int signatureBytes,
    const unsigned char *data, int dataBytes) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *detail = NULL;
    int good = context && EVP_DigestVerifyInit_ex(context, &detail, digest, NULL, NULL, key, NULL) == 1;
    if (good && pss)
        good = EVP_PKEY_CTX_set_rsa_padding(detail, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(detail, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(context, signature, (size_t)signatureBytes, data, (size_t)dataBytes) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

/// HMAC with a digest of this name into `result`, 64 bytes. Returns its length; 0 = failed.
static inline int trunkline_access_hmac(
    const char *digest, const unsigned char *key, int keyBytes, const unsigned char *data, int dataBytes,
    unsigned char *result) {
    size_t length = 0;
    unsigned char *made = EVP_Q_mac(
        NULL, "HMAC", NULL, digest, NULL, key, (size_t)keyBytes, data, (size_t)dataBytes, result, 64, &length);
    ERR_clear_error();
    return made ? (int)length : 0;
}

/// Whether two texts are the same, in time that doesn't tell where they differ.
static inline int trunkline_access_same(const void *one, const void *other, int count) {
    return CRYPTO_memcmp(one, other, (size_t)count) == 0;
}

/// Whether a password is the one that a hash was made of (crypt(5)). Takes as long as the hash wants: up to seconds.
static inline int trunkline_access_password(const char *password, const char *hash) {
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) return 0;
    const char *made = crypt_r(password, hash, data);
    int same = made && made[0] != '*' && strlen(made) == strlen(hash) && CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
    OPENSSL_cleanse(data, sizeof *data);
    free(data);
    return same;
}

#endif
