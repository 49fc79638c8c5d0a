//! Diagnostic reports: of the laboratory with their observations, and of images with their findings.

use super::{
    Place, RecordType,
    codes::{administration as adm, reports::IMAGING},
    document_reference::attachment,
    json::Json,
    practice::Site,
};

pub(super) fn write(json: &mut Json<'_>, at: &Place<'_>, number: u32) {
    let random = &mut at.random(RecordType::DiagnosticReport, number);
    let (life, visit) = (at.life, at.visit);
    let report = &life.reports[number as usize];
    let id = at.id(RecordType::DiagnosticReport, number);
    let (code, section) = match report.panel {
        Some(panel) => (&panel.code, panel.section),
        None => (random.pick(&IMAGING), adm::RADIOLOGY),
    };
    let issued = visit.end.later(random, 4);
    json.begin(RecordType::DiagnosticReport, id, random, issued);
    json.identifier("report", random);
    let status = random.weighted(&[(930, "final"), (40, "amended"), (30, "preliminary")]);
    json.text("status", status);
    json.concepts("category", &section);
    json.worded("code", &[code], code.display);
    json.reference("subject", RecordType::Patient, life.id);
    let encounter = at.id(RecordType::Encounter, visit.number);
    json.reference("encounter", RecordType::Encounter, encounter);
    json.time("effectiveDateTime", visit.start, life.behind());
    json.instant("issued", issued);
    let site = Site::of(at.records, visit.site);
    json.array("performer", |json| {
        json.item(|json| json.refer_named(RecordType::Organization, site.id, &site));
    });
    let member = site.member(at.records, random.below_u32(site.staff));
    json.array("resultsInterpreter", |json| {
        json.item(|json| json.refer_named(RecordType::Practitioner, member.id, &member));
    });
    if !report.observations.is_empty() {
        json.array("result", |json| {
            for observation in report.observations.clone() {
                let id = at.id(RecordType::Observation, observation);
                json.item(|json| json.refer(RecordType::Observation, id));
            }
        });
    }
    let is_image = report.panel.is_none();
    if is_image || random.per_mille(300) {
        let subject = life.subject(visit, random);
        json.text("conclusion", &subject.conclusion(random));
        if is_image {
            json.one("presentedForm", |json| {
                attachment(json, &subject, (0, 2), code.display, issued, random);
            });
        }
    }
}
