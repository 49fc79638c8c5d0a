//! A patient's life as far as it is recorded: who it is, and what each visit leaves behind. What a resource says follows
//! from this and from numbers of its own, so any of them can be written without the others.

use std::ops::Range;

use uuid::Uuid;

use super::{
    Random, RecordType, Records, Stream, Time,
    codes::{
        measures::{Measure, SMOKING, SURVEYS, VITALS},
        medicines::Medicine,
        panels::{PANELS, Panel},
        problems::{ACUTE, CHRONIC, Problem},
        visits::{VISITS, VisitKind},
    },
    names::{Name, Town},
    practice::{self, Site},
    prose::Subject,
};

/// Most patients come a few times, few come often; about five times in the mean.
const VISITS_EACH: [(u64, (u64, u64)); 5] = [
    (90, (0, 2)),
    (520, (1, 4)),
    (285, (4, 5)),
    (90, (9, 10)),
    (15, (20, 40)),
];
const CHRONIC_EACH: [(u64, u64); 5] = [(450, 0), (250, 1), (160, 2), (90, 3), (50, 5)];
const ALLERGIES_EACH: [(u64, u32); 4] = [(720, 0), (170, 1), (70, 2), (40, 4)];
const CONSENTS_EACH: [(u64, u32); 3] = [(600, 0), (320, 1), (80, 2)];

/// A patient and what is recorded of it.
pub(super) struct Life {
    pub(super) patient: u64,
    pub(super) id: Uuid,
    pub(super) name: Name,
    pub(super) female: bool,
    pub(super) born: Time,
    pub(super) created: Time,
    pub(super) died: Option<Time>,
    /// The practice it belongs to.
    pub(super) home: u64,
    pub(super) town: &'static Town,
    pub(super) allergies: u32,
    pub(super) consents: u32,
    /// Whether its records came from elsewhere at once.
    pub(super) imported: bool,
    pub(super) visits: Vec<Visit>,
    pub(super) diagnoses: Vec<Diagnosis>,
    pub(super) measures: Vec<&'static Measure>,
    pub(super) reports: Vec<Report>,
    /// As an adult, in millimetres and in hundredths of kg/m2.
    height: i64,
    mass_index: i64,
    pressure: i64,
}

/// A visit, and the numbers of the resources that it leaves behind.
pub(super) struct Visit {
    pub(super) number: u32,
    pub(super) kind: &'static VisitKind,
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) site: u64,
    pub(super) member: u32,
    pub(super) room: u32,
    /// The number of the condition it is about.
    pub(super) about: Option<u32>,
    pub(super) body: Body,
    first: [u32; RecordType::COUNT],
    count: [u32; RecordType::COUNT],
}

/// What the scales say at a visit: tenths of a centimetre, tenths of a kilogram, hundredths of kg/m2; and pressures.
#[derive(Clone, Copy, Default)]
pub(super) struct Body {
    pub(super) height: i64,
    pub(super) weight: i64,
    pub(super) mass_index: i64,
    pub(super) systolic: i64,
    pub(super) diastolic: i64,
}

/// A condition by its number.
pub(super) struct Diagnosis {
    pub(super) problem: &'static Problem,
    pub(super) chronic: bool,
}

/// A report by its number: of a panel with its observations, or of an image.
pub(super) struct Report {
    pub(super) panel: Option<&'static Panel>,
    pub(super) observations: Range<u32>,
}

impl Life {
    pub(super) fn of(records: &Records, patient: u64) -> Self {
        let random = &mut records.stream(Stream::Life, patient, 0);
        let home = practice::home(random, patient);
        let town = Site::of(records, home).town.near(random);
        let female = random.per_mille(515);
        // Of two, the earlier: more is recorded of those who have been known for long.
        let created = Time::any(random).min(Time::any(random));
        let mut life = Self {
            patient,
            id: records.id(RecordType::Patient, patient, 0),
            name: Name::any(random, female),
            female,
            born: created.earlier(random, 92 * 365),
            created,
            died: None,
            home,
            town,
            allergies: random.weighted(&ALLERGIES_EACH),
            consents: random.weighted(&CONSENTS_EACH),
            imported: random.per_mille(60),
            visits: Vec::new(),
            diagnoses: Vec::new(),
            measures: Vec::new(),
            reports: Vec::new(),
            height: if female { 1_480 } else { 1_600 } + digits(random, 320),
            mass_index: 1_800 + i64::midpoint(digits(random, 1_500), digits(random, 1_500)),
            pressure: 102 + digits(random, 45),
        };
        life.come_and_go(records, random);
        let end = life.visits.last().map_or(life.created, |visit| visit.end);
        life.died = random.per_mille(45).then(|| end.later(random, 900));
        life
    }

    /// The offset of the patient's times, in hours behind UTC.
    pub(super) fn behind(&self) -> i64 {
        self.town.behind
    }

    /// How many of a type the visits leave behind.
    pub(super) fn count(&self, of: RecordType) -> u32 {
        self.visits.last().map_or(0, |visit| visit.numbers(of).end)
    }

    /// What a text at a visit is about: its reason, and something that is taken for it.
    pub(super) fn subject(&self, visit: &Visit, random: &mut Random) -> Subject {
        let problem = match visit.about {
            Some(number) => self.diagnoses[number as usize].problem,
            None => random.pick(&ACUTE),
        };
        let medicine: &Medicine = random.pick(problem.treatment);
        Subject { problem, medicine }
    }

    fn come_and_go(&mut self, records: &Records, random: &mut Random) {
        let (least, spread) = random.weighted(&VISITS_EACH);
        let visits = least + random.below(spread);
        let chronic = random.weighted(&CHRONIC_EACH);
        let mut starts: Vec<Time> = (0..visits)
            .map(|_| {
                // Room for a long stay before the last day of all.
                let start = self.created.plus_days(15).later(random, 3_800);
                start.plus_days(-15)
            })
            .collect();
        starts.sort_unstable();
        let mut ahead = Vec::<&'static Problem>::new();
        for _ in 0..chronic {
            let problem: &Problem = random.pick(&CHRONIC);
            // What one has, one does not get again.
            if ahead.iter().all(|other| other.snomed != problem.snomed) {
                ahead.push(problem);
            }
        }
        let mut first = [0; RecordType::COUNT];
        for (number, start) in (0..).zip(starts) {
            let mut random = records.stream(Stream::Visit, self.patient, number);
            let visit = self.visit(records, &mut random, (number, start), first, &mut ahead);
            for (first, count) in first.iter_mut().zip(visit.count) {
                *first += count;
            }
            self.visits.push(visit);
        }
    }

    fn visit(
        &mut self,
        records: &Records,
        random: &mut Random,
        (number, start): (u32, Time),
        first: [u32; RecordType::COUNT],
        ahead: &mut Vec<&'static Problem>,
    ) -> Visit {
        let kind = random.weighted(VISITS);
        let site = if random.per_mille(800) {
            self.home
        } else {
            practice::home(random, self.patient)
        };
        let place = Site::of(records, site);
        let (least, spread) = kind.minutes;
        let mut visit = Visit {
            number,
            kind,
            start,
            end: start.plus_minutes(least + digits(random, spread)),
            site,
            member: random.below_u32(place.staff),
            room: random.below_u32(place.rooms),
            about: None,
            body: self.body(random, start),
            first,
            count: [0; RecordType::COUNT],
        };
        visit.add(RecordType::Encounter, 1);
        visit.add(RecordType::Condition, random.weighted(kind.conditions));
        visit.add(
            RecordType::MedicationRequest,
            random.weighted(kind.medicines),
        );
        visit.add(RecordType::Procedure, random.weighted(kind.procedures));
        visit.add(RecordType::Immunization, random.weighted(kind.vaccines));
        visit.add(
            RecordType::DocumentReference,
            random.weighted(kind.documents),
        );
        visit.add(RecordType::Provenance, u32::from(random.per_mille(240)));
        self.diagnose(random, &mut visit, ahead);
        self.measure(random, &mut visit);
        visit
    }

    fn diagnose(
        &mut self,
        random: &mut Random,
        visit: &mut Visit,
        ahead: &mut Vec<&'static Problem>,
    ) {
        let new = visit.numbers(RecordType::Condition);
        for _ in new.clone() {
            let chronic = if random.per_mille(600) {
                ahead.pop()
            } else {
                None
            };
            self.diagnoses.push(Diagnosis {
                problem: chronic.unwrap_or_else(|| random.pick(&ACUTE)),
                chronic: chronic.is_some(),
            });
        }
        visit.about = if !new.is_empty() {
            Some(new.start)
        } else if new.start > 0 && random.per_mille(700) {
            Some(random.below_u32(new.start))
        } else {
            None
        };
    }

    fn measure(&mut self, random: &mut Random, visit: &mut Visit) {
        let before = self.measures.len();
        let kind = visit.kind;
        if random.per_mille(kind.vitals) {
            let taken = usize::try_from(2 + random.below(6)).unwrap_or_default();
            self.measures.extend(VITALS.iter().take(taken));
        }
        if random.per_mille(kind.surveys) {
            self.measures.push(&SMOKING);
            let asked = random.below(3);
            self.measures
                .extend((0..asked).map(|_| random.weighted(&SURVEYS)));
        }
        let of_image = u32::from(random.per_mille(kind.imaging));
        let panels = kind
            .panels
            .iter()
            .take_while(|often| random.per_mille(**often))
            .count();
        let reports = self.reports.len();
        for _ in 0..panels {
            let panel = random.weighted(&PANELS);
            // Nobody asks for the same tests twice at once.
            if self.reports[reports..]
                .iter()
                .any(|report| report.panel.is_some_and(|asked| asked.code == panel.code))
            {
                continue;
            }
            let observations = number(self.measures.len());
            self.measures.extend(panel.measures);
            self.reports.push(Report {
                panel: Some(panel),
                observations: observations..number(self.measures.len()),
            });
        }
        self.reports.extend((0..of_image).map(|_| Report {
            panel: None,
            observations: 0..0,
        }));
        visit.add(
            RecordType::Observation,
            number(self.measures.len() - before),
        );
        visit.add(
            RecordType::DiagnosticReport,
            number(self.reports.len() - reports),
        );
    }

    fn body(&self, random: &mut Random, at: Time) -> Body {
        let days = at.days_since(self.born);
        let grown = (days * 1000 / (18 * 365)).min(1000);
        let height = 500 + (self.height - 500) * grown / 1000;
        let mass_index =
            1_600 + (self.mass_index - 1_600) * grown / 1000 + digits(random, 160) - 80;
        let systolic = 90 + (self.pressure - 90) * grown / 1000 + digits(random, 26) - 13;
        Body {
            height,
            // In hundredths of kg/m2 and in millimetres: the tenths of a kilogram are ten millionths.
            weight: mass_index * height * height / 10_000_000,
            mass_index,
            systolic,
            diastolic: systolic * 62 / 100 + digits(random, 12) - 4,
        }
    }
}

impl Visit {
    /// The numbers of the resources of a type that it leaves behind.
    pub(super) fn numbers(&self, of: RecordType) -> Range<u32> {
        let first = self.first[of as usize];
        first..first + self.count[of as usize]
    }

    fn add(&mut self, of: RecordType, count: u32) {
        self.count[of as usize] += count;
    }
}

/// A number of units below a limit.
fn digits(random: &mut Random, limit: i64) -> i64 {
    i64::try_from(random.below(limit.unsigned_abs())).unwrap_or_default()
}

/// A resource's number: a life has some thousands at most.
fn number(len: usize) -> u32 {
    u32::try_from(len).expect("a life has some thousands of resources")
}
