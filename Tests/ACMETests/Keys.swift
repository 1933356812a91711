import ACME

/// A key that tests know, made by `openssl ecparam -name prime256v1 -genkey`.
enum Known {
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8PjTxxXHdDtC6Rml
        ZpmJE7Yt2xgX8g8Wb1Zw+u7zyROhRANCAASf3+8bk2NwJUtsU1tg4+uwoVGX7tkz
        fORX4w8Y+2yxgB/w0F+6wUkAByrKxF6C70pw3DOlUxxROqVY2UqpCpdK
        -----END PRIVATE KEY-----
        """
    static let x = "n9_vG5NjcCVLbFNbYOPrsKFRl-7ZM3zkV-MPGPtssYA"
    static let y = "H_DQX7rBSQAHKsrEXoLvSnDcM6VTHFE6pVjZSqkKl0o"
    static let thumbprint = "Ibmt5tngWZvsMKNszlqsDBWrhUbTvG--m0jEnQ_u50E"

    static func account() throws -> PrivateKey { try PrivateKey(pem: Array(key.utf8)) }
}
