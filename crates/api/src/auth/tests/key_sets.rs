//! Which keys of a set are used.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::support::*;
use crate::auth::{
    Refusal,
    keys::{InvalidKeySet, KeySet},
};

const ALLOWED: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    jwk[member] = value.into();
    jwk
}

fn without(mut jwk: Value, member: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

fn reason(jwk: &Value) -> String {
    let set = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes(), &ALLOWED).unwrap();
    if set.len() == 1 {
        "used".to_owned()
    } else {
        set.unusable()
    }
}

const PURPOSE: &str = "key 1: it is not for signatures";
const ALGORITHM: &str = "key 1: it is for none of the allowed algorithms";
const TYPE: &str = "key 1: its type or curve is not supported";
const BITS: &str = "key 1: its RSA modulus is shorter than 2048 or longer than 8192 bits";
const MALFORMED: &str = "key 1: its parameters are malformed";

#[test]
fn a_key_for_signatures_is_used() {
    let (rsa, ec) = (RSA.jwk("rsa"), EC.jwk("ec"));
    let sign_octet = [&[0], RSA.public().as_slice()].concat();
    let used = [
        rsa.clone(),
        without(rsa.clone(), "use"),
        with(rsa.clone(), "alg", "RS384"),
        with(rsa, "n", encode(sign_octet)),
        without(ec.clone(), "kid"),
        with(ec.clone(), "alg", "ES256"),
        with(ec.clone(), "key_ops", json!(["verify"])),
        with(ec.clone(), "key_ops", json!(["sign", "verify"])),
        with(ec, "x5c", json!(["MIIB"])),
        EC384.jwk("k"),
        ED.jwk("k"),
    ];
    for jwk in used {
        assert_eq!(reason(&jwk), "used", "{jwk}");
    }
}

#[test]
fn a_key_is_not_used_for_what_it_is_not_meant_for() {
    let (rsa, ec) = (RSA.jwk("rsa"), EC.jwk("ec"));
    let cases = [
        (&rsa, "use", json!("enc"), PURPOSE),
        (&ec, "use", json!(""), PURPOSE),
        (&ec, "key_ops", json!([]), PURPOSE),
        (&ec, "key_ops", json!(["sign"]), PURPOSE),
        (&ec, "key_ops", json!(["encrypt", "wrapKey"]), PURPOSE),
        (&rsa, "alg", json!("RSA-OAEP"), ALGORITHM),
        (&rsa, "alg", json!("RS512"), ALGORITHM),
        (&rsa, "alg", json!("HS256"), ALGORITHM),
        (&rsa, "alg", json!("ES256"), ALGORITHM),
        (&ec, "alg", json!("none"), ALGORITHM),
        (&ec, "alg", json!("ES384"), ALGORITHM),
        (&ec, "kty", json!("oct"), TYPE),
        (&ec, "kty", json!("ec"), TYPE),
        (&ec, "crv", json!("P-521"), TYPE),
        (&ec, "crv", json!("secp256k1"), TYPE),
        (&ec, "crv", json!(null), TYPE),
        (&ED.jwk("k"), "crv", json!("X25519"), TYPE),
        (
            &Signer::Hmac(SECRET.to_vec()).jwk("k"),
            "use",
            json!("sig"),
            TYPE,
        ),
    ];
    for (jwk, member, value, expected) in cases {
        assert_eq!(
            reason(&with(jwk.clone(), member, value.clone())),
            expected,
            "{member} {value}"
        );
    }
}

#[test]
fn a_malformed_key_is_not_used() {
    let (rsa, ec) = (RSA.jwk("rsa"), EC.jwk("ec"));
    let malformed = [
        with(ec.clone(), "crv", "P-384"),
        with(ec.clone(), "x", "AAAA"),
        with(ec.clone(), "x", "not base64url!"),
        with(ec.clone(), "kid", 1),
        without(ec.clone(), "kty"),
        without(ec, "y"),
        without(rsa.clone(), "n"),
        with(rsa, "e", ""),
        with(ED.jwk("k"), "x", "AAAA"),
        json!("key"),
        json!(null),
    ];
    for jwk in malformed {
        assert_eq!(reason(&jwk), MALFORMED, "{jwk}");
    }
}

#[test]
fn rsa_keys_have_2048_to_8192_bits() {
    let modulus = |bits: usize| {
        let mut octets = vec![0xff; bits.div_ceil(8)];
        octets[0] >>= (8 - bits % 8) % 8;
        reason(&with(RSA.jwk("rsa"), "n", encode(octets)))
    };
    for (bits, expected) in [
        (512, BITS),
        (1024, BITS),
        (2047, BITS),
        (2048, "used"),
        (4096, "used"),
        (8192, "used"),
        (8193, BITS),
    ] {
        assert_eq!(modulus(bits), expected, "{bits}");
    }
    // Leading zeros make no key longer.
    let padded = [vec![0; 256], vec![0xff; 128]].concat();
    assert_eq!(reason(&with(RSA.jwk("rsa"), "n", encode(padded))), BITS);
    assert_eq!(reason(&with(RSA.jwk("rsa"), "n", encode([0; 512]))), BITS);
}

#[test]
fn a_set_is_refused_as_a_whole_when_it_is_none_or_too_large() {
    let parse = |text: &str| KeySet::parse(text.as_bytes(), &ALLOWED).map(|set| set.len());
    for text in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[]"#,
    ] {
        assert_eq!(parse(text), Err(InvalidKeySet::NotAKeySet), "{text}");
    }
    let set = |count| json!({ "keys": vec![EC.jwk("a"); count] }).to_string();
    assert_eq!(parse(&set(0)), Ok(0));
    assert_eq!(parse(&set(100)), Ok(100));
    assert_eq!(parse(&set(101)), Err(InvalidKeySet::TooManyKeys));
}

#[tokio::test]
async fn unusable_keys_do_not_disturb_the_others() {
    let keys = [
        json!(7),
        json!({"kty": "quantum"}),
        with(EC_OTHER.jwk("enc"), "use", "enc"),
        EC.jwk("ec"),
    ];
    let subject = Subject::with_keys(&json!({ "keys": keys }), &[]);
    subject.bearer(&Draft::good().sign(&EC)).await.unwrap();
    // It is the only usable key for ES256, so a name is not needed.
    subject
        .bearer(&Draft::good().without_header("kid").sign(&EC))
        .await
        .unwrap();
    let outcome = subject
        .bearer(&Draft::good().header("kid", "enc").sign(&EC_OTHER))
        .await;
    assert_eq!(
        outcome,
        Err(Refusal::Invalid("the key of the token is not known"))
    );
}

#[tokio::test]
async fn a_modulus_with_a_sign_octet_verifies() {
    let sign_octet = [&[0], RSA.public().as_slice()].concat();
    let key = with(RSA.jwk("rsa"), "n", encode(sign_octet));
    let subject = Subject::with_keys(&json!({ "keys": [key] }), &[]);
    let token = Draft::good().by("RS256", "rsa").sign(&RSA);
    subject.bearer(&token).await.unwrap();
}

#[tokio::test]
async fn a_key_id_that_two_keys_share_selects_only_between_types() {
    let twice = json!({ "keys": [EC.jwk("k"), EC_OTHER.jwk("k"), RSA.jwk("k")] });
    let subject = Subject::with_keys(&twice, &[]);
    for signer in [&*EC, &*EC_OTHER] {
        let outcome = subject
            .bearer(&Draft::good().header("kid", "k").sign(signer))
            .await;
        assert_eq!(
            outcome,
            Err(Refusal::Invalid("the key id of the token is not unique"))
        );
    }
    subject
        .bearer(&Draft::good().by("RS256", "k").sign(&RSA))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_bound_to_one_algorithm_verifies_no_other() {
    let subject = Subject::with_keys(
        &json!({ "keys": [with(RSA.jwk("rsa"), "alg", "RS384")] }),
        &[],
    );
    subject
        .bearer(&Draft::good().by("RS384", "rsa").sign(&RSA))
        .await
        .unwrap();
    let outcome = subject
        .bearer(&Draft::good().by("RS256", "rsa").sign(&RSA))
        .await;
    assert_eq!(
        outcome,
        Err(Refusal::Invalid(
            "the key of the token is not for its algorithm"
        ))
    );
}
