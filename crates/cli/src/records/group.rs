//! Groups: of patients who came one after the other. A group is written when its last patient is there, so that a set of
//! records that grows changes none.

use super::{RecordType, Records, Stream, Time, json::Json, practice};

/// Where the first groups end; the others have room for as many as the last of these.
const ENDS: [u64; 4] = [10, 50, 200, 600];
const ROOM: u64 = 400;
/// So many of a group's room are taken, in a thousand.
const TAKEN: u64 = 850;

const PURPOSES: [&str; 5] = [
    "Panel of primary care",
    "Diabetes registry",
    "Accountable care attribution",
    "Cohort of the annual quality measures",
    "Outreach for immunizations",
];

/// A group: its number, and the patients from whom its members come.
pub(super) struct Group {
    number: u64,
    first: u64,
    end: u64,
}

/// The group that is complete with this patient, if one is.
pub(super) fn complete_with(patient: u64) -> Option<Group> {
    let end = patient + 1;
    if let Some(at) = ENDS.iter().position(|known| *known == end) {
        return Some(Group {
            number: at as u64,
            first: at.checked_sub(1).map_or(0, |before| ENDS[before]),
            end,
        });
    }
    let after = end.checked_sub(ENDS[ENDS.len() - 1])?;
    after.is_multiple_of(ROOM).then(|| Group {
        number: ENDS.len() as u64 - 1 + after / ROOM,
        first: end - ROOM,
        end,
    })
}

impl Group {
    pub(super) fn write(&self, json: &mut Json<'_>, records: &Records) {
        let random = &mut records.random(RecordType::Group, self.number, 0);
        let since = Time::any(random);
        let id = records.id(RecordType::Group, self.number, 0);
        let site = practice::Site::of(records, practice::home(random, self.end - 1));
        json.begin(RecordType::Group, id, random, since);
        json.identifier("group", random);
        json.flag("active", true);
        json.text("type", "person");
        json.flag("actual", true);
        let purpose = random.word(&PURPOSES);
        json.object("code", |json| json.text("text", purpose));
        json.plain("name", format_args!("{purpose} {} of {site}", self.number));
        json.number(
            "quantity",
            i64::try_from(self.members(records).count()).unwrap_or_default(),
        );
        json.named("managingEntity", RecordType::Organization, site.id, &site);
        json.array("member", |json| {
            for patient in self.members(records) {
                json.item(|json| {
                    let id = records.id(RecordType::Patient, patient, 0);
                    json.reference("entity", RecordType::Patient, id);
                    if random.per_mille(30) {
                        json.flag("inactive", true);
                    }
                });
            }
        });
    }

    /// The first patient is always one, so that none is empty.
    fn members(&self, records: &Records) -> impl Iterator<Item = u64> {
        let (records, first) = (*records, self.first);
        (self.first..self.end).filter(move |patient| {
            let mut random = records.stream(Stream::Member, *patient, 0);
            *patient == first || random.per_mille(TAKEN)
        })
    }
}
