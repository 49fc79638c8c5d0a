//! How people stand on the page. An ADMIN's id is shown, because operators answer for such clients. A PATIENT's id may
//! be the patient's own, so a patient stands here as in the logs: by a keyed hash.

use bulk_export_domain::{policy::Role, pseudonym::Pseudonyms};
use bulk_export_store::operator::{Person, TimelineEntry};

/// Writes who kicked a job off.
pub(super) fn requester(person: &Person, role: Role, pseudonyms: &Pseudonyms) -> String {
    match role {
        Role::Admin => person.reveal().to_owned(),
        Role::Patient => patient(person, pseudonyms),
    }
}

/// Writes who did what the audit says of a job. Only the job's own patient and ADMINs can do anything to it; who was
/// denied may be any patient.
pub(super) fn actor(
    entry: &TimelineEntry,
    (owner, role): (&Person, Role),
    pseudonyms: &Pseudonyms,
) -> Option<String> {
    let who = entry.who.as_ref()?;
    let is_patient = entry.action == "deny" || (who == owner && role == Role::Patient);
    Some(if is_patient {
        patient(who, pseudonyms)
    } else {
        who.reveal().to_owned()
    })
}

fn patient(person: &Person, pseudonyms: &Pseudonyms) -> String {
    format!("patient {}", pseudonyms.of(person.reveal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str, who: Option<&str>) -> TimelineEntry {
        TimelineEntry {
            id: 1,
            at: chrono::DateTime::UNIX_EPOCH,
            action: action.to_owned(),
            outcome: String::new(),
            who: who.map(Person::new),
            detail: None,
        }
    }

    #[test]
    fn no_patient_is_named() {
        let pseudonyms = Pseudonyms::new("k".into());
        let hash = format!("patient {}", pseudonyms.of("p1"));
        let owner = Person::new("p1");
        assert_eq!(requester(&owner, Role::Patient, &pseudonyms), hash);
        assert_eq!(requester(&owner, Role::Admin, &pseudonyms), "p1");
        let actor = |action, who, role| actor(&entry(action, who), (&owner, role), &pseudonyms);
        assert_eq!(
            actor("kick_off", Some("p1"), Role::Patient),
            Some(hash.clone())
        );
        assert_eq!(
            actor("cancel", Some("ada"), Role::Patient),
            Some("ada".to_owned())
        );
        assert_eq!(actor("deny", Some("p1"), Role::Admin), Some(hash));
        assert_eq!(
            actor("kick_off", Some("p1"), Role::Admin),
            Some("p1".to_owned())
        );
        assert_eq!(actor("complete", None, Role::Patient), None);
    }
}
