//! The header's form, and tokens damaged on the wire.

use super::{Case, Draft, EC, Expected, encode};

fn good() -> String {
    Draft::good().sign(&EC)
}

pub(super) fn header_forms() -> Vec<Case> {
    let token = good();
    let missing = [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "bearer    ",
        "Basic dXNlcjpwYXNz",
        "Digest username=x",
        "Negotiate abc",
    ];
    let mut cases: Vec<_> = missing
        .iter()
        .map(|value| Case::value(*value, *value, Expected::Missing))
        .collect();
    cases.push(Case {
        name: "no header".to_owned(),
        authorization: None,
        expected: Expected::Missing,
    });
    let other_schemes = [
        token.clone(),
        format!("Token {token}"),
        format!("Bearer:{token}"),
        format!("Bearer\t{token}"),
        format!(" Bearer {token}"),
    ];
    cases.extend(
        other_schemes
            .into_iter()
            .map(|value| Case::value("another scheme", value, Expected::Missing)),
    );
    let several = [
        format!("Bearer {token} {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token},{token}"),
        format!("Bearer Bearer {token}"),
        format!("Bearer {token} "),
        format!("Bearer {token}\t"),
        format!("Bearer {token}\r\nX: y"),
        format!("Bearer \t{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer <{token}>"),
        format!("Bearer token={token}"),
        format!("Bearer {token};"),
        format!("Bearer {token}\u{0}"),
        format!("Bearer \u{feff}{token}"),
        format!("Bearer \u{a0}{token}"),
        format!("Bearer {token}\u{200b}"),
        format!("Bearer {}", token.replace('.', "\u{2024}")),
        format!("Bearer {}", token.replace('e', "\u{435}")),
        format!("Bearer {}", token.replace('.', "%2E")),
        format!("Bearer {}", token.replace('.', ". ")),
        format!("Bearer {}", token.replace('.', "\n.")),
    ];
    cases.extend(
        several
            .into_iter()
            .map(|value| Case::value("not one plain token", value, Expected::Invalid)),
    );
    for length in [8 * 1024 + 1, 64 * 1024, 1024 * 1024] {
        cases.push(Case::invalid(format!("{length} bytes"), "a".repeat(length)));
    }
    cases.push(Case::invalid(
        "a good token, too long",
        Draft::good().claim("pad", "x".repeat(8 * 1024)).sign(&EC),
    ));
    cases
}

/// Cuts a good token at every sixth character, and around the dots.
pub(super) fn truncations() -> Vec<Case> {
    let token = good();
    let dots: Vec<_> = token
        .match_indices('.')
        .flat_map(|(at, _)| [at, at + 1, at + 2])
        .collect();
    let cuts = (1..token.len())
        .step_by(6)
        .chain(dots)
        .chain([token.len() - 1, token.len() - 2]);
    cuts.map(|cut| Case::invalid(format!("cut at {cut}"), &token[..cut]))
        .collect()
}

pub(super) fn segments() -> Vec<Case> {
    let token = good();
    let parts: Vec<_> = token.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let forms = [
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        "a.b.c".to_owned(),
        "null.null.null".to_owned(),
        format!("{h}.{c}"),
        format!("{h}.{c}."),
        format!("{h}..{s}"),
        format!(".{c}.{s}"),
        format!("{h}.."),
        format!("..{s}"),
        format!("{c}.{h}.{s}"),
        format!("{s}.{c}.{h}"),
        format!("{h}.{h}.{s}"),
        format!("{c}.{c}.{s}"),
        format!("{h}.{c}.{s}."),
        format!(".{h}.{c}.{s}"),
        format!("{h}.{c}.{s}.{s}"),
        format!("{h}.{c}.{s}.{s}.{s}"),
        format!("{h}..{c}.{s}"),
        format!("{h}.{c}.{s}{s}"),
        format!("{h}.{c}.{}", &s[4..]),
        format!("{h}.{c}.{}", encode([0; 64])),
        format!("{h}.{c}.{}", encode([0xff; 64])),
        format!("{h}.{c}.{}", encode([])),
        format!("{h}.{c}.{}", encode([0; 63])),
        format!("{h}.{c}.{}", encode([1; 65])),
    ];
    forms
        .into_iter()
        .enumerate()
        .map(|(at, form)| Case::invalid(format!("segments {at}"), form))
        .collect()
}

/// Puts what is not base64url without padding into each segment.
pub(super) fn encodings() -> Vec<Case> {
    let token = good();
    let mut cases = Vec::new();
    for segment in 0..3 {
        for (name, change) in [
            (
                "padded",
                (|text: &str| format!("{text}=")) as fn(&str) -> String,
            ),
            ("padded twice", |text| format!("{text}==")),
            ("with plus", |text| format!("+{}", &text[1..])),
            ("with slash", |text| format!("/{}", &text[1..])),
            ("of impossible length", |text| {
                format!("{text}AAAAA")[..=text.len() / 4 * 4].to_owned()
            }),
            ("with spare bits", |text| {
                format!("{}B", &text[..=text.len() / 4 * 4])
            }),
            ("encoded again", |text| encode(text)),
            ("in reverse", |text| text.chars().rev().collect()),
        ] {
            let parts = token.split('.').enumerate();
            let parts: Vec<_> = parts
                .map(|(at, text)| {
                    if at == segment {
                        change(text)
                    } else {
                        text.to_owned()
                    }
                })
                .collect();
            cases.push(Case::invalid(
                format!("segment {segment} {name}"),
                parts.join("."),
            ));
        }
    }
    cases
}

/// Flips one bit of the signature's every octet, and changes characters in the other segments.
pub(super) fn flips() -> Vec<Case> {
    let draft = Draft::good();
    let message = format!(
        "{}.{}",
        encode(draft.header.to_string()),
        encode(draft.claims.to_string())
    );
    let signature = EC.sign("ES256", message.as_bytes());
    let flipped = (0..signature.len()).map(|at| {
        let mut signature = signature.clone();
        signature[at] ^= 1 << (at % 8);
        Case::invalid(
            format!("signature octet {at} flipped"),
            format!("{message}.{}", encode(signature)),
        )
    });
    let signature = encode(&signature);
    let changed = (0..message.len())
        .step_by(5)
        .filter(|at| message.as_bytes()[*at] != b'.')
        .map(|at| {
            let other = if &message[at..=at] == "A" { "B" } else { "A" };
            let message = format!("{}{other}{}", &message[..at], &message[at + 1..]);
            Case::invalid(
                format!("character {at} changed"),
                format!("{message}.{signature}"),
            )
        });
    flipped.chain(changed).collect()
}
