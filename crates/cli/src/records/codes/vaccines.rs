//! Vaccines in CVX.

use super::{Code, cvx};

/// A vaccine: its code, the doses of its series, how much a dose is in hundredths of a millilitre.
#[derive(Debug)]
pub(in crate::records) struct Vaccine {
    pub(in crate::records) code: Code,
    pub(in crate::records) doses: u32,
    pub(in crate::records) volume: i64,
}

const fn vaccine(code: &'static str, display: &'static str, doses: u32, volume: i64) -> Vaccine {
    Vaccine {
        code: cvx(code, display),
        doses,
        volume,
    }
}

/// For everybody.
#[rustfmt::skip]
pub(in crate::records) static ANY_AGE: [Vaccine; 6] = [
    vaccine("140", "Influenza, seasonal, injectable, preservative free", 1, 50),
    vaccine("140", "Influenza, seasonal, injectable, preservative free", 1, 50),
    vaccine("208", "SARS-COV-2 (COVID-19) vaccine, mRNA, spike protein, LNP, preservative free, 30 mcg/0.3mL dose", 2, 30),
    vaccine("207", "SARS-COV-2 (COVID-19) vaccine, mRNA, spike protein, LNP, preservative free, 100 mcg/0.5mL dose or 50 mcg/0.25mL dose", 2, 50),
    vaccine("115", "Tdap", 1, 50),
    vaccine("113", "Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed", 1, 50),
];

/// For children and the young.
#[rustfmt::skip]
pub(in crate::records) static YOUNG: [Vaccine; 11] = [
    vaccine("08", "Hep B, adolescent or pediatric", 3, 50),
    vaccine("20", "DTaP", 5, 50),
    vaccine("10", "IPV", 4, 50),
    vaccine("49", "Hib (PRP-OMP)", 3, 50),
    vaccine("133", "Pneumococcal conjugate PCV 13", 4, 50),
    vaccine("119", "rotavirus, monovalent", 2, 100),
    vaccine("03", "MMR", 2, 50),
    vaccine("21", "varicella", 2, 50),
    vaccine("83", "Hep A, ped/adol, 2 dose", 2, 50),
    vaccine("62", "HPV, quadrivalent", 3, 50),
    vaccine("114", "meningococcal MCV4P", 2, 50),
];

/// For adults and the old.
#[rustfmt::skip]
pub(in crate::records) static GROWN: [Vaccine; 5] = [
    vaccine("43", "Hep B, adult", 3, 100),
    vaccine("52", "Hep A, adult", 2, 100),
    vaccine("187", "zoster recombinant", 2, 50),
    vaccine("33", "pneumococcal polysaccharide vaccine, 23 valent", 1, 50),
    vaccine("121", "zoster live", 1, 65),
];

pub(in crate::records) const MAKERS: [&str; 6] = [
    "Sanofi Pasteur",
    "GlaxoSmithKline",
    "Merck Sharp & Dohme",
    "Pfizer-BioNTech",
    "Moderna US",
    "Seqirus",
];
