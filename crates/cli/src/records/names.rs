//! Names of people, streets and towns. Some are in scripts that a reader of bytes must not stumble over.

use super::Random;

#[rustfmt::skip]
const FEMALE: &[&str] = &[
    "Abigail", "Adriana", "Aisha", "Alba", "Alice", "Amara", "Amelia", "Ana María", "Anita", "Aoife", "Astrid", "Beatriz",
    "Bridget", "Camila", "Carmen", "Caroline", "Charlotte", "Chloé", "Clara", "Daniela", "Deborah", "Denise", "Dorothy", "Elena",
    "Elizabeth", "Emily", "Esperanza", "Evelyn", "Fatima", "Fiona", "Gabriela", "Giulia", "Grace", "Hannah", "Harriet", "Helen",
    "Imani", "Ingrid", "Isabel", "Jacqueline", "Jasmine", "Joan", "Josephine", "Karen", "Katherine", "Keisha", "Leila", "Linda",
    "Lourdes", "Lucy", "Magdalena", "Margaret", "Maria", "Marisol", "Mercedes", "Mei-Ling", "Naomi", "Natalia", "Nora", "Olivia",
    "Patricia", "Priya", "Rachel", "Rosa", "Ruth", "Samantha", "Saoirse", "Sofía", "Susan", "Theresa", "Valentina", "Yolanda", "Zoë",
];

#[rustfmt::skip]
const MALE: &[&str] = &[
    "Aaron", "Abdul", "Adam", "Alejandro", "Andrew", "Ángel", "Anthony", "Antonio", "Benjamin", "Brendan", "Carlos", "Charles",
    "Christopher", "Connor", "Daniel", "Darnell", "David", "Diego", "Dmitri", "Douglas", "Edward", "Emmanuel", "Enrique", "Eric",
    "Ernesto", "Felix", "Francisco", "Frank", "George", "Giovanni", "Gregory", "Guillermo", "Harold", "Hassan", "Henry", "Hiroshi",
    "Ibrahim", "Isaac", "Jamal", "James", "Javier", "Jerome", "Joaquín", "John", "Jorge", "José", "Juan Carlos", "Kenneth",
    "Kevin", "Kwame", "Lawrence", "Leonard", "Luis", "Malik", "Marcus", "Mario", "Matthew", "Miguel", "Mohammed", "Nathan",
    "Oliver", "Óscar", "Patrick", "Paul", "Rafael", "Raj", "Ricardo", "Robert", "Samuel", "Seán", "Stephen", "Thomas", "Victor", "William",
];

#[rustfmt::skip]
const FAMILY: &[&str] = &[
    "Abernathy", "Adams", "Aguilar", "Ahmed", "Anderson", "Bailey", "Baker", "Barnes", "Bauer", "Becker", "Bennett", "Bernal",
    "Boyle", "Brown", "Cabrera", "Campbell", "Castillo", "Chang", "Chen", "Clark", "Cohen", "Collins", "Connolly", "Cruz",
    "D'Amore", "Davis", "de la Cruz", "Díaz", "Dooley", "Edwards", "Emmerich", "Espinoza", "Evans", "Fernández", "Fisher", "Flores",
    "Foster", "Franco", "García", "Gibson", "Gleason", "Goldberg", "Gómez", "González", "Graham", "Green", "Gutiérrez", "Hall",
    "Harris", "Hayes", "Hernández", "Hoffman", "Howard", "Hughes", "Ibarra", "Jackson", "Jacobs", "Jenkins", "Johnson", "Jones",
    "Kaur", "Kelly", "Khan", "Kim", "King", "Klein", "Kowalski", "Kumar", "Larson", "Lee", "Lewis", "Lind", "Long", "López",
    "MacGyver", "Martin", "Martínez", "Mayer", "McCullough", "Mendoza", "Meyer", "Miller", "Mitchell", "Moore", "Morales", "Morgan",
    "Müller", "Murphy", "Nelson", "Nguyen", "Novak", "O'Connell", "O'Keefe", "Okafor", "Olson", "Ortiz", "Parker", "Patel", "Pérez",
    "Petrov", "Phillips", "Quintero", "Ramírez", "Reed", "Reyes", "Rivera", "Roberts", "Rodríguez", "Rogers", "Romero", "Rossi",
    "Russell", "Sánchez", "Sauer", "Schmidt", "Schroeder", "Scott", "Silva", "Singh", "Smith", "Stewart", "Suzuki", "Taylor",
    "Thompson", "Torres", "Tremblay", "Turner", "Vargas", "Vásquez", "Walker", "Watson", "White", "Williams", "Wilson", "Wong", "Wright", "Yilmaz", "Young",
];

/// Given and family names of people who write them otherwise.
const ELSEWHERE: &[(&str, &str)] = &[
    ("秀英", "王"),
    ("さくら", "髙橋"),
    ("민준", "김"),
    ("فاطمة", "الأحمد"),
    ("רבקה־לאה", "בן־דוד"),
    ("Ольга", "Шевченко"),
    ("Γιώργος", "Παπαδόπουλος"),
    ("प्रिया", "शर्मा"),
    ("Nguyễn Thị", "Trần"),
    ("Adébáyọ̀", "Okonkwo"),
    ("Bob \"Bobby\"", "Fitz\\Gerald"),
    ("子涵", "𠮷田"),
];

const STREETS: &[&str] = &[
    "Main",
    "Oak",
    "Maple",
    "Cedar",
    "Elm",
    "Washington",
    "Lake",
    "Hill",
    "Walnut",
    "Spring",
    "North",
    "Ridge",
    "Church",
    "Willow",
    "Meadow",
    "Mill",
    "River",
    "Sunset",
    "Jackson",
    "Highland",
    "Forest",
    "Chestnut",
    "Franklin",
    "Park",
    "Adams",
    "Jefferson",
    "Lincoln",
    "Madison",
    "Pleasant",
    "Prospect",
    "Harbor",
    "Valley",
    "Birch",
    "Orchard",
    "Dogwood",
    "Juniper",
    "Magnolia",
    "Cherry",
];
const STREET_KINDS: &[&str] = &[
    "Street",
    "Avenue",
    "Road",
    "Lane",
    "Drive",
    "Court",
    "Boulevard",
    "Way",
    "Terrace",
    "Place",
];

/// A town: what addresses, telephone numbers and times need of it.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) name: &'static str,
    pub(super) county: &'static str,
    pub(super) state: &'static str,
    /// The first three digits of its postal codes.
    pub(super) postal: &'static str,
    pub(super) dialling: &'static str,
    /// North and east, in hundredths of a degree.
    pub(super) position: (i64, i64),
    /// Hours behind UTC.
    pub(super) behind: i64,
}

const fn town(
    (name, county, state): (&'static str, &'static str, &'static str),
    (postal, dialling): (&'static str, &'static str),
    position: (i64, i64),
    behind: i64,
) -> Town {
    Town {
        name,
        county,
        state,
        postal,
        dialling,
        position,
        behind,
    }
}

#[rustfmt::skip]
static TOWNS: [Town; 24] = [
    town(("Boston", "Suffolk County", "MA"), ("021", "617"), (4_236, -7_106), 5),
    town(("Worcester", "Worcester County", "MA"), ("016", "508"), (4_226, -7_180), 5),
    town(("Springfield", "Hampden County", "MA"), ("011", "413"), (4_210, -7_259), 5),
    town(("Portland", "Cumberland County", "ME"), ("041", "207"), (4_366, -7_026), 5),
    town(("Providence", "Providence County", "RI"), ("029", "401"), (4_182, -7_141), 5),
    town(("Brooklyn", "Kings County", "NY"), ("112", "718"), (4_068, -7_394), 5),
    town(("Buffalo", "Erie County", "NY"), ("142", "716"), (4_289, -7_888), 5),
    town(("Philadelphia", "Philadelphia County", "PA"), ("191", "215"), (3_995, -7_517), 5),
    town(("Raleigh", "Wake County", "NC"), ("276", "919"), (3_578, -7_864), 5),
    town(("Atlanta", "Fulton County", "GA"), ("303", "404"), (3_375, -8_439), 5),
    town(("Miami", "Miami-Dade County", "FL"), ("331", "305"), (2_576, -8_019), 5),
    town(("Cleveland", "Cuyahoga County", "OH"), ("441", "216"), (4_150, -8_169), 5),
    town(("Chicago", "Cook County", "IL"), ("606", "312"), (4_188, -8_763), 6),
    town(("Madison", "Dane County", "WI"), ("537", "608"), (4_307, -8_940), 6),
    town(("Minneapolis", "Hennepin County", "MN"), ("554", "612"), (4_498, -9_327), 6),
    town(("Des Moines", "Polk County", "IA"), ("503", "515"), (4_159, -9_362), 6),
    town(("New Orleans", "Orleans Parish", "LA"), ("701", "504"), (2_995, -9_007), 6),
    town(("San Antonio", "Bexar County", "TX"), ("782", "210"), (2_942, -9_849), 6),
    town(("Denver", "Denver County", "CO"), ("802", "303"), (3_974, -10_499), 7),
    town(("Albuquerque", "Bernalillo County", "NM"), ("871", "505"), (3_508, -10_665), 7),
    town(("Salt Lake City", "Salt Lake County", "UT"), ("841", "801"), (4_076, -11_189), 7),
    town(("Seattle", "King County", "WA"), ("981", "206"), (4_761, -12_233), 8),
    town(("Oakland", "Alameda County", "CA"), ("946", "510"), (3_780, -12_227), 8),
    town(("San Diego", "San Diego County", "CA"), ("921", "619"), (3_272, -11_716), 8),
];

/// A person's name.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) given: &'static str,
    pub(super) middle: &'static str,
    pub(super) family: &'static str,
}

impl Name {
    pub(super) fn any(random: &mut Random, female: bool) -> Self {
        let given = if female { FEMALE } else { MALE };
        if random.per_mille(40) {
            let (given, family) = *random.pick(ELSEWHERE);
            return Self {
                given,
                middle: given,
                family,
            };
        }
        Self {
            given: random.word(given),
            middle: random.word(given),
            family: random.word(FAMILY),
        }
    }

    /// The name of a practitioner or of a relative: one that everybody can read.
    pub(super) fn common(random: &mut Random, female: bool) -> Self {
        let given = if female { FEMALE } else { MALE };
        Self {
            given: random.word(given),
            middle: random.word(given),
            family: random.word(FAMILY),
        }
    }
}

impl Town {
    pub(super) fn any(random: &mut Random) -> &'static Self {
        random.pick(&TOWNS)
    }

    pub(super) fn near(&'static self, random: &mut Random) -> &'static Self {
        if random.per_mille(750) {
            self
        } else {
            Self::any(random)
        }
    }
}

pub(super) fn street(random: &mut Random) -> String {
    let house = random.below(1100) + 1;
    let (name, kind) = (random.word(STREETS), random.word(STREET_KINDS));
    match random.below(10) {
        0 => format!("{house} {name} {kind} Apt {}", random.below(90) + 1),
        1 => format!("{house} {name} {kind} Unit {}", random.below(90) + 1),
        _ => format!("{house} {name} {kind}"),
    }
}

pub(super) fn phone(random: &mut Random, town: &Town) -> String {
    // Numbers with 555 belong to nobody.
    format!("{}-555-{:04}", town.dialling, random.below(10_000))
}
