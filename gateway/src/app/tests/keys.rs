//! Keys of these tests alone, one for each algorithm that a provider may sign with beside ES256.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value as Json, json};

/// How a provider signs.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    pub(super) private: EncodingKey,
    /// The JWK without `kid`.
    pub(super) public: Json,
}

pub(super) fn ed25519() -> Signer {
    Signer {
        algorithm: Algorithm::EdDSA,
        private: EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap(),
        public: json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "x": "DPiHZe9zAsAE1z4TAAeRmklcAQAL98xkVBIssfED718",
        }),
    }
}

pub(super) fn rsa() -> Signer {
    let modulus = concat!(
        "qoJi_q5EurNiYmJwC89eG-oIhmSNYCxeVjagVGRmHzPKrBj4Dav426GvlG3ZeYoNAilxanH6W95SJmUulHXGx5",
        "J5LpaEqSyURvfsufRC6x7Z6KveZITxJ9GJLfjyDG8hl1YWUjmt4N6h54MXHKOtX1H1RAvTBN6B4qctaRjrsEpw",
        "Aspj5q2wp-pm5pMYUUZJ3awLFG26BVRwYdv1qoAJ3EgKjGCr-mGD1WFnDbxJk2Z04e3sMSUPGuUrwyjnujtHB4",
        "xT77FOlkMRqwjPIP317IP7zLfEQxkIuMQFbltWTaRDDLgXE0tOw6OODjbPVCl2VJGE81YMKZ4e1_v8Njd-Bw",
    );
    Signer {
        algorithm: Algorithm::RS256,
        private: EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap(),
        public: json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB", "n": modulus }),
    }
}

const ED25519: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHULgynshMt/xzXa0gR0js0YWIAi1sSMuGhPqN5j5nSE
-----END PRIVATE KEY-----";

const RSA: &str = "-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCqgmL+rkS6s2Ji
YnALz14b6giGZI1gLF5WNqBUZGYfM8qsGPgNq/jboa+Ubdl5ig0CKXFqcfpb3lIm
ZS6UdcbHknkuloSpLJRG9+y59ELrHtnoq95khPEn0Ykt+PIMbyGXVhZSOa3g3qHn
gxcco61fUfVEC9ME3oHipy1pGOuwSnACymPmrbCn6mbmkxhRRkndrAsUbboFVHBh
2/WqgAncSAqMYKv6YYPVYWcNvEmTZnTh7ewxJQ8a5SvDKOe6O0cHjFPvsU6WQxGr
CM8g/fXsg/vMt8RDGQi4xAVuW1ZNpEMMuBcTS07Do44ONs9UKXZUkYTzVgwpnh7X
+/w2N34HAgMBAAECggEAFxs6nBsfSue9Tj+Fwev067Z64kTPwyKFbuHR4gMwXaEb
TC10DAeWiU5Evh9myGl/WsrP86YE0JyfqFQE4cSAzrxtj0qBfsWA8InE0EGm1zhO
kmZxaaYkYgorW19a5Hl45V/FVZjlvyKccS8FcPGeBdv+70ePmJ998tTx5UX7G+AO
4ijwGJCc92WPPp4q1Q4+g4tZnzNqBMAWToaqSgrnUSVh4+HP6eoHDa1chYVvyfqm
ShUHfLRWofzJpgZ4nVsZOBcI8mbemR7UiATKJ8jGPl2ofKsjck8vcUbJ67Vk1Gno
OSnjUbUWNCFCirTLQ+UQwbbdDgp/G5Z18AYLsjfhOQKBgQDpIA0Bho3P+4DyuOsV
x1LqrJcusI/fUWYeK4As/1jjo4X3i6LvshB2jzuSKHacvARHucf8kicCS234gm0q
ONFHi5ps/QAYJI/gUW9qL4QAPDtk8SxF0Rs2NVRocygYvajTIUokWsuYASxQtFb1
3f4gfyuKA2DVtvzN9wgJsMOOLwKBgQC7PXeJ48WmSISblPVKki7NYazBJOgpnIlP
zpbVHXBMAU6w/D5QwjDJt3ToSx3261i7tsjWuBbwuvCPL6Vx4hn8s7Cmmkz87cn+
amtBO1GOSgUawGcKlaO0A0hlVuIwK0yQ7VVih8Du4WuNCy6V/IDvvdv3wAeqgSuf
X+OnpTwvqQKBgQDffSZ6y++v78CS8MwOOOQ4rfTRgdqrkHGBgtqCSNmCggWwZ2Fw
wRgfUPkfCUOMxoKj8GrUq5hSDtYCY6cbzxRyrlcBHRq2CncT6X4SIjM9toCKKNr0
o56evUmKSLur3Ea5ATT+3TxJIPbG99xWINe7d67ZxJtUxvRcz/IYuCkBaQKBgQCt
2iXLF30mp0DRgN68rbzdICsabx1NvbXVLznniV0ChVg+hweJTrWkJj5bjZu179HF
AbO7gtRyEvFX0eKpOkns1B9aofyIAHZETyVlPSG9n0bcDvfd4RFODJpE1gZQuXNv
QZ69TNU8OHv3SwGna/uAHuZGRLwZebQ6V/t2ZrraeQKBgEmU2fLN7UW5nWfS7iv3
tKI5R8FfEzItCCJ8AjaueReE4yq6/Y0uJfdgjy191G2RK+vHrTmWIXmGeVbmFNnU
J9x8I0gFo7UavdXU9AJ8NJpgUZot5L5kURePMTGDE9+tI4sSiBMO2jVdeYjhSqT/
S4wC02Lrh4YY0qO/NWhdRcwH
-----END PRIVATE KEY-----";
