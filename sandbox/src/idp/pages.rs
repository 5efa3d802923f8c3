//! The pages for people, in English and Spanish.

use askama::Template;

/// The words of the pages in one language.
struct Words {
    lang: &'static str,
    title: &'static str,
    intro: &'static str,
    username: &'static str,
    password: &'static str,
    submit: &'static str,
    cancel: &'static str,
    refused: &'static str,
    wait: &'static str,
    hint: &'static str,
    notice: &'static str,
    fault: &'static str,
    fault_advice: &'static str,
    signed_out: &'static str,
    signed_out_advice: &'static str,
    /// The other language, by its own name, and its tag.
    other: &'static str,
    other_tag: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    title: "Sign in",
    intro: "Use a synthetic account to continue.",
    username: "User name",
    password: "Password",
    submit: "Sign in",
    cancel: "Cancel",
    refused: "That user name and password do not belong together. Check both and try again.",
    wait: "Too many wrong passwords for this account. Wait a minute, then try again.",
    hint: "For example BBUser00000 with PW00000!, up to BBUser29999 with PW29999!",
    notice: "Sandbox. All people and claims here are made up.",
    fault: "This sign-in cannot go on",
    fault_advice: "Go back to the application that sent you here and begin again.",
    signed_out: "You are signed out",
    signed_out_advice: "You can close this page.",
    other: "Español",
    other_tag: "es",
};

const SPANISH: Words = Words {
    lang: "es",
    title: "Iniciar sesión",
    intro: "Use una cuenta inventada para continuar.",
    username: "Nombre de usuario",
    password: "Contraseña",
    submit: "Iniciar sesión",
    cancel: "Cancelar",
    refused: "El nombre de usuario y la contraseña no coinciden. Revise ambos e inténtelo de nuevo.",
    wait: "Demasiadas contraseñas incorrectas para esta cuenta. Espere un minuto e inténtelo de nuevo.",
    hint: "Por ejemplo BBUser00000 con PW00000!, hasta BBUser29999 con PW29999!",
    notice: "Entorno de pruebas. Todas las personas y reclamaciones son inventadas.",
    fault: "No se puede continuar con este inicio de sesión",
    fault_advice: "Vuelva a la aplicación que lo envió aquí y comience de nuevo.",
    signed_out: "Ha cerrado la sesión",
    signed_out_advice: "Puede cerrar esta página.",
    other: "English",
    other_tag: "en",
};

#[derive(Template)]
#[template(path = "signin.html")]
struct SignIn<'a> {
    words: &'a Words,
    request: &'a str,
    username: &'a str,
    password: &'a str,
    refused: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    words: &'a Words,
    heading: &'a str,
    text: &'a str,
    detail: &'a str,
}

/// What the form says after a wrong password.
pub(super) const fn wrong_password(spanish: bool) -> &'static str {
    words(spanish).refused
}

/// What the form says after many wrong passwords.
pub(super) const fn wait(spanish: bool) -> &'static str {
    words(spanish).wait
}

/// The sign-in form with its hidden field, and what its two fields begin with; `refused` says why it is shown again.
pub(super) fn sign_in(
    spanish: bool,
    request: &str,
    (username, password): (&str, &str),
    refused: Option<&str>,
) -> String {
    render(&SignIn {
        words: words(spanish),
        request,
        username,
        password,
        refused,
    })
}

/// A request that cannot be sent back to its client.
pub(super) fn fault(spanish: bool, reason: &str) -> String {
    let words = words(spanish);
    render(&Message {
        words,
        heading: words.fault,
        text: words.fault_advice,
        detail: reason,
    })
}

/// After sign-out.
pub(super) fn signed_out(spanish: bool) -> String {
    let words = words(spanish);
    render(&Message {
        words,
        heading: words.signed_out,
        text: words.signed_out_advice,
        detail: "",
    })
}

const fn words(spanish: bool) -> &'static Words {
    if spanish { &SPANISH } else { &ENGLISH }
}

/// Writing into a string fails only where a value's own formatting fails, and ours are strings.
fn render(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
