//! Who may do what. Access is decided here and nowhere else; the store enforces it in the SQL that reads the rows,
//! from the job's stored [`Subject`], never from a request.

use std::fmt;

/// The role of a requester. A token with another role is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A patient: her own data only.
    Patient,
    /// An administrator or a backend system: everyone's data.
    Admin,
}

impl Role {
    /// Gives the role as the row and the token spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Admin => "ADMIN",
        }
    }

    /// Reads a role; anything but the two exact words is no role.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Patient, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// The id of a patient, without `Patient/`. Identifies a person, so it never appears in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientId(String);

impl PatientId {
    /// Reads a patient's id from a claim, with or without `Patient/`. Empty text is no id.
    #[must_use]
    pub fn from_claim(claim: &str) -> Option<Self> {
        let id = claim.strip_prefix("Patient/").unwrap_or(claim);
        (!id.is_empty()).then(|| Self(id.to_owned()))
    }

    /// Gives the id in clear, for the row and the SQL predicate.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientId([redacted])")
    }
}

/// Whose data a job holds. Stored with the job at kick-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Every patient's.
    Everyone,
    /// One patient's.
    Patient(PatientId),
}

/// Who asks: what a verified token says. Its `Debug` names nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Requester {
    /// The token's subject.
    pub id: String,
    /// The role claim.
    pub role: Role,
    /// The patient claim, where there is one.
    pub patient: Option<PatientId>,
}

impl fmt::Debug for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Requester({}, [redacted])", self.role.as_str())
    }
}

/// Who a job belongs to: what is compared with the requester on each later request.
#[derive(Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The requester who kicked the job off.
    pub requester_id: String,
    /// Whose data it holds.
    pub subject: Subject,
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ownership([redacted])")
    }
}

/// Why an export is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A PATIENT token without a patient.
    #[error("the token names no patient")]
    NoPatient,
}

impl Requester {
    /// Decides whose data an export of this requester holds.
    ///
    /// # Errors
    /// A PATIENT whose token names no patient may export nothing.
    pub fn export_subject(&self) -> Result<Subject, Denied> {
        match self.role {
            Role::Admin => Ok(Subject::Everyone),
            Role::Patient => self
                .patient
                .clone()
                .map(Subject::Patient)
                .ok_or(Denied::NoPatient),
        }
    }

    /// Decides whether this requester may use the operator's page: everybody's jobs, and what is done to them.
    #[must_use]
    pub const fn may_operate(&self) -> bool {
        match self.role {
            Role::Admin => true,
            Role::Patient => false,
        }
    }

    /// Decides whether this requester may see, download or cancel a job. An ADMIN may see all. A PATIENT needs to be
    /// the one who asked *and* still to be the patient whose data it is: an administrator who became a patient loses
    /// the exports of everyone's data.
    #[must_use]
    pub fn may_see(&self, job: &Ownership) -> bool {
        match (self.role, &job.subject, &self.patient) {
            (Role::Admin, _, _) => true,
            (Role::Patient, Subject::Patient(subject), Some(patient)) => {
                self.id == job.requester_id && subject == patient
            }
            (Role::Patient, Subject::Everyone, _) | (Role::Patient, Subject::Patient(_), None) => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requester(id: &str, role: Role, patient: Option<&str>) -> Requester {
        Requester {
            id: id.to_owned(),
            role,
            patient: patient.and_then(PatientId::from_claim),
        }
    }

    fn job(requester: &str, patient: Option<&str>) -> Ownership {
        let subject = patient
            .and_then(PatientId::from_claim)
            .map_or(Subject::Everyone, Subject::Patient);
        Ownership {
            requester_id: requester.to_owned(),
            subject,
        }
    }

    #[test]
    fn only_the_two_exact_words_are_roles() {
        assert_eq!(Role::parse("PATIENT"), Some(Role::Patient));
        assert_eq!(Role::parse("ADMIN"), Some(Role::Admin));
        for other in [
            "",
            "patient",
            "Admin",
            "PRACTITIONER",
            "ADMIN ",
            "PATIENT,ADMIN",
        ] {
            assert_eq!(Role::parse(other), None);
        }
    }

    #[test]
    fn a_patient_exports_her_own_data_and_an_admin_everyones() {
        let own = PatientId::from_claim("p1").map(Subject::Patient).unwrap();
        assert_eq!(
            requester("u1", Role::Patient, Some("Patient/p1")).export_subject(),
            Ok(own)
        );
        assert_eq!(
            requester("u1", Role::Patient, None).export_subject(),
            Err(Denied::NoPatient)
        );
        assert_eq!(
            requester("u1", Role::Patient, Some("Patient/")).export_subject(),
            Err(Denied::NoPatient)
        );
        assert_eq!(
            requester("a", Role::Admin, Some("p1")).export_subject(),
            Ok(Subject::Everyone)
        );
    }

    #[test]
    fn a_job_is_seen_by_its_own_patient_and_by_admins() {
        let cases = [
            (
                requester("u1", Role::Patient, Some("p1")),
                job("u1", Some("p1")),
                true,
            ),
            (
                requester("u1", Role::Patient, Some("p2")),
                job("u1", Some("p1")),
                false,
            ),
            (
                requester("u2", Role::Patient, Some("p1")),
                job("u1", Some("p1")),
                false,
            ),
            (
                requester("u1", Role::Patient, None),
                job("u1", Some("p1")),
                false,
            ),
            (
                requester("u1", Role::Patient, Some("p1")),
                job("u1", None),
                false,
            ),
            (
                requester("a2", Role::Admin, None),
                job("u1", Some("p1")),
                true,
            ),
            (requester("a2", Role::Admin, None), job("a1", None), true),
        ];
        for (who, what, expected) in cases {
            assert_eq!(who.may_see(&what), expected);
        }
    }

    #[test]
    fn only_admins_operate() {
        assert!(requester("a", Role::Admin, None).may_operate());
        assert!(!requester("u1", Role::Patient, Some("p1")).may_operate());
    }

    #[test]
    fn debug_names_nobody() {
        let who = requester("canary-user", Role::Patient, Some("canary-patient"));
        let text = format!(
            "{who:?} {:?} {:?}",
            who.export_subject(),
            job("canary-user", Some("canary-patient"))
        );
        assert!(!text.contains("canary"), "{text}");
    }
}
