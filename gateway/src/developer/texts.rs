//! The texts of the developer portal.

use crate::base::language::Language;
use crate::base::page::texts::texts;

texts! {
    /// The developer portal.
    DeveloperTexts {
        account_exists:
            "This name is taken. Choose another, or sign in.",
            "Este nombre ya está en uso. Elija otro o inicie sesión.";
        add_redirect:
            "Redirect addresses",
            "Direcciones de redirección";
        add_redirect_help:
            "One on each line. Exactly as your app sends it: https, or http on 127.0.0.1; no fragment, no wildcard. 1 to 20.",
            "Una en cada línea. Exactamente como la envía su aplicación: https, o http en 127.0.0.1; sin fragmento ni comodín. De 1 a 20.";
        app_count:
            "Calls in the last hour:",
            "Llamadas en la última hora:";
        app_errors:
            "refused or failed:",
            "rechazadas o fallidas:";
        apps_empty:
            "You have no application yet.",
            "Todavía no tiene ninguna aplicación.";
        apps_heading:
            "Your applications",
            "Sus aplicaciones";
        auth_basic:
            "Secret in the Authorization header (client_secret_basic)",
            "Secreto en la cabecera Authorization (client_secret_basic)";
        auth_help:
            "A server can keep a secret or a key. An app in a browser or on a phone cannot: choose public.",
            "Un servidor puede guardar un secreto o una clave. Una aplicación en un navegador o un teléfono no: elija pública.";
        auth_jwt:
            "Signed with your key (private_key_jwt)",
            "Firmado con su clave (private_key_jwt)";
        auth_label:
            "How it proves who it is",
            "Cómo demuestra quién es";
        auth_none:
            "Public, with PKCE alone (none)",
            "Pública, solo con PKCE (none)";
        auth_post:
            "Secret in the form (client_secret_post)",
            "Secreto en el formulario (client_secret_post)";
        back:
            "Back to your applications",
            "Volver a sus aplicaciones";
        change_password:
            "Change the password",
            "Cambiar la contraseña";
        client_id:
            "Client id",
            "Id de cliente";
        contacts:
            "Contact addresses",
            "Direcciones de contacto";
        contacts_help:
            "E-mail addresses for operators, one on each line. They are told if something is wrong with your app.",
            "Correos para los operadores, uno en cada línea. Se les avisa si algo va mal con su aplicación.";
        create:
            "Create account",
            "Crear cuenta";
        create_heading:
            "New here? Create an account",
            "¿Es nuevo? Cree una cuenta";
        create_help:
            "No e-mail address is needed.",
            "No hace falta correo electrónico.";
        data_type:
            "How long access lasts",
            "Cuánto dura el acceso";
        data_type_help:
            "What people are told on the consent page.",
            "Lo que se dice a la gente en la página de consentimiento.";
        data_type_once:
            "Once (ONE_TIME)",
            "Una vez (ONE_TIME)";
        data_type_research:
            "For a research study, no end (RESEARCH_STUDY)",
            "Para un estudio, sin fin (RESEARCH_STUDY)";
        data_type_year:
            "13 months (THIRTEEN_MONTH)",
            "13 meses (THIRTEEN_MONTH)";
        delete:
            "Delete",
            "Borrar";
        delete_heading:
            "Delete this application?",
            "¿Borrar esta aplicación?";
        delete_text:
            "Everybody who connected it loses the connection now.\nThis cannot be taken back.",
            "Todos los que la conectaron pierden la conexión ahora.\nEsto no se puede deshacer.";
        demographics:
            "Asks for personal information (name, date of birth, address)",
            "Pide información personal (nombre, fecha de nacimiento, dirección)";
        demographics_help:
            "Leave it off if claims and coverage are enough: then no Patient and profile scopes.",
            "Déjelo sin marcar si bastan las reclamaciones y la cobertura: entonces no hay permisos Patient ni profile.";
        description:
            "Description",
            "Descripción";
        description_help:
            "At most 1,000 characters, no HTML.",
            "Como máximo 1,000 caracteres, sin HTML.";
        docs_back:
            "Back to the description",
            "Volver a la descripción";
        docs_body:
            "Body",
            "Cuerpo";
        docs_lead:
            "Every call of this gateway. Fill in a form and send it to see the answer and the same with curl. The description itself is in English.",
            "Todas las llamadas de esta puerta de enlace. Rellene un formulario y envíelo para ver la respuesta y lo mismo con curl. La descripción está en inglés.";
        docs_title:
            "API of this gateway",
            "API de esta puerta de enlace";
        docs_token:
            "Bearer token",
            "Token de portador";
        docs_try:
            "Send",
            "Enviar";
        edit_heading:
            "Change the registration",
            "Cambiar el registro";
        edit_warning:
            "In production a change waits for approval, and the app stops meanwhile.",
            "En producción un cambio espera aprobación, y mientras tanto la aplicación se detiene.";
        error_heading:
            "Please correct this:",
            "Corrija esto:";
        grants:
            "What it uses (grant_types)",
            "Qué usa (grant_types)";
        grants_code:
            "Tokens for one hour (authorization_code)",
            "Tokens por una hora (authorization_code)";
        grants_help:
            "With refresh it stays connected as long as the person allowed.",
            "Con renovación sigue conectada mientras la persona lo permita.";
        grants_refresh:
            "Tokens that can be renewed (authorization_code refresh_token)",
            "Tokens que se pueden renovar (authorization_code refresh_token)";
        jwks:
            "Public keys (JWKS)",
            "Claves públicas (JWKS)";
        jwks_help:
            "Only for private_key_jwt: a JSON object with \"keys\", RSA or EC, public parts only.",
            "Solo para private_key_jwt: un objeto JSON con \"keys\", RSA o EC, solo las partes públicas.";
        jwks_uri:
            "Address of the public keys (jwks_uri)",
            "Dirección de las claves públicas (jwks_uri)";
        jwks_uri_help:
            "Instead of the keys above, only on an origin that the operator allows.",
            "En lugar de las claves de arriba, solo en un origen que permita el operador.";
        keep:
            "Keep it",
            "Conservarla";
        lead:
            "Register an application, see its secret, and try the whole flow with sample people.",
            "Registre una aplicación, vea su secreto y pruebe todo el flujo con personas de ejemplo.";
        logo:
            "Logo",
            "Logotipo";
        logo_help:
            "PNG or JPEG, at most 100 KB. People see it when they are asked.",
            "PNG o JPEG, como máximo 100 KB. La gente lo ve cuando se le pregunta.";
        logo_send:
            "Upload the logo",
            "Subir el logotipo";
        logo_wrong:
            "The logo must be a PNG or JPEG file of at most 100 KB.",
            "El logotipo debe ser un archivo PNG o JPEG de 100 KB como máximo.";
        name:
            "Name",
            "Nombre";
        name_help:
            "1 to 255 characters. People see it on the consent page. No other app may have it.",
            "De 1 a 255 caracteres. La gente lo ve en la página de consentimiento. Ninguna otra aplicación puede tenerlo.";
        new_app:
            "Register an application",
            "Registrar una aplicación";
        par:
            "Accepts only pushed authorization requests (RFC 9126)",
            "Solo acepta solicitudes de autorización enviadas antes (RFC 9126)";
        password:
            "Password",
            "Contraseña";
        password_changed:
            "The password is changed. Every other session has ended.",
            "La contraseña ha cambiado. Todas las demás sesiones han terminado.";
        password_current:
            "Current password",
            "Contraseña actual";
        password_help:
            "At least 15 characters, not the name. A sentence is good.",
            "Al menos 15 caracteres, no el nombre. Una frase va bien.";
        password_new:
            "New password",
            "Contraseña nueva";
        password_wrong:
            "Name or password is wrong.",
            "El nombre o la contraseña no son correctos.";
        policy_uri:
            "Privacy policy (address)",
            "Política de privacidad (dirección)";
        registered:
            "The application is registered.",
            "La aplicación está registrada.";
        rejected_text:
            "An operator did not approve this application. Correct what they say and save the form below: that sends it in again.",
            "Un operador no aprobó esta aplicación. Corrija lo que indica y guarde el formulario de abajo: así se envía de nuevo.";
        resume:
            "Resume",
            "Reanudar";
        rotate:
            "New secret",
            "Secreto nuevo";
        rotate_help:
            "The former secret stops working at once.",
            "El secreto anterior deja de funcionar enseguida.";
        sample_heading:
            "Sample people",
            "Personas de ejemplo";
        sample_note:
            "They are made up. All of BBUser00000 to BBUser29999 work, with passwords PW00000! to PW29999!.",
            "Son inventadas. Funcionan todas de BBUser00000 a BBUser29999, con contraseñas PW00000! a PW29999!.";
        sample_password:
            "Their password",
            "Su contraseña";
        sample_user:
            "User name",
            "Nombre de usuario";
        save:
            "Save",
            "Guardar";
        saved:
            "Saved.",
            "Guardado.";
        scope:
            "Scopes",
            "Permisos (scopes)";
        scope_help:
            "Separated by spaces. Empty: everything that there is.",
            "Separados por espacios. Vacío: todo lo que hay.";
        secret:
            "Client secret",
            "Secreto de cliente";
        secret_once:
            "Copy the secret now. It is shown this once; only its hash is kept.",
            "Copie el secreto ahora. Se muestra solo esta vez; solo se guarda su hash.";
        sign_in:
            "Sign in",
            "Iniciar sesión";
        slow_down:
            "Too many wrong passwords. Wait a minute.",
            "Demasiadas contraseñas incorrectas. Espere un minuto.";
        status:
            "Status:",
            "Estado:";
        status_active:
            "active",
            "activa";
        status_pending:
            "waits for approval",
            "espera aprobación";
        status_rejected:
            "not approved",
            "no aprobada";
        status_suspended:
            "suspended",
            "suspendida";
        status_suspended_operator:
            "suspended by an operator",
            "suspendida por un operador";
        suspend:
            "Suspend",
            "Suspender";
        suspend_help:
            "While it is suspended nobody can connect, and no data is given.",
            "Mientras está suspendida nadie puede conectarse y no se dan datos.";
        test:
            "Test authorization",
            "Probar la autorización";
        test_again:
            "Test again",
            "Probar otra vez";
        test_curl:
            "The same with curl",
            "Lo mismo con curl";
        test_failed:
            "The person did not allow it, or the test took too long. Start again.",
            "La persona no lo permitió, o la prueba tardó demasiado. Empiece de nuevo.";
        test_heading:
            "What happened",
            "Qué pasó";
        test_lead:
            "The test client is a public application of this gateway. It went the whole way with the person who signed in; tokens and codes are shortened.",
            "El cliente de prueba es una aplicación pública de esta puerta de enlace. Recorrió todo el camino con la persona que inició sesión; los tokens y códigos están acortados.";
        test_request:
            "Request",
            "Solicitud";
        test_response:
            "Response",
            "Respuesta";
        test_step_authorize:
            "Ask for authorization (the browser goes there)",
            "Pedir autorización (el navegador va allí)";
        test_step_claims:
            "Claims",
            "Reclamaciones";
        test_step_coverage:
            "Coverage",
            "Cobertura";
        test_step_patient:
            "Patient",
            "Paciente";
        test_step_refresh:
            "Refresh",
            "Renovar el token";
        test_step_revoke:
            "End it",
            "Terminarlo";
        test_step_token:
            "Exchange the code for tokens",
            "Cambiar el código por tokens";
        test_step_userinfo:
            "Who is it",
            "Quién es";
        title:
            "Developers",
            "Desarrolladores";
        tos_uri:
            "Terms (address)",
            "Condiciones (dirección)";
        uri_help:
            "An http or https address, or empty.",
            "Una dirección http o https, o vacío.";
        user_name:
            "Your name here",
            "Su nombre aquí";
        user_name_help:
            "3 to 64 letters, digits, dots, dashes, underscores or @.",
            "De 3 a 64 letras, cifras, puntos, guiones, guiones bajos o @.";
        website:
            "Website (address)",
            "Sitio web (dirección)";
        who:
            "Signed in as",
            "Sesión de";
    }
}
