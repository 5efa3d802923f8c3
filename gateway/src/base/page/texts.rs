//! Every visible text, each key with its English and its Spanish.
//!
//! Paragraphs of one text are separated by line breaks, the names of the months by spaces. Texts of the developer
//! portal stand in a table of their own.

use crate::base::language::Language;

/// A table of texts: a key cannot lack a language, and the test below sees that it was translated.
macro_rules! texts {
    ($(#[$doc:meta])* $table:ident { $($key:ident: $english:expr, $spanish:expr;)* }) => {
        $(#[$doc])*
        pub(crate) struct $table {
            $(pub(crate) $key: &'static str,)*
        }

        impl $table {
            /// The texts of a language.
            pub(crate) const fn of(language: Language) -> &'static Self {
                match language {
                    Language::English => &Self { $($key: $english,)* },
                    Language::Spanish => &Self { $($key: $spanish,)* },
                }
            }

            /// Key, English, Spanish.
            #[cfg(test)]
            pub(crate) const ALL: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($key), $english, $spanish),)*];
        }
    };
}
pub(crate) use texts;

texts! {
    /// Sign-in, consent, account, and what can go wrong on the way.
    Texts {
        access_allowed:
            "You allowed it to see your information",
            "Usted le permitió ver su información";
        access_fhir:
            "Looked at your Medicare information",
            "Consultó su información de Medicare";
        access_profile:
            "Looked at your name and e-mail address",
            "Consultó su nombre y correo electrónico";
        access_revoked:
            "You stopped its access",
            "Usted detuvo su acceso";
        access_sign_in:
            "You, or somebody with your password, signed in",
            "Usted, o alguien con su contraseña, inició sesión";
        access_times:
            "times",
            "veces";
        access_what:
            "What happened",
            "Qué pasó";
        access_when:
            "When",
            "Cuándo";
        access_who:
            "App",
            "Aplicación";
        accesses_empty:
            "Nothing yet.",
            "Nada todavía.";
        accesses_heading:
            "What happened lately",
            "Qué pasó últimamente";
        accesses_note:
            "Each line is an app and a day, with the last time of day. Days and times are in UTC.",
            "Cada línea es una aplicación y un día, con la última hora. Los días y las horas están en UTC.";
        account_empty:
            "No app can see your Medicare information.",
            "Ninguna aplicación puede ver su información de Medicare.";
        account_heading:
            "Apps that can see your Medicare information",
            "Aplicaciones que pueden ver su información de Medicare";
        account_title:
            "Your connected apps",
            "Sus aplicaciones conectadas";
        allow:
            "Allow",
            "Permitir";
        another_account:
            "Use another account",
            "Usar otra cuenta";
        application_heading:
            "The app sent a request that we cannot accept",
            "La aplicación envió una solicitud que no podemos aceptar";
        application_text:
            "You did nothing wrong. Please tell the people who make the app. This is what they need to know:",
            "Usted no hizo nada mal. Avise a quienes hacen la aplicación. Esto es lo que necesitan saber:";
        approved:
            "The team of this service checked this app before it could ask you.",
            "El equipo de este servicio revisó esta aplicación antes de que pudiera preguntarle.";
        asks:
            "wants to see your Medicare information",
            "quiere ver su información de Medicare";
        back_to:
            "Back to the app",
            "Volver a la aplicación";
        busy_heading:
            "Too many requests at once",
            "Demasiadas solicitudes a la vez";
        busy_text:
            "Please wait a minute, then go back to the app and start again.",
            "Espere un minuto, vuelva a la aplicación y empiece de nuevo.";
        cancelled_heading:
            "You did not sign in",
            "Usted no inició sesión";
        cancelled_text:
            "You stopped, so no data was shared. You can go back to the app, or sign in after all.",
            "Usted se detuvo y no se compartió ningún dato. Puede volver a la aplicación o iniciar sesión de todos modos.";
        can_see:
            "It can see:",
            "Puede ver:";
        cancel:
            "Keep the access",
            "Mantener el acceso";
        choice:
            "Your personal information",
            "Su información personal";
        conflict_heading:
            "We stopped this sign-in to keep your data safe",
            "Detuvimos este inicio de sesión para proteger sus datos";
        conflict_text:
            "Your account does not match our records in the way it should. We have stopped here so that nobody sees another person's information.\nOur team has been told. Please try again later, or contact support with the number below.",
            "Su cuenta no coincide con nuestros registros como debería. Nos detuvimos aquí para que nadie vea la información de otra persona.\nNuestro equipo ya lo sabe. Inténtelo más tarde o comuníquese con el servicio de ayuda y dé el número de abajo.";
        consent_title:
            "Allow access to your Medicare information?",
            "¿Permitir el acceso a su información de Medicare?";
        deny:
            "Do not allow",
            "No permitir";
        expired_heading:
            "This page can no longer be used",
            "Esta página ya no se puede usar";
        expired_text:
            "It was open too long, was answered already, or was started in another browser. Go back to the app and start again.",
            "Estuvo abierta demasiado tiempo, ya se respondió o se abrió en otro navegador. Vuelva a la aplicación y empiece de nuevo.";
        inactive_heading:
            "This app cannot be used right now",
            "Esta aplicación no se puede usar ahora";
        item_claims:
            "Your claims: visits, hospital stays, prescriptions, and what was paid",
            "Sus reclamaciones: visitas, estadías en el hospital, medicamentos recetados y lo que se pagó";
        item_coverage:
            "Your Medicare coverage: Parts A, B, C and D",
            "Su cobertura de Medicare: Partes A, B, C y D";
        item_patient:
            "About you: name, date of birth, sex, race, state and ZIP code",
            "Sobre usted: nombre, fecha de nacimiento, sexo, raza, estado y código postal";
        item_profile:
            "Your name and e-mail address",
            "Su nombre y correo electrónico";
        last_access:
            "Last looked:",
            "Última consulta:";
        length_one_time:
            "The app can see this once, for about one hour.",
            "La aplicación puede ver esto una vez, durante una hora más o menos.";
        length_research:
            "The app can see this for as long as the study goes on. There is no end date.",
            "La aplicación puede ver esto mientras dure el estudio. No hay fecha de fin.";
        length_thirteen_months:
            "The app can see this for 13 months. Then it has to ask you again.",
            "La aplicación puede ver esto durante 13 meses. Después tiene que preguntarle otra vez.";
        locked_text:
            crate::base::errors::INTERNAL_ISSUE,
            "Medicare no puede obtener sus datos en este momento por un problema interno. Nuestro equipo ya lo sabe y trabaja para resolverlo. Inténtelo de nuevo más tarde. Disculpe las molestias.";
        months:
            "January February March April May June July August September October November December",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre";
        look_again:
            "The app has changed what you see here. Please look again, then decide.",
            "La aplicación cambió lo que usted ve aquí. Revíselo otra vez y luego decida.";
        never:
            "not yet",
            "todavía no";
        no_end:
            "no end date",
            "sin fecha de fin";
        not_found_heading:
            "We could not find your Medicare record",
            "No encontramos su registro de Medicare";
        not_found_text:
            "You are signed in, but there is no Medicare record for this account. If you think this is wrong, contact support with the number below.",
            "Usted inició sesión, pero no hay un registro de Medicare para esta cuenta. Si cree que es un error, comuníquese con el servicio de ayuda y dé el número de abajo.";
        other_language:
            "Español",
            "English";
        other_language_tag:
            "es",
            "en";
        paused:
            "This app is stopped at present. It can see nothing until it is allowed again.",
            "Esta aplicación está detenida por ahora. No puede ver nada hasta que se permita otra vez.";
        policy:
            "Privacy policy of the app",
            "Política de privacidad de la aplicación";
        press_again:
            "We could not keep your choice. Please press again.",
            "No pudimos guardar su decisión. Presione otra vez.";
        request_heading:
            "We could not accept what your browser sent",
            "No pudimos aceptar lo que envió su navegador";
        request_text:
            "Please go back and try again. If it happens again, this is what support needs to know:",
            "Vuelva atrás e inténtelo de nuevo. Si vuelve a pasar, esto es lo que el servicio de ayuda necesita saber:";
        request_id:
            "Number of this request:",
            "Número de esta solicitud:";
        revoke:
            "Stop access",
            "Detener el acceso";
        revoke_heading:
            "Stop the access of",
            "¿Detener el acceso de";
        revoke_text:
            "The app will not be able to see anything new about you, starting now.\nWhat it has seen already, it may keep. Ask the people who make the app to delete it.",
            "La aplicación no podrá ver nada nuevo sobre usted desde este momento.\nLo que ya vio lo puede conservar. Pida a quienes hacen la aplicación que lo borren.";
        revoked:
            "Access was stopped. The app can see nothing new from now on.",
            "Se detuvo el acceso. Desde ahora la aplicación no puede ver nada nuevo.";
        share:
            "Share my personal information too: about me, my name and e-mail address.",
            "Compartir también mi información personal: sobre mí, mi nombre y correo electrónico.";
        sign_in_heading:
            "The sign-in did not work",
            "No se pudo iniciar sesión";
        sign_in_text:
            "No data was shared. You can try again.",
            "No se compartió ningún dato. Puede intentarlo de nuevo.";
        sign_out:
            "Sign out",
            "Cerrar sesión";
        sign_out_heading:
            "Do you want to sign out?",
            "¿Quiere cerrar la sesión?";
        sign_out_text:
            "This ends your visit in this browser, here and where you signed in. Apps that you allowed keep their access.",
            "Esto termina su visita en este navegador, aquí y donde inició sesión. Las aplicaciones que usted permitió conservan su acceso.";
        signed_out_heading:
            "You are signed out",
            "Usted cerró la sesión";
        signed_out_text:
            "Nobody is signed in here in this browser.",
            "Nadie tiene una sesión abierta aquí en este navegador.";
        signed_in:
            "You are signed in.",
            "Usted inició sesión.";
        signed_in_as:
            "You are signed in as",
            "Usted inició sesión como";
        since:
            "Since:",
            "Desde:";
        stop:
            "You can stop it at any time, on this page:",
            "Puede detenerlo cuando quiera, en esta página:";
        terms:
            "Terms of the app",
            "Condiciones de la aplicación";
        try_again:
            "Try again",
            "Intentar de nuevo";
        unchecked:
            "This is a test environment with made-up people. Nobody checked this app.",
            "Este es un entorno de pruebas con personas inventadas. Nadie revisó esta aplicación.";
        unavailable_heading:
            "We cannot do this right now",
            "No podemos hacer esto ahora";
        unavailable_text:
            "A part of our service does not answer. No data was shared. Please try again in a few minutes.",
            "Una parte de nuestro servicio no responde. No se compartió ningún dato. Inténtelo de nuevo en unos minutos.";
        until:
            "Until:",
            "Hasta:";
        website_host:
            "Its website:",
            "Su sitio web:";
        leads_back:
            "After you decide, you go to:",
            "Después de decidir, usted va a:";
        website:
            "Website of the app",
            "Sitio web de la aplicación";
        will_see:
            "The app will be able to see:",
            "La aplicación podrá ver:";
        withhold:
            "Do not share my personal information. The app sees claims and coverage only.",
            "No compartir mi información personal. La aplicación solo ve reclamaciones y cobertura.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::developer::texts::DeveloperTexts;

    /// Words that are the same in both languages.
    const SAME: &[&str] = &[];

    #[test]
    fn every_text_is_there_in_both_languages() {
        for (key, english, spanish) in Texts::ALL.iter().chain(DeveloperTexts::ALL) {
            assert!(
                !english.trim().is_empty() && !spanish.trim().is_empty(),
                "{key}"
            );
            assert!(
                english != spanish || SAME.contains(key),
                "{key} is not translated"
            );
            assert_eq!(
                english.lines().count(),
                spanish.lines().count(),
                "{key}: paragraphs"
            );
        }
        for language in [Language::English, Language::Spanish] {
            assert_eq!(Texts::of(language).months.split(' ').count(), 12);
        }
    }
}
