//! What must be in no log line and, in clear, in no table.

use super::*;

/// Every value of every table, with the table's name.
fn store(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for row in world
        .sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let Value::Text(table) = &row[0] else {
            panic!("a table without a name");
        };
        for value in world
            .sql(&format!("SELECT * FROM {table}"))
            .into_iter()
            .flatten()
        {
            match value {
                Value::Text(text) => all.push((table.clone(), text.into_bytes())),
                Value::Blob(bytes) => all.push((table.clone(), bytes)),
                _ => {}
            }
        }
    }
    all
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len())
        .any(|window| window == part.as_bytes())
}

#[test]
fn no_secret_number_name_or_subject_is_in_a_log_or_in_clear_in_the_store() {
    let world = World::new();
    let person = Person::new("Subject-in-so-many-words", "9ZZ9ZZ9ZZ99");
    world.patient(&person.mbi, &["-20140000008325"]);
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &person, SCOPE);
    let code = world.decide(&browser, &page, "allow", "share").code();
    let first = world.exchange(&client, &code).tokens();
    let second = world.refresh(&client, &first.refresh).tokens();
    world.claims(&second.access);
    world.userinfo(&second.access);
    world.about_token("introspect", &client, &second.access);
    // Refusals speak too.
    world.exchange(&client, &code);
    world.refresh(&client, &first.refresh);
    world.claims(&first.access);
    world.patient(&person.mbi, &["-5"]);
    let started = world.authorize(&browser, &client, &[]);
    world.sign_in(&browser, &started, &person);

    let cookies: Vec<_> = browser.0.borrow().values().cloned().collect();
    let mut secrets = vec![
        person.mbi.as_str(),
        "Name of",
        "name@example.org",
        &client.secret,
        &client.registration_token,
        &code,
        VERIFIER,
        &page.transaction,
        &page.csrf,
        &first.access,
        &first.refresh,
        &second.access,
        &second.refresh,
    ];
    secrets.extend(cookies.iter().map(String::as_str));
    let store = store(&world);
    let log = world.log.0.lock().unwrap();
    assert!(store.len() > 100 && log.len() > 8);
    for secret in secrets {
        for (table, value) in &store {
            assert!(!contains(value, secret), "{secret} in {table}");
        }
    }
    let mut unlogged = vec![person.subject.as_str(), "-20140000008325", STATE, CHALLENGE];
    unlogged.extend([
        person.mbi.as_str(),
        "Name of",
        &client.secret,
        &code,
        VERIFIER,
        &page.transaction,
    ]);
    unlogged.extend(
        [
            &first.access,
            &first.refresh,
            &second.access,
            &second.refresh,
        ]
        .map(String::as_str),
    );
    for secret in unlogged {
        for line in log.iter() {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
    for (table, value) in &store {
        let identity = ["identity", "identity_conflict"].contains(&table.as_str());
        assert!(
            identity || !contains(value, &person.subject),
            "the subject in {table}"
        );
        assert!(
            identity || !contains(value, "-20140000008325"),
            "the patient id in {table}"
        );
    }
}

#[test]
fn names_are_kept_only_where_profile_was_granted_and_then_sealed() {
    let world = World::new();
    let client = world.app("App");
    world.code(&client, &anne(), "patient/Patient.rs openid");
    assert_eq!(
        world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
        0
    );
    let tokens = world.connect(&client, &anne());
    assert_eq!(
        world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
        1
    );
    assert_eq!(
        world.userinfo(&tokens.access).json()["name"],
        "Name of 1S00A00AA01"
    );
    // Narrowed again: forgotten again.
    world.code(&client, &anne(), "patient/Patient.rs");
    assert_eq!(
        world.count("consent_grant WHERE profile_sealed IS NOT NULL"),
        0
    );
}

/// Whoever writes to the file cannot show one person's name to another, or to another application.
#[test]
fn a_sealed_profile_opens_in_its_own_row_only() {
    let world = World::new();
    let (one, two) = (world.app("One"), world.app("Two"));
    let tokens = [
        world.connect(&one, &anne()),
        world.connect(&one, &bert()),
        world.connect(&two, &anne()),
    ];
    let names = || {
        let name = |tokens: &Tokens| world.userinfo(&tokens.access).json()["name"].clone();
        [name(&tokens[0]), name(&tokens[1]), name(&tokens[2])]
    };
    assert_eq!(
        names(),
        [
            "Name of 1S00A00AA01",
            "Name of 1S00A00AA02",
            "Name of 1S00A00AA01"
        ]
    );
    let sealed = |id: i64| format!("(SELECT profile_sealed FROM former WHERE id = {id})");
    world.sql("CREATE TEMP TABLE former AS SELECT id, profile_sealed FROM consent_grant");
    // Anne's to Bert, Bert's to Anne; and Anne's of the other application.
    for (to, from) in [(1, 2), (2, 1), (1, 3), (3, 1)] {
        world.sql(&format!(
            "UPDATE consent_grant SET profile_sealed = {} WHERE id = {to}",
            sealed(from)
        ));
        let found = names();
        let index = usize::try_from(to - 1).unwrap();
        assert_eq!(found[index], "", "row {to} with the name of row {from}");
        let line = world.log.0.lock().unwrap().last().cloned().unwrap();
        assert!(
            line.contains("userinfo") || line.contains("profile.unopened"),
            "{line}"
        );
        world.sql(&format!(
            "UPDATE consent_grant SET profile_sealed = {} WHERE id = {to}",
            sealed(to)
        ));
    }
    let log = world.log.0.lock().unwrap();
    let unopened = log.iter().filter(|line| line.contains("profile.unopened"));
    assert_eq!(unopened.count(), 4);
}
