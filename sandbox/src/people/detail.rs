//! What is known of one person besides their claims.

use super::names::{CITIES, FAMILY, FAMILY_ES, MEN, MEN_ES, STATES, STREETS, WOMEN, WOMEN_ES};
use super::{Mbi, PersonNumber};
use crate::date::Day;
use crate::rng::Rng;

/// Separates the streams of random numbers that describe a person from those of their claims.
const DOMAIN: u64 = 1;

/// The day that ages are counted at.
const REFERENCE: Day = Day::of(2025, 1, 1);

/// The documented people and the hard cases have no claims after this day, so that theirs are always the same.
const LAST_FIXED_SERVICE: Day = Day::of(2025, 6, 30);

/// Nobody has claims after this day. Claims of others appear as time goes on: see [`PersonNumber::is_fixed`].
const LAST_SERVICE: Day = Day::of(2027, 12, 31);

/// No service date lies before this day, on which ICD-10 took the place of ICD-9.
const FIRST_SERVICE: Day = Day::of(2015, 10, 1);

/// The sex on Medicare's records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not recorded.
    Unknown,
}

/// The race code on Medicare's records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Race {
    /// The code, `0` to `6`.
    pub code: &'static str,
    /// What it stands for.
    pub display: &'static str,
}

const RACES: [(Race, u32); 7] = [
    (
        Race {
            code: "1",
            display: "White",
        },
        75,
    ),
    (
        Race {
            code: "2",
            display: "Black",
        },
        10,
    ),
    (
        Race {
            code: "5",
            display: "Hispanic",
        },
        8,
    ),
    (
        Race {
            code: "4",
            display: "Asian",
        },
        3,
    ),
    (
        Race {
            code: "3",
            display: "Other",
        },
        2,
    ),
    (
        Race {
            code: "6",
            display: "North American Native",
        },
        1,
    ),
    (
        Race {
            code: "0",
            display: "Unknown",
        },
        1,
    ),
];

/// Why someone has Medicare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entitlement {
    Age,
    Disability,
    KidneyDisease,
}

/// A person as Medicare knows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their number.
    pub number: PersonNumber,
    /// First name.
    pub given: &'static str,
    /// Middle initial, where there is one.
    pub middle: Option<&'static str>,
    /// Family name.
    pub family: &'static str,
    /// Sex on the records.
    pub sex: Sex,
    /// Race on the records.
    pub race: Race,
    /// Date of birth.
    pub birth: Day,
    /// Date of death.
    pub death: Option<Day>,
    /// State: the postal abbreviation, or the two digits of the Social Security list for `BBUser28324`.
    pub state: &'static str,
    /// Postal code.
    pub zip: String,
    /// Street and city, sent only when the request asks for them.
    pub street: String,
    /// See `street`.
    pub city: &'static str,
    /// Medicare number.
    pub mbi: Mbi,
    /// The year of the enrollment data, absent for some.
    pub reference_year: Option<i32>,
    /// Whether Medicaid helps: the dual status code of each month.
    pub dual: &'static str,
    /// First day with Medicare.
    pub enrolled: Day,
    /// The person's language, as a language tag.
    pub locale: &'static str,
    pub(crate) entitlement: Entitlement,
    /// First day of Part D, where the person has it.
    pub(crate) part_d: Option<Day>,
    /// Medicare Advantage contract and plan, where the person has one.
    pub(crate) part_c: Option<(&'static str, &'static str)>,
}

impl Person {
    /// Computes the person of a number.
    #[must_use]
    pub fn of(number: PersonNumber) -> Self {
        let mut rng = Rng::of(DOMAIN, u64::from(number.get()), 0, 0);
        let sex = match rng.below(1000) {
            0..=539 => Sex::Female,
            540..=998 => Sex::Male,
            _ => Sex::Unknown,
        };
        let race = rng.pick_weighted(&RACES, |row| row.1).0;
        let hispanic = race.code == "5" || rng.percent(2);
        let (women, men, families) = if hispanic {
            (WOMEN_ES, MEN_ES, FAMILY_ES)
        } else {
            (WOMEN, MEN, FAMILY)
        };
        let given = *rng.pick(if sex == Sex::Male { men } else { women });
        let middle = rng.percent(70).then(|| *rng.pick(&INITIALS));
        let family = *rng.pick(families);
        let (entitlement, birth, enrolled) = life(&mut rng);
        let death = death(&mut rng, birth, enrolled);
        let (state, prefix, _) = *rng.pick_weighted(STATES, |row| row.2);
        let zip = format!("{prefix}{:02}", rng.between(1, 99));
        let street = format!("{} {}", rng.between(10, 9_999), rng.pick(STREETS));
        let city = *rng.pick(CITIES);
        let dual = *rng.pick_weighted(&DUAL, |row| row.1);
        let reference_year = rng.percent(97).then_some(match death {
            Some(day) => day.year(),
            None => 2025,
        });
        let part_d = rng.percent(78).then(|| enrolled.max(Day::of(2006, 1, 1)));
        let part_c = rng.percent(12).then(|| *rng.pick(&ADVANTAGE));
        let locale = if hispanic && rng.percent(55) {
            "es"
        } else {
            "en"
        };
        let mut person = Self {
            number,
            given,
            middle,
            family,
            sex,
            race,
            birth,
            death,
            state,
            zip,
            street,
            city,
            mbi: Mbi::of(number),
            reference_year,
            dual: dual.0,
            enrolled,
            locale,
            entitlement,
            part_d,
            part_c,
        };
        person.apply_documentation();
        person
    }

    /// First and last name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// The Friday on which the person's own record was loaded last.
    #[must_use]
    pub fn updated(&self) -> Day {
        let weeks = Rng::of(DOMAIN, u64::from(self.number.get()), 1, 0).below(60);
        LAST_FIXED_SERVICE
            .plus(-7 * i32::try_from(weeks).unwrap_or(0))
            .max(self.enrolled)
            .next_friday()
    }

    /// Part D contract and plan.
    pub(crate) fn drug_plan(&self) -> (&'static str, &'static str) {
        *Rng::of(DOMAIN, u64::from(self.number.get()), 2, 0).pick(&DRUG_PLANS)
    }

    /// The first and the last day that claims may have.
    pub(crate) fn service_window(&self) -> (Day, Day) {
        let end = if self.number.is_fixed() {
            LAST_FIXED_SERVICE
        } else {
            LAST_SERVICE
        };
        let last = self.death.map_or(end, |death| death.min(end));
        (self.enrolled.max(FIRST_SERVICE).min(last.plus(-30)), last)
    }

    /// The people that documents describe keep what the documents say.
    fn apply_documentation(&mut self) {
        let living = |person: &mut Self, birth: Day, enrolled: Day| {
            person.birth = birth;
            person.enrolled = enrolled;
            person.death = None;
            person.reference_year = Some(2025);
            person.part_d = Some(enrolled);
            person.part_c = None;
            person.locale = "en";
        };
        match self.number {
            PersonNumber::DOE => {
                // A child can have Medicare because of kidney failure only.
                living(self, Day::of(2014, 6, 1), Day::of(2015, 9, 1));
                self.entitlement = Entitlement::KidneyDisease;
                self.given = "Jordan";
                self.middle = None;
                self.family = "Doe";
                self.sex = Sex::Unknown;
                self.race = RACES[0].0;
                self.state = "15";
                "99999".clone_into(&mut self.zip);
            }
            PersonNumber::MANY_CLAIMS => living(self, Day::of(1946, 9, 23), Day::of(2011, 9, 1)),
            PersonNumber::FIRST => {
                living(self, Day::of(1951, 3, 8), Day::of(2016, 3, 1));
                self.entitlement = Entitlement::Age;
                self.given = "Rosa";
                self.middle = Some("E");
                self.family = "Delgado";
                self.sex = Sex::Female;
                self.race = RACES[2].0;
                self.state = "NM";
                "87102".clone_into(&mut self.zip);
            }
            PersonNumber::LUCILLE => {
                living(self, Day::of(1948, 5, 20), Day::of(2013, 5, 1));
                self.entitlement = Entitlement::Age;
                self.given = "Lucille";
                self.middle = Some("M");
                self.family = "Ambrose";
                self.sex = Sex::Female;
                self.state = "OH";
                "44105".clone_into(&mut self.zip);
            }
            PersonNumber::JACK => {
                living(self, Day::of(1955, 7, 2), Day::of(2020, 7, 1));
                self.entitlement = Entitlement::Age;
                self.given = "Jack";
                self.middle = None;
                self.family = "Harmon";
                self.sex = Sex::Male;
                self.state = "KY";
                "40202".clone_into(&mut self.zip);
            }
            PersonNumber::LAST => {
                living(self, Day::of(1952, 11, 14), Day::of(2017, 11, 1));
                self.entitlement = Entitlement::Age;
                self.given = "Jane";
                self.family = "Doe";
                self.sex = Sex::Female;
            }
            _ => {}
        }
    }
}

const INITIALS: [&str; 20] = [
    "A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W",
    "Y",
];

/// Dual status codes with their share of the people.
const DUAL: [(&str, u32); 5] = [("NA", 82), ("02", 9), ("08", 4), ("01", 3), ("03", 2)];

/// Synthetic Medicare Advantage contracts and plans.
const ADVANTAGE: [(&str, &str); 4] = [
    ("Z0001", "001"),
    ("Z0004", "003"),
    ("Z0012", "801"),
    ("Z1006", "012"),
];

/// Synthetic Part D contracts and plans.
const DRUG_PLANS: [(&str, &str); 4] = [
    ("Z0001", "020"),
    ("Z0002", "011"),
    ("Z0007", "104"),
    ("Z1006", "001"),
];

/// Age at the reference day in bands: lowest, highest, share in thousands.
const AGES: [(u32, u32, u32); 8] = [
    (0, 19, 1),
    (20, 44, 30),
    (45, 64, 95),
    (65, 69, 240),
    (70, 74, 235),
    (75, 84, 275),
    (85, 94, 112),
    (95, 105, 12),
];

/// Why, born when, and enrolled when.
fn life(rng: &mut Rng) -> (Entitlement, Day, Day) {
    let (low, high, _) = *rng.pick_weighted(&AGES, |row| row.2);
    let age = i32::try_from(rng.between(low, high)).unwrap_or(70);
    let month = i32::try_from(rng.between(1, 12)).unwrap_or(1);
    let day = i32::try_from(rng.between(1, 28)).unwrap_or(1);
    let birth = Day::of(REFERENCE.year() - age - 1, month, day);
    if age >= 65 && !rng.percent(8) {
        // Medicare begins with the month of the 65th birthday.
        return (
            Entitlement::Age,
            birth,
            Day::of(birth.year() + 65, month, 1),
        );
    }
    let since = REFERENCE.plus(-i32::try_from(rng.between(300, 4_000)).unwrap_or(300));
    let (year, month, _) = since.max(birth.plus(366)).civil();
    let reason = if rng.percent(8) || age < 20 {
        Entitlement::KidneyDisease
    } else {
        Entitlement::Disability
    };
    (reason, birth, Day::of(year, month, 1))
}

/// Older people have died more often; nobody died before the window of claims had begun for them.
fn death(rng: &mut Rng, birth: Day, enrolled: Day) -> Option<Day> {
    let age = (REFERENCE.0 - birth.0) / 365;
    let share = match age {
        95.. => 45,
        85..=94 => 25,
        75..=84 => 11,
        65..=74 => 4,
        _ => 2,
    };
    let died = rng.percent(share);
    let before = i32::try_from(rng.between(1, 3_000)).unwrap_or(1);
    let day = Day::of(2026, 6, 30).plus(-before);
    (died && day.0 > enrolled.0 + 400).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u16) -> Person {
        Person::of(PersonNumber::new(number).unwrap())
    }

    #[test]
    fn the_documented_people_are_as_documented() {
        let doe = person(28_324);
        assert_eq!(
            (doe.family, doe.sex, doe.race.display),
            ("Doe", Sex::Unknown, "White")
        );
        assert_eq!(
            (doe.birth.to_string().as_str(), doe.state, doe.zip.as_str()),
            ("2014-06-01", "15", "99999")
        );
        assert_eq!(person(29_999).full_name(), "Jane Doe");
    }

    #[test]
    fn the_population_has_the_shape_of_medicare() {
        let people: Vec<Person> = PersonNumber::all().map(Person::of).collect();
        let share = |test: &dyn Fn(&Person) -> bool| {
            people.iter().filter(|person| test(person)).count() * 1000 / people.len()
        };
        let age = |person: &Person| (REFERENCE.0 - person.birth.0) / 365;
        assert!((840..900).contains(&share(&|p| age(p) >= 65)));
        assert!((100..160).contains(&share(&|p| age(p) >= 85)));
        assert!((520..560).contains(&share(&|p| p.sex == Sex::Female)));
        assert!((60..140).contains(&share(&|p| p.death.is_some())));
        assert!((20..40).contains(&share(&|p| p.reference_year.is_none())));
        assert!((150..210).contains(&share(&|p| p.dual != "NA")));
        let ages: Vec<i32> = people.iter().map(age).collect();
        let (least, most) = (ages.iter().min().copied(), ages.iter().max().copied());
        assert!(least >= Some(0) && least < Some(5), "{least:?}");
        assert!(most > Some(100) && most <= Some(106), "{most:?}");
        assert!(share(&|p| p.sex == Sex::Unknown) <= 5);
        assert!(people.iter().any(|p| p.sex == Sex::Unknown));
        // Every state in its share.
        let total: u32 = STATES.iter().map(|row| row.2).sum();
        for (state, _, weight) in STATES {
            let expected = 30_000 * weight / total;
            let found = people.iter().filter(|p| p.state == *state).count();
            let found = u32::try_from(found).unwrap();
            assert!(
                found.abs_diff(expected) <= expected / 5 + 12,
                "{state}: {found}, {expected}"
            );
        }
        assert!((8..14).contains(&share(&|p| p.number.is_merged())));
        for person in &people {
            let (first, last) = person.service_window();
            assert!(first < last, "{:?}", person.number);
            assert!(
                person.birth < first && person.death.is_none_or(|day| last <= day),
                "{:?}",
                person.number
            );
        }
    }
}
