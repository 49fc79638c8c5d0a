//! The words of the sample: names of many scripts, addresses, and the texts of records, with all that text may hold:
//! quotes, line breaks, tabs, backslashes, emoji, right-to-left script and, rarely, a stray control character.

use super::Random;

/// A people's names and places.
pub(super) struct People {
    pub(super) given: &'static [&'static str],
    family: &'static [&'static str],
    streets: &'static [&'static str],
    dialling: &'static str,
}

pub(super) const PEOPLES: &[People] = &[
    People {
        given: &[
            "Maria",
            "James",
            "Siân",
            "O'Neal",
            "Anne-Marie",
            "Bob \"Bobby\"",
            "Zoë",
            "Jean\u{2011}Luc",
        ],
        family: &[
            "O'Brien",
            "Smith",
            "Fitz\\Gerald",
            "de la Cruz",
            "Müller-Lüdenscheidt",
            "Garcia",
            "van 't Hoff",
        ],
        streets: &[
            "12 St James's Square\nLondon SW1Y 4JH",
            "Flat 3\\B, 9 Main St.",
            "1600 \"Old\" Mill Rd\tUnit 7",
        ],
        dialling: "+44 20 ",
    },
    People {
        given: &["Nguyễn Thị", "Đức", "Phương", "Hương"],
        family: &["Trần", "Lê", "Phạm", "Hoàng"],
        streets: &[
            "45 Phố Huế, Hai Bà Trưng, Hà Nội",
            "12/3 Đường Lê Lợi\r\nQuận 1",
        ],
        dialling: "+84 24 ",
    },
    People {
        given: &["伟", "秀英", "子涵", "志强"],
        family: &["王", "李", "欧阳", "𠮷田"],
        streets: &["北京市朝阳区建国路88号", "上海市黄浦区南京东路100号 3楼"],
        dialling: "+86 10 ",
    },
    People {
        given: &["さくら", "太郎", "ユウキ", "陽葵"],
        family: &["佐藤", "鈴木", "髙橋", "渡邊"],
        streets: &[
            "東京都千代田区丸の内1-1-1",
            "大阪府大阪市北区梅田2丁目\n〒530-0001",
        ],
        dialling: "+81 3 ",
    },
    People {
        given: &["민준", "서연", "지우"],
        family: &["김", "이", "박"],
        streets: &[
            "서울특별시 중구 세종대로 110",
            "부산광역시 해운대구 우동 1234",
        ],
        dialling: "+82 2 ",
    },
    People {
        given: &["محمد", "فاطمة", "عبد الله", "ليلى"],
        family: &["الأحمد", "بن علي", "حسن"],
        streets: &["شارع الملك فهد، الرياض ١٢٣٤", "حي النخيل\nدبي"],
        dialling: "+966 11 ",
    },
    People {
        given: &["שרה", "יוסף", "רבקה־לאה"],
        family: &["כהן", "לוי", "בן־דוד"],
        streets: &["רחוב הרצל 5, תל אביב", "שד' רוטשילד 16"],
        dialling: "+972 3 ",
    },
    People {
        given: &["Анна", "Дмитрий", "Ольга Петровна", "Ярослав"],
        family: &["Иванова", "Шевченко", "Достоевский"],
        streets: &["ул. Ленина, д. 1, кв. 2", "вул. Хрещатик, 22\nКиїв"],
        dialling: "+7 495 ",
    },
    People {
        given: &["Ελένη", "Γιώργος", "Ἀχιλλεύς"],
        family: &["Παπαδόπουλος", "Οικονόμου"],
        streets: &["Ερμού 10, Αθήνα 105 63"],
        dialling: "+30 21 ",
    },
    People {
        given: &["प्रिया", "राजेश", "லட்சுமி", "สมชาย"],
        family: &["शर्मा", "குமார்", "ใจดี", "পাল"],
        streets: &["एम जी रोड, मुंबई ४००००१", "ถนนสุขุมวิท 11 กรุงเทพฯ"],
        dialling: "+91 22 ",
    },
    People {
        given: &["Adébáyọ̀", "Chioma", "ሰላም", "Nkrumah"],
        family: &["Okonkwo", "Mensah-Bonsu", "ተፈሪ", "N'Diaye"],
        streets: &["7 Marina Rd, Lagos Island", "P.O. Box 12\n\tAccra"],
        dialling: "+234 1 ",
    },
];

pub(super) fn given_name(random: &mut Random, people: &People) -> String {
    (*random.pick(people.given)).to_owned()
}

pub(super) fn family_name(random: &mut Random, people: &People) -> String {
    (*random.pick(people.family)).to_owned()
}

pub(super) fn phone(random: &mut Random, people: &People) -> String {
    format!("{}{:07}", people.dialling, random.below(10_000_000))
}

pub(super) fn address(random: &mut Random, people: &People) -> String {
    (*random.pick(people.streets)).to_owned()
}

const FINDINGS: &[&str] = &[
    "Patient reports improvement since the last visit.",
    "BP 128/79, pulse 72, SpO₂ 98 %, temp. 36.8 °C.",
    "States: \"it hurts when I breathe\" — no fever, no cough.",
    "Δ creatinine < 0.3 mg/dL; eGFR > 60 (CKD-EPI).",
    "Path: C:\\PACS\\2024\\series_07",
    "Na\t140\nK\t4.1\nCl\t102",
    "Kontrolle in 2 Wochen; Überweisung an Dr. Groß.",
    "Sans particularité. Prochain contrôle dans 6 mois.",
    "يشكو المريض من صداع متكرر",
    "経過良好。次回は来月。",
    "Пациент жалоб не предъявляет.",
    "Follow-up: yes 👍🏽; allergies: none ❌",
    "Dose: 5 mg × 2/d, 10 days; see {protocol} <v2> & 'local rules'.",
    "1) rest\r\n2) fluids\r\n3) paracetamol 500 mg p.r.n.",
    "Histology: pT1c pN0 (sn) M0, G2, R0; Ki-67 ≈ 10–15 %.",
    "N/A",
];

const STRAYS: &[char] = &[
    '\u{1}', '\u{7}', '\u{8}', '\u{B}', '\u{C}', '\u{1B}', '\u{1F}', '\u{7F}',
];

/// From nothing but white space to a page, mostly a sentence or two.
pub(super) fn description(random: &mut Random, record_type: &str) -> String {
    if random.per_mille(10) {
        return (*random.pick(&["", " ", "\n\t"])).to_owned();
    }
    let sentences = random.weighted(&[(500, 1), (300, 2), (180, 4), (20, 24)]);
    let mut text = String::with_capacity(64 * sentences);
    text.push_str(record_type);
    text.push(':');
    for _ in 0..sentences {
        text.push(if random.per_mille(300) { '\n' } else { ' ' });
        let finding: &&str = random.pick(FINDINGS);
        text.push_str(finding);
    }
    if random.per_mille(5) {
        text.push(*random.pick(STRAYS));
        text.push_str("end of transmission");
    }
    text
}

pub(super) fn title(random: &mut Random, record_type: &str) -> String {
    let form = random.pick(&[
        "Report",
        "Scan \"A\"",
        "Befund",
        "Résumé",
        "報告書",
        "تقرير",
    ]);
    format!("{form} {} ({record_type})", 1000 + random.below(9000))
}

pub(super) fn event(random: &mut Random, event_type: &str) -> String {
    let why = random.pick(&[
        "during the visit",
        "at the patient's request",
        "by the \"night\" shift",
        "after review\nsee note",
        "lors de la visite",
        "по запросу",
        "als Kopie\tan den Hausarzt",
        "via C:\\import",
    ]);
    format!("Record {event_type} {why}")
}
