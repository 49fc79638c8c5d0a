//! What clinicians write: notes of varied sentences, so that text compresses as text does and not as a repetition.

use super::{Random, codes::medicines::Medicine, codes::problems::Problem};

const SYMPTOMS: &[&str] = &[
    "shortness of breath",
    "fatigue",
    "a dry cough",
    "intermittent dizziness",
    "nausea",
    "joint stiffness",
    "night sweats",
    "loss of appetite",
    "swelling of the ankles",
    "palpitations",
    "blurred vision",
    "abdominal discomfort",
    "a sore throat",
    "headache",
    "low mood",
    "difficulty sleeping",
    "numbness of the fingers",
    "back pain",
    "heartburn",
    "a productive cough",
    "itching",
    "chest tightness",
    "muscle cramps",
    "frequent urination",
    "a low-grade fever",
    "constipation",
];
const PLACES: &[&str] = &[
    "left knee",
    "right knee",
    "lower back",
    "right shoulder",
    "left wrist",
    "neck",
    "left ankle",
    "right hip",
    "abdomen",
    "chest wall",
    "right forearm",
    "left calf",
    "jaw",
    "both hands",
];
const PEOPLE: &[&str] = &[
    "spouse",
    "daughter",
    "son",
    "mother",
    "sister",
    "brother",
    "neighbor",
    "employer",
    "caregiver",
    "case manager",
];

/// Sentences; `#` is a number, `%` a symptom, `@` a place of the body, `&` a person, `^` the problem, `~` a medicine.
const SENTENCES: &[&str] = &[
    "Patient presents with % for the past # days.",
    "Reports that % has improved since the last visit.",
    "Denies % and % at this time.",
    "Describes pain in the @ rated # of 10, worse in the morning.",
    "Pain in the @ radiates occasionally and is relieved by rest.",
    "The patient's & is concerned about %.",
    "Accompanied by &, who confirms the history.",
    "^ has been stable on the current regimen.",
    "^ remains poorly controlled; adherence was discussed in detail.",
    "History of ^ first noted # years ago.",
    "Takes ~ without side effects.",
    "Missed # doses of ~ in the last month.",
    "~ was started # weeks ago and is tolerated well.",
    "Increase ~ if no response within # days.",
    "Discontinue ~ because of %.",
    "Lungs clear to auscultation bilaterally; no wheezes, rales or rhonchi.",
    "Heart: regular rate and rhythm, no murmurs, rubs or gallops.",
    "Abdomen soft, non-tender, non-distended, bowel sounds present.",
    "Extremities without edema; pulses 2+ and symmetric.",
    "Mild tenderness over the @ without erythema or effusion.",
    "Range of motion of the @ is limited by # degrees.",
    "Skin warm and dry, no rash; small lesion of # mm on the @.",
    "Neurological examination is grossly intact, gait steady.",
    "Blood pressure 1#/8# on the left arm, repeated after five minutes of rest.",
    "Weight is up by # pounds since the previous visit.",
    "Oxygen saturation 9# percent on room air.",
    "Laboratory results were reviewed with the patient; potassium 4.#, creatinine 0.#.",
    "ECG shows sinus rhythm at 7# beats per minute without acute ST changes.",
    "Imaging of the @ shows no acute abnormality.",
    "Smokes # cigarettes a day and is considering quitting.",
    "Drinks # glasses of wine a week; no illicit drugs.",
    "Works # hours a week and lives with &.",
    "Currently unemployed, housing is stable, has health insurance.",
    "Family history: & with ^ at age 6#.",
    "Diet and exercise were reviewed; goal is # minutes of walking a day.",
    "Return precautions were given: %, % or worsening pain.",
    "Follow up in # weeks or sooner if % recurs.",
    "Refer to physical therapy for the @, # sessions.",
    "Refer to cardiology for evaluation of %.",
    "Order basic metabolic panel and repeat in # days.",
    "Immunizations were reviewed and are up to date but for influenza.",
    "Patient verbalized understanding and agrees with the plan.",
    "Questions of the patient's & were answered to satisfaction.",
    "Time spent with the patient: # minutes, more than half of it in counseling.",
    "Differential includes ^, less likely infection given the absence of %.",
    "Wound of the @ is healing by secondary intention, # cm, no drainage.",
    "Sutures removed from the @ on day #.",
    "PHQ-2 score was #, GAD-7 score was #.",
    "No known sick contacts; & had % last week.",
    "Return to work on light duty for # days.",
    "Advance directives were discussed; the patient's & is the health care proxy.",
    "Interpreter (número #) took part in the visit by telephone.",
    "States: \"I have had % since I changed ~ .\"",
    "Temp 36.# °C, SpO₂ 0.9#, pain ≤ #/10 — within expected limits.",
];

const HEADINGS: [&str; 6] = [
    "Chief Complaint",
    "History of Present Illness",
    "Social History",
    "Physical Exam",
    "Assessment",
    "Plan",
];

const FINDINGS: &[&str] = &[
    "No acute cardiopulmonary abnormality.",
    "Findings are stable compared with the study of # months ago.",
    "There is a nodule of # mm in the @ that warrants follow-up.",
    "Mild degenerative changes of the @ without fracture.",
    "The specimen was received in good condition and processed within # hours.",
    "Results are consistent with ^.",
    "Values outside of the reference range were called to the ordering provider.",
    "Clinical correlation is recommended in view of %.",
    "No evidence of ^ on this examination.",
    "Technically limited by motion; repeat in # weeks if % persists.",
    "The heart size is normal and the lungs are clear.",
    "Incidental finding in the @, probably benign.",
];

/// What a note is about.
pub(super) struct Subject {
    pub(super) problem: &'static Problem,
    pub(super) medicine: &'static Medicine,
}

impl Subject {
    /// A whole note under headings, of so many sentences each.
    pub(super) fn note(&self, random: &mut Random, sentences: (u64, u64), note: &mut String) {
        for heading in HEADINGS {
            note.push_str(heading);
            note.push_str(":\n");
            for _ in 0..=random.below(sentences.1) + sentences.0 {
                self.sentence(random, SENTENCES, note);
                note.push(if random.per_mille(250) { '\n' } else { ' ' });
            }
            note.push('\n');
        }
        while note.ends_with(char::is_whitespace) {
            note.pop();
        }
    }

    /// A few sentences in one paragraph.
    pub(super) fn remark(&self, random: &mut Random, sentences: u64) -> String {
        self.paragraph(random, SENTENCES, sentences)
    }

    /// What a report concludes.
    pub(super) fn conclusion(&self, random: &mut Random) -> String {
        let sentences = 1 + random.below(3);
        self.paragraph(random, FINDINGS, sentences)
    }

    fn paragraph(&self, random: &mut Random, from: &[&'static str], sentences: u64) -> String {
        let mut text = String::with_capacity(256);
        for sentence in 0..sentences {
            if sentence > 0 {
                text.push(' ');
            }
            self.sentence(random, from, &mut text);
        }
        text
    }

    fn sentence(&self, random: &mut Random, from: &[&'static str], text: &mut String) {
        let mut rest = random.word(from);
        while let Some(at) = rest.find(['#', '%', '@', '&', '^', '~']) {
            let (before, mark) = rest.split_at(at);
            text.push_str(before);
            match mark.as_bytes()[0] {
                b'#' => text.push(char::from(b'1' + digit(random))),
                b'%' => text.push_str(random.word(SYMPTOMS)),
                b'@' => text.push_str(random.word(PLACES)),
                b'&' => text.push_str(random.word(PEOPLE)),
                b'^' => text.push_str(self.problem.snomed.words()),
                _ => text.push_str(self.medicine.code.display),
            }
            rest = &mark[1..];
        }
        text.push_str(rest);
    }
}

fn digit(random: &mut Random) -> u8 {
    u8::try_from(random.below(9)).unwrap_or_default()
}
