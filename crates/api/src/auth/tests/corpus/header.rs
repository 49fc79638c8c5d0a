//! Tokens that try to choose how, or with what, they are verified.

use aws_lc_rs::{encoding::AsDer, signature::KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Case, Draft, EC, EC_OTHER, EC384, ED, RSA, SECRET, Signer, encode, key_set, sign_raw};

/// Every way not to name an allowed algorithm.
pub(super) fn algorithms() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        "\u{0}none",
        "null",
        "",
    ] {
        let draft = Draft::good().header("alg", name);
        let message = format!(
            "{}.{}",
            encode(draft.header.to_string()),
            encode(draft.claims.to_string())
        );
        cases.push(Case::invalid(
            format!("alg {name:?} unsigned"),
            format!("{message}."),
        ));
        cases.push(Case::invalid(
            format!("alg {name:?} signed"),
            draft.sign(&EC),
        ));
    }
    let names = [
        "es256",
        "ES256 ",
        " ES256",
        "ES256K",
        "ES512",
        "RS1",
        "rs256",
        "A128KW",
        "dir",
        "RSA-OAEP",
        "Ed25519",
        "ES256,RS256",
        "HS1",
        "ES384",
    ];
    cases.extend(names.map(|name| {
        Case::invalid(
            format!("alg {name:?}"),
            Draft::good().header("alg", name).sign(&EC),
        )
    }));
    let values = [
        json!(null),
        json!(256),
        json!(true),
        json!(["ES256"]),
        json!({"ES256": 1}),
    ];
    cases.extend(values.into_iter().map(|value| {
        Case::invalid(
            "alg of another type",
            Draft::good().header("alg", value).sign(&EC),
        )
    }));
    cases.push(Case::invalid(
        "no alg",
        Draft::good().without_header("alg").sign(&EC),
    ));
    // Good signatures by keys of ours, with algorithms that are not allowed.
    for name in ["RS512", "PS256", "PS384", "PS512"] {
        cases.push(Case::invalid(
            format!("{name} is not allowed"),
            Draft::good().by(name, "rsa").sign(&RSA),
        ));
    }
    cases.push(Case::invalid(
        "EdDSA is not allowed",
        Draft::good().by("EdDSA", "ed").sign(&ED),
    ));
    cases
}

/// Public keys as HMAC secrets, and one algorithm's signature under another's name.
pub(super) fn confusions() -> Vec<Case> {
    let (Signer::Rsa(rsa), Signer::Ec(ec)) = (&*RSA, &*EC) else {
        unreachable!("the fixed keys")
    };
    let spki = [
        rsa.public_key().as_der().unwrap().as_ref().to_vec(),
        ec.public_key().as_der().unwrap().as_ref().to_vec(),
    ];
    let pem = |der: &Vec<u8>| {
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(der)
        )
    };
    let secrets = [
        RSA.public(),
        EC.public(),
        RSA.jwk("rsa").to_string().into_bytes(),
        EC.jwk("ec").to_string().into_bytes(),
        key_set().to_string().into_bytes(),
        encode(RSA.public()).into_bytes(),
        rsa.public_key().as_ref().to_vec(),
        spki[0].clone(),
        spki[1].clone(),
        pem(&spki[0]).into_bytes(),
        pem(&spki[1]).into_bytes(),
        SECRET.to_vec(),
        b"secret".to_vec(),
        Vec::new(),
    ];
    let mut cases = Vec::new();
    for (at, secret) in secrets.into_iter().enumerate() {
        let signer = Signer::Hmac(secret);
        for (algorithm, key) in [
            ("HS256", "rsa"),
            ("HS256", "ec"),
            ("HS384", "rsa"),
            ("HS512", "ec"),
        ] {
            let token = Draft::good().by(algorithm, key).sign(&signer);
            cases.push(Case::invalid(
                format!("{algorithm} with public secret {at} as {key}"),
                token,
            ));
        }
        let draft = Draft::good();
        let token = sign_raw(
            draft.header.to_string(),
            draft.claims.to_string(),
            &signer,
            "HS256",
        );
        cases.push(Case::invalid(
            format!("ES256 made with public secret {at}"),
            token,
        ));
    }
    let signed = |name: &str, key: &str, made: &str, signer: &Signer| {
        let draft = Draft::good().by(name, key);
        let token = sign_raw(
            draft.header.to_string(),
            draft.claims.to_string(),
            signer,
            made,
        );
        Case::invalid(format!("{name} of {key}, made by {made}"), token)
    };
    cases.extend([
        signed("RS256", "rsa", "PS256", &RSA),
        signed("RS256", "rsa", "RS384", &RSA),
        signed("RS384", "rsa", "RS256", &RSA),
        signed("RS256", "ec", "RS256", &RSA),
        signed("RS256", "ec", "ES256", &EC),
        signed("ES256", "rsa", "RS256", &RSA),
        signed("ES256", "rsa", "ES256", &EC),
        signed("ES384", "ec", "ES256", &EC),
        signed("ES256", "ec384", "ES384", &EC384),
        signed("ES256", "ec384", "ES256", &EC),
        signed("ES384", "ec", "ES384", &EC384),
        signed("ES256", "ed", "EdDSA", &ED),
    ]);
    cases
}

/// Wrong, missing and strange key ids.
pub(super) fn keys() -> Vec<Case> {
    let mut cases = vec![
        Case::invalid(
            "no kid, two keys fit",
            Draft::good().without_header("kid").sign(&EC),
        ),
        Case::invalid(
            "another key's kid",
            Draft::good().header("kid", "ec-other").sign(&EC),
        ),
        Case::invalid("another key's signature", Draft::good().sign(&EC_OTHER)),
    ];
    let names = [
        "",
        " ",
        "EC",
        "ec ",
        "ec\u{0}",
        "0",
        "../ec",
        "/dev/null",
        "file:///etc/passwd",
        "https://attacker.example/key",
        "' OR 1=1 --",
        "ec\u{301}",
        "\u{435}c",
        "null",
        "*",
    ];
    cases.extend(names.map(|name| {
        Case::invalid(
            format!("kid {name:?}"),
            Draft::good().header("kid", name).sign(&EC),
        )
    }));
    cases.push(Case::invalid(
        "a long kid",
        Draft::good().header("kid", "k".repeat(4000)).sign(&EC),
    ));
    let values = [
        json!(null),
        json!(0),
        json!(["ec"]),
        json!({"kid": "ec"}),
        json!(false),
    ];
    cases.extend(values.into_iter().map(|value| {
        Case::invalid(
            "kid of another type",
            Draft::good().header("kid", value).sign(&EC),
        )
    }));
    let attacker = Signer::Hmac(b"k".to_vec());
    cases.push(Case::invalid(
        "signed by nobody",
        Draft::good().sign(&attacker),
    ));
    cases
}

/// `crit`, keys inside the header, types of token, doubled and malformed headers.
pub(super) fn parameters() -> Vec<Case> {
    let attacker = Draft::good()
        .header("jwk", EC_OTHER.jwk("ec"))
        .sign(&EC_OTHER);
    let mut cases = vec![Case::invalid("signed by the key it brings", attacker)];
    let refused: [(&str, Value); 16] = [
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!(null)),
        ("crit", json!("exp")),
        ("jwk", EC.jwk("ec")),
        ("jwk", json!(null)),
        ("x5c", json!(["MIIB"])),
        ("x5u", json!("https://attacker.example/cert")),
        ("typ", json!("JWS")),
        ("typ", json!("JOSE")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("")),
        ("typ", json!(null)),
        ("typ", json!(["JWT"])),
    ];
    let one = |(name, value): (&str, Value)| {
        Case::invalid(
            format!("{name} {value}"),
            Draft::good().header(name, value.clone()).sign(&EC),
        )
    };
    cases.extend(refused.map(one));
    let claims = Draft::good().claims.to_string();
    let texts: [&[u8]; 16] = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\"ES256\"",
        b"{",
        b"{\"alg\":\"ES256\",\"kid\":\"ec\"",
        b"{\"alg\":\"ES256\",\"kid\":\"ec\"}}",
        b"{\"alg\":\"ES256\",\"kid\":\"ec\"} {}",
        b"{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"ec\"}",
        b"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"kid\":\"ec\"}",
        b"{\"alg\":\"ES256\",\"kid\":\"rsa\",\"kid\":\"ec\"}",
        b"{\"alg\":\"ES256\",\"kid\":\"ec\",\"x\":\"\xff\"}",
        b"\xef\xbb\xbf{\"alg\":\"ES256\",\"kid\":\"ec\"}",
        b"{'alg':'ES256','kid':'ec'}",
        b"{\"alg\":\"ES256\",\"kid\":\"ec\",}",
    ];
    let malformed = |text: &[u8]| {
        let token = sign_raw(text, &claims, &EC, "ES256");
        Case::invalid(format!("header {}", String::from_utf8_lossy(text)), token)
    };
    cases.extend(texts.map(malformed));
    cases.push(malformed(
        format!("{}{}", "[".repeat(3000), "]".repeat(3000)).as_bytes(),
    ));
    cases
}
