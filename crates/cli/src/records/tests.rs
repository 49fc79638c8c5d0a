//! The records are always the same, hang together, and are like real ones in kind and size.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::*;

/// Keeps all lines: in one stream, or by type.
#[derive(Default)]
struct Kept {
    stream: Vec<u8>,
    only: Option<RecordType>,
}

impl Sink for Kept {
    fn next(&mut self, of: RecordType) -> Option<&mut Vec<u8>> {
        self.only
            .is_none_or(|only| only == of)
            .then_some(&mut self.stream)
    }
}

fn written(patients: u64, seed: u64, only: Option<RecordType>) -> String {
    let records = Records::new(patients, seed);
    let mut kept = Kept {
        only,
        ..Kept::default()
    };
    for patient in 0..records.patients() {
        records.write(patient, &mut kept);
    }
    String::from_utf8(kept.stream).unwrap()
}

fn all(patients: u64, seed: u64) -> String {
    written(patients, seed, None)
}

fn resources(lines: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    lines.lines().map(read).collect()
}

fn name(resource: &Value) -> String {
    let part = |name: &str| resource[name].as_str().unwrap();
    format!("{}/{}", part("resourceType"), part("id"))
}

/// FNV-1a: what the bytes are told by.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_ever() {
    assert_eq!(fingerprint(&all(20, 1)), 7_249_762_202_017_367_346);
    assert_ne!(fingerprint(&all(20, 2)), fingerprint(&all(20, 1)));
}

#[test]
fn more_patients_change_no_line() {
    let many = all(320, 7);
    for few in [0, 1, 9, 10, 50, 249, 250, 251] {
        assert!(many.starts_with(&all(few, 7)), "{few}");
    }
}

#[test]
fn a_type_alone_has_the_lines_it_has_among_all() {
    let among = all(60, 3);
    for of in RecordType::ALL {
        let begin = format!("{{\"resourceType\":\"{}\",", of.as_str());
        let lines: String = among
            .split_inclusive('\n')
            .filter(|line| line.starts_with(&begin))
            .collect();
        assert!(!lines.is_empty(), "{of:?}");
        assert_eq!(written(60, 3, Some(of)), lines, "{of:?}");
    }
}

#[test]
fn a_line_is_a_resource_that_begins_with_its_type_its_id_and_meta() {
    for line in all(120, 5).split_inclusive('\n') {
        assert!(line.ends_with("}\n") && !line.contains('\r'));
        let resource: Value = serde_json::from_str(line).unwrap();
        let begin = format!(
            "{{\"resourceType\":\"{}\",\"id\":\"{}\",\"meta\":{{\"versionId\":\"1\",\"lastUpdated\":\"",
            resource["resourceType"].as_str().unwrap(),
            resource["id"].as_str().unwrap()
        );
        assert!(line.starts_with(&begin), "{line}");
    }
}

#[test]
fn ids_are_unique_and_references_lead_to_records() {
    for patients in [10, 300] {
        let resources = resources(&all(patients, 11));
        let names: HashSet<_> = resources.iter().map(name).collect();
        let ids: HashSet<_> = resources
            .iter()
            .map(|resource| resource["id"].as_str())
            .collect();
        assert_eq!((names.len(), ids.len()), (resources.len(), resources.len()));
        let mut found = HashMap::<String, usize>::new();
        for resource in &resources {
            references(resource, &mut |to| {
                assert!(names.contains(to), "{} refers to {to}", name(resource));
                let kind = to.split('/').next().unwrap_or_default();
                *found.entry(kind.to_owned()).or_default() += 1;
            });
        }
        for kind in [
            "Patient",
            "Encounter",
            "Practitioner",
            "Organization",
            "Location",
            "Condition",
            "Observation",
        ] {
            assert!(found[kind] > 10, "{kind}");
        }
    }
}

fn references(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            if let Some(to) = members.get("reference").and_then(Value::as_str) {
                see(to);
            }
            members.values().for_each(|member| references(member, see));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, see)),
        _ => {}
    }
}

#[test]
fn two_seeds_have_no_id_in_common() {
    let ids = |seed| -> HashSet<String> { resources(&all(12, seed)).iter().map(name).collect() };
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn kinds_and_sizes_are_like_those_of_real_records() {
    let mut lengths = BTreeMap::<String, Vec<usize>>::new();
    let lines = all(1_500, 21);
    for line in lines.lines() {
        let kind = line.split('"').nth(3).unwrap();
        lengths.entry(kind.to_owned()).or_default().push(line.len());
    }
    let total: usize = lengths.values().map(Vec::len).sum();
    let per_patient = total / 15;
    assert!(
        (5_500..6_200).contains(&per_patient),
        "{per_patient} for 100 patients"
    );
    assert!((1_280..1_460).contains(&(lines.len() / total)));
    // The share in a thousand, and the mean length.
    for (kind, share, mean) in [
        ("AllergyIntolerance", 5..12, 1_200..1_700),
        ("Condition", 38..55, 1_200..1_700),
        ("Consent", 5..12, 1_700..2_400),
        ("DiagnosticReport", 33..48, 1_500..2_300),
        ("DocumentReference", 32..46, 2_700..3_500),
        ("Encounter", 72..95, 1_400..1_900),
        ("Immunization", 27..42, 1_200..1_700),
        ("MedicationRequest", 52..70, 1_400..2_000),
        ("Observation", 550..615, 1_000..1_200),
        ("Patient", 14..20, 2_500..3_300),
        ("Procedure", 48..68, 1_100..1_600),
        ("Provenance", 15..27, 1_300..2_300),
    ] {
        let of = &lengths[kind];
        assert!(
            share.contains(&(of.len() * 1000 / total)),
            "{kind}: {} of {total}",
            of.len()
        );
        let sum: usize = of.iter().sum();
        assert!(
            mean.contains(&(sum / of.len())),
            "{kind}: {}",
            sum / of.len()
        );
    }
    let longest = |kind: &str| *lengths[kind].iter().max().unwrap();
    assert!(
        longest("Provenance") > 10_000,
        "no provenance of many targets"
    );
    assert!(
        longest("Observation") > 2_500,
        "no observation of many components"
    );
    assert!(longest("Group") > 20_000, "no group of many members");
    assert_eq!(lengths.len(), RecordType::COUNT);
}

#[test]
fn times_are_past_and_in_order() {
    for resource in resources(&all(200, 9)) {
        let updated = resource["meta"]["lastUpdated"].as_str().unwrap();
        assert!(
            ("2015-01-01".."2025-06-30").contains(&updated),
            "{resource}"
        );
        let born = resource["birthDate"].as_str().unwrap_or("1920");
        let died = resource["deceasedDateTime"].as_str().unwrap_or("2026");
        assert!(
            born < died && ("1920".."2025-06-30").contains(&born),
            "{resource}"
        );
        let period = &resource["period"];
        if let (Some(start), Some(end)) = (period["start"].as_str(), period["end"].as_str()) {
            assert!(start < end, "{resource}");
        }
    }
}

#[test]
fn text_holds_what_readers_of_bytes_stumble_over() {
    let lines = all(400, 2);
    for special in ["\\\"", "\\\\", "髙橋", "𠮷田", "فاطمة", "é"] {
        assert!(lines.contains(special), "{special}");
    }
}

#[test]
fn groups_are_complete_with_their_last_patient() {
    let ends: Vec<_> = (0..1_500)
        .filter(|patient| group::complete_with(*patient).is_some())
        .map(|patient| patient + 1)
        .collect();
    assert_eq!(ends, [10, 50, 200, 600, 1_000, 1_400]);
    let groups = resources(&written(200, 4, Some(RecordType::Group)));
    let members: Vec<_> = groups
        .iter()
        .map(|group| group["member"].as_array().unwrap().len())
        .collect();
    assert_eq!(members.len(), 3);
    assert!((1..=10).contains(&members[0]) && (100..=150).contains(&members[2]));
    assert!(
        groups
            .iter()
            .zip(members)
            .all(|(group, members)| group["quantity"] == members)
    );
}
