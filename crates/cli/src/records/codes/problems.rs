//! Problems: a disorder in SNOMED CT and in ICD-10-CM, and what it is treated with.

use super::{
    Code, icd_10,
    medicines::{
        AIRWAYS, ALLERGY, BLOOD, BLOOD_PRESSURE, BONE_AND_GOUT, DIABETES, HEART, INFECTION, LIPIDS,
        MOOD, Medicine, PAIN, STOMACH, THYROID,
    },
    snomed,
};

/// A problem of a patient.
#[derive(Debug)]
pub(in crate::records) struct Problem {
    pub(in crate::records) snomed: Code,
    pub(in crate::records) icd_10: Code,
    pub(in crate::records) treatment: &'static [Medicine],
}

type Row = (
    (&'static str, &'static str),
    (&'static str, &'static str),
    &'static [Medicine],
);

const fn problems<const N: usize>(rows: [Row; N]) -> [Problem; N] {
    let mut all = [const {
        Problem {
            snomed: snomed("", ""),
            icd_10: icd_10("", ""),
            treatment: PAIN,
        }
    }; N];
    let mut at = 0;
    while at < N {
        let ((code, display), (icd, icd_display), treatment) = rows[at];
        all[at] = Problem {
            snomed: snomed(code, display),
            icd_10: icd_10(icd, icd_display),
            treatment,
        };
        at += 1;
    }
    all
}

/// Problems that stay.
#[rustfmt::skip]
pub(in crate::records) static CHRONIC: [Problem; 28] = problems([
    (("59621000", "Essential hypertension (disorder)"), ("I10", "Essential (primary) hypertension"), BLOOD_PRESSURE),
    (("44054006", "Diabetes mellitus type 2 (disorder)"), ("E11.9", "Type 2 diabetes mellitus without complications"), DIABETES),
    (("55822004", "Hyperlipidemia (disorder)"), ("E78.5", "Hyperlipidemia, unspecified"), LIPIDS),
    (("195967001", "Asthma (disorder)"), ("J45.909", "Unspecified asthma, uncomplicated"), AIRWAYS),
    (("13645005", "Chronic obstructive lung disease (disorder)"), ("J44.9", "Chronic obstructive pulmonary disease, unspecified"), AIRWAYS),
    (("53741008", "Coronary arteriosclerosis (disorder)"), ("I25.10", "Atherosclerotic heart disease of native coronary artery without angina pectoris"), HEART),
    (("49436004", "Atrial fibrillation (disorder)"), ("I48.91", "Unspecified atrial fibrillation"), HEART),
    (("84114007", "Heart failure (disorder)"), ("I50.9", "Heart failure, unspecified"), HEART),
    (("433144002", "Chronic kidney disease stage 3 (disorder)"), ("N18.30", "Chronic kidney disease, stage 3 unspecified"), BLOOD_PRESSURE),
    (("370143000", "Major depressive disorder (disorder)"), ("F32.9", "Major depressive disorder, single episode, unspecified"), MOOD),
    (("197480006", "Anxiety disorder (disorder)"), ("F41.9", "Anxiety disorder, unspecified"), MOOD),
    (("40930008", "Hypothyroidism (disorder)"), ("E03.9", "Hypothyroidism, unspecified"), THYROID),
    (("396275006", "Osteoarthritis (disorder)"), ("M19.90", "Unspecified osteoarthritis, unspecified site"), PAIN),
    (("64859006", "Osteoporosis (disorder)"), ("M81.0", "Age-related osteoporosis without current pathological fracture"), BONE_AND_GOUT),
    (("235595009", "Gastroesophageal reflux disease (disorder)"), ("K21.9", "Gastro-esophageal reflux disease without esophagitis"), STOMACH),
    (("414916001", "Obesity (disorder)"), ("E66.9", "Obesity, unspecified"), LIPIDS),
    (("15777000", "Prediabetes (finding)"), ("R73.03", "Prediabetes"), DIABETES),
    (("271737000", "Anemia (disorder)"), ("D64.9", "Anemia, unspecified"), BLOOD),
    (("37796009", "Migraine (disorder)"), ("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"), PAIN),
    (("69896004", "Rheumatoid arthritis (disorder)"), ("M06.9", "Rheumatoid arthritis, unspecified"), PAIN),
    (("90560007", "Gout (disorder)"), ("M10.9", "Gout, unspecified"), BONE_AND_GOUT),
    (("78275009", "Obstructive sleep apnea syndrome (disorder)"), ("G47.33", "Obstructive sleep apnea (adult) (pediatric)"), BLOOD_PRESSURE),
    (("26929004", "Alzheimer's disease (disorder)"), ("G30.9", "Alzheimer's disease, unspecified"), MOOD),
    (("24700007", "Multiple sclerosis (disorder)"), ("G35", "Multiple sclerosis"), PAIN),
    (("34000006", "Crohn's disease (disorder)"), ("K50.90", "Crohn's disease, unspecified, without complications"), STOMACH),
    (("254837009", "Malignant neoplasm of breast (disorder)"), ("C50.919", "Malignant neoplasm of unspecified site of unspecified female breast"), PAIN),
    (("363406005", "Malignant neoplasm of colon (disorder)"), ("C18.9", "Malignant neoplasm of colon, unspecified"), PAIN),
    (("24079001", "Atopic dermatitis (disorder)"), ("L20.9", "Atopic dermatitis, unspecified"), ALLERGY),
]);

/// Problems that pass.
#[rustfmt::skip]
pub(in crate::records) static ACUTE: [Problem; 30] = problems([
    (("444814009", "Viral sinusitis (disorder)"), ("J01.90", "Acute sinusitis, unspecified"), PAIN),
    (("10509002", "Acute bronchitis (disorder)"), ("J20.9", "Acute bronchitis, unspecified"), AIRWAYS),
    (("195662009", "Acute viral pharyngitis (disorder)"), ("J02.8", "Acute pharyngitis due to other specified organisms"), PAIN),
    (("43878008", "Streptococcal sore throat (disorder)"), ("J02.0", "Streptococcal pharyngitis"), INFECTION),
    (("65363002", "Otitis media (disorder)"), ("H66.90", "Otitis media, unspecified, unspecified ear"), INFECTION),
    (("68566005", "Urinary tract infectious disease (disorder)"), ("N39.0", "Urinary tract infection, site not specified"), INFECTION),
    (("54150009", "Upper respiratory infection (disorder)"), ("J06.9", "Acute upper respiratory infection, unspecified"), PAIN),
    (("233604007", "Pneumonia (disorder)"), ("J18.9", "Pneumonia, unspecified organism"), INFECTION),
    (("6142004", "Influenza (disorder)"), ("J11.1", "Influenza due to unidentified influenza virus with other respiratory manifestations"), PAIN),
    (("840539006", "Disease caused by severe acute respiratory syndrome coronavirus 2 (disorder)"), ("U07.1", "COVID-19"), PAIN),
    (("44465007", "Sprain of ankle (disorder)"), ("S93.409A", "Sprain of unspecified ligament of unspecified ankle, initial encounter"), PAIN),
    (("283371005", "Laceration of forearm (disorder)"), ("S51.819A", "Laceration without foreign body of unspecified forearm, initial encounter"), PAIN),
    (("110030002", "Concussion injury of brain (disorder)"), ("S06.0X0A", "Concussion without loss of consciousness, initial encounter"), PAIN),
    (("65966004", "Fracture of forearm (disorder)"), ("S52.90XA", "Unspecified fracture of unspecified forearm, initial encounter for closed fracture"), PAIN),
    (("279039007", "Low back pain (finding)"), ("M54.50", "Low back pain, unspecified"), PAIN),
    (("25064002", "Headache (finding)"), ("R51.9", "Headache, unspecified"), PAIN),
    (("29857009", "Chest pain (finding)"), ("R07.9", "Chest pain, unspecified"), HEART),
    (("74400008", "Appendicitis (disorder)"), ("K37", "Unspecified appendicitis"), INFECTION),
    (("235919008", "Cholelithiasis (disorder)"), ("K80.20", "Calculus of gallbladder without cholecystitis without obstruction"), PAIN),
    (("22298006", "Myocardial infarction (disorder)"), ("I21.9", "Acute myocardial infarction, unspecified"), HEART),
    (("230690007", "Cerebrovascular accident (disorder)"), ("I63.9", "Cerebral infarction, unspecified"), HEART),
    (("91302008", "Sepsis (disorder)"), ("A41.9", "Sepsis, unspecified organism"), INFECTION),
    (("40275004", "Contact dermatitis (disorder)"), ("L25.9", "Unspecified contact dermatitis, unspecified cause"), ALLERGY),
    (("61582004", "Allergic rhinitis (disorder)"), ("J30.9", "Allergic rhinitis, unspecified"), ALLERGY),
    (("128045006", "Cellulitis (disorder)"), ("L03.90", "Cellulitis, unspecified"), INFECTION),
    (("25374005", "Gastroenteritis (disorder)"), ("K52.9", "Noninfective gastroenteritis and colitis, unspecified"), STOMACH),
    (("14760008", "Constipation (finding)"), ("K59.00", "Constipation, unspecified"), STOMACH),
    (("193462001", "Insomnia (disorder)"), ("G47.00", "Insomnia, unspecified"), MOOD),
    (("9826008", "Conjunctivitis (disorder)"), ("H10.9", "Unspecified conjunctivitis"), INFECTION),
    (("95570007", "Kidney stone (disorder)"), ("N20.0", "Calculus of kidney"), PAIN),
]);
