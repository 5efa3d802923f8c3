//! The table of variables, and the documentation that is written from it.

/// One variable of `spin.toml`.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Name in the manifest; `SPIN_VARIABLE_` and the upper-case name in the environment.
    pub name: &'static str,
    /// Default in `spin.toml`, the sandbox manifest.
    pub sandbox_default: &'static str,
    /// Default in `deploy/spin.toml`; `None` if it must be given.
    pub production_default: Option<&'static str>,
    /// Whether it is a secret.
    pub secret: bool,
    /// What it is for, in one sentence.
    pub purpose: &'static str,
}

/// Every variable of the gateway, in the order of the documentation.
pub const VARIABLES: [Variable; 41] = [
    Variable {
        name: "environment",
        sandbox_default: "sandbox",
        production_default: Some("production"),
        secret: false,
        purpose: "`sandbox` or `production`. Production refuses every secret, issuer and key of the sandbox, former ones included, keys that are weak or the same, and plain http to other machines. The sandbox refuses a backend or provider that is neither on this machine nor under `public_base_url`.",
    },
    Variable {
        name: "public_base_url",
        sandbox_default: "http://127.0.0.1:3000",
        production_default: None,
        secret: false,
        purpose: "Scheme, host and port under which people and applications reach the gateway. The only source of issuer, links and callback addresses.",
    },
    Variable {
        name: "claims_backend_origin",
        sandbox_default: "http://127.0.0.1:3000",
        production_default: None,
        secret: false,
        purpose: "Origin of the FHIR claims backend. In production https, or http on this machine (`127.0.0.1`, `[::1]`, `localhost`).",
    },
    Variable {
        name: "claims_backend_path",
        sandbox_default: "/sandbox/claims",
        production_default: Some(""),
        secret: false,
        purpose: "Path on that origin before `/vN/fhir`; empty where there is none.",
    },
    Variable {
        name: "claims_backend_authorization",
        sandbox_default: "",
        production_default: Some(""),
        secret: true,
        purpose: "Value of the `Authorization` header to the backend; empty sends none.",
    },
    Variable {
        name: "claims_backend_timeout_s",
        sandbox_default: "30",
        production_default: Some("30"),
        secret: false,
        purpose: "Seconds that an answer of the backend may take, from the request to its last byte, 1 to 60.",
    },
    Variable {
        name: "idp_origin",
        sandbox_default: "http://127.0.0.1:3000",
        production_default: None,
        secret: false,
        purpose: "Origin of the OpenID Connect provider. In production https.",
    },
    Variable {
        name: "idp_path",
        sandbox_default: "/sandbox/idp",
        production_default: Some(""),
        secret: false,
        purpose: "Path of the provider's issuer on that origin; empty where there is none.",
    },
    Variable {
        name: "idp_extra_origin",
        sandbox_default: "https://unused.invalid",
        production_default: Some("https://unused.invalid"),
        secret: false,
        purpose: "A second origin for the provider's token or key endpoint; in production https, or http on this machine. A name under `.invalid` means: not used.",
    },
    Variable {
        name: "idp_client_id",
        sandbox_default: "bluegate-sandbox",
        production_default: None,
        secret: false,
        purpose: "Client id of the gateway at the provider.",
    },
    Variable {
        name: "idp_client_secret",
        sandbox_default: SANDBOX_IDP_CLIENT_SECRET,
        production_default: None,
        secret: true,
        purpose: "Client secret of the gateway at the provider.",
    },
    Variable {
        name: "idp_subject_form",
        sandbox_default: "uuid",
        production_default: Some("any"),
        secret: false,
        purpose: "`uuid` or `any`: the form of `sub` that the provider promises. A subject of another form is refused at sign-in.",
    },
    Variable {
        name: "client_jwks_origin",
        sandbox_default: "https://unused.invalid",
        production_default: Some("https://unused.invalid"),
        secret: false,
        purpose: "The one origin from which keys of applications are fetched (`jwks_uri`); in production https, or http on this machine. A name under `.invalid` means: none; applications then register their keys as `jwks`.",
    },
    Variable {
        name: "reserved_names",
        sandbox_default: "",
        production_default: Some("medicare,cms"),
        secret: false,
        purpose: "Words that no name of an application may have, however they are written, separated by commas; words of fewer than five letters as words of their own. Empty: none.",
    },
    Variable {
        name: "alert_origin",
        sandbox_default: "https://unused.invalid",
        production_default: Some("https://unused.invalid"),
        secret: false,
        purpose: "Origin of the webhook for alerts; in production https, or http on this machine. A name under `.invalid` means: none; alerts are then only shown on `/ops/`.",
    },
    Variable {
        name: "alert_path",
        sandbox_default: "",
        production_default: Some(""),
        secret: false,
        purpose: "Path of the webhook on that origin; empty where there is none.",
    },
    Variable {
        name: "alert_secret",
        sandbox_default: "",
        production_default: Some(""),
        secret: true,
        purpose: "`whsec_` and 24 to 64 random bytes in base64: signs what is sent to the webhook, as standardwebhooks.com describes. Required where there is a webhook.",
    },
    Variable {
        name: "lock_down_rules",
        sandbox_default: "",
        production_default: Some(""),
        secret: false,
        purpose: "Lock-downs without an operator, as `kind:all` or `kind:application`, separated by commas; the kinds of alerts are in docs/operations.md. Empty: none.",
    },
    Variable {
        name: "store_key",
        sandbox_default: "sandbox:c2FuZGJveC1vbmx5LXN0b3JlLWtleS0zMi1ieXRlcyE",
        production_default: None,
        secret: true,
        purpose: "Key id, colon, 32 random bytes in base64url: seals names and e-mail addresses.",
    },
    Variable {
        name: "token_key",
        sandbox_default: "sandbox:c2FuZGJveC1vbmx5LXRva2VuLWtleS0zMi1ieXRlcyE",
        production_default: None,
        secret: true,
        purpose: "Key id, colon, 32 random bytes in base64url: derives refresh tokens, verifiers, nonces and CSRF tokens.",
    },
    Variable {
        name: "audit_key",
        sandbox_default: "sandbox:c2FuZGJveC1vbmx5LWF1ZGl0LWtleS0zMi1ieXRlcyE",
        production_default: None,
        secret: true,
        purpose: "Key id, colon, 32 random bytes in base64url: keyed hashes of people in audit and logs.",
    },
    Variable {
        name: "former_store_keys",
        sandbox_default: "",
        production_default: Some(""),
        secret: true,
        purpose: "Former values of `store_key`, separated by commas: what they sealed can still be opened.",
    },
    Variable {
        name: "former_audit_keys",
        sandbox_default: "",
        production_default: Some(""),
        secret: true,
        purpose: "Former values of `audit_key`, separated by commas: events of a person are found under each of them.",
    },
    Variable {
        name: "chain_key",
        sandbox_default: "sandbox:c2FuZGJveC1vbmx5LWNoYWluLWtleS0zMi1ieXRlcyE",
        production_default: None,
        secret: true,
        purpose: "Key id, colon, 32 random bytes in base64url: the Ed25519 seed that signs the chain over the audit.",
    },
    Variable {
        name: "former_chain_keys",
        sandbox_default: "",
        production_default: Some(""),
        secret: false,
        purpose: "Public keys of former values of `chain_key`, as `/ops/audit/verify` shows them, separated by commas.",
    },
    Variable {
        name: "token_epoch",
        sandbox_default: "0",
        production_default: Some("0"),
        secret: false,
        purpose: "Unix time in seconds: tokens and codes from before it end when an instance starts. Set it to the time of a restore; 0 for none.",
    },
    Variable {
        name: "retention_transactions_s",
        sandbox_default: "86400",
        production_default: Some("86400"),
        secret: false,
        purpose: "How long transactions, codes, pushed requests, visits to `/account/` and used assertions are kept after they expired, in seconds, 3600 to 31536000.",
    },
    Variable {
        name: "retention_tokens_s",
        sandbox_default: "86400",
        production_default: Some("86400"),
        secret: false,
        purpose: "How long access tokens are kept after they expired, in seconds, 3600 to 31536000.",
    },
    Variable {
        name: "retention_grants_d",
        sandbox_default: "400",
        production_default: Some("400"),
        secret: false,
        purpose: "How long grants and chains are kept after they ended, in days, 1 to 36500; their changes stay in the audit.",
    },
    Variable {
        name: "retention_audit_d",
        sandbox_default: "2557",
        production_default: Some("2557"),
        secret: false,
        purpose: "How long rows of the audit are kept, in days, 2192 (six years: 45 CFR 164.316) to 36500.",
    },
    Variable {
        name: "access_token_ttl_s",
        sandbox_default: "3600",
        production_default: Some("3600"),
        secret: false,
        purpose: "Lifetime of access tokens in seconds, 60 to 86400.",
    },
    Variable {
        name: "allow_implicit_flow_insecure",
        sandbox_default: "false",
        production_default: Some("false"),
        secret: false,
        purpose: "`true` lets v1 answer `response_type=token` to applications registered for it. Leave it off: RFC 9700, section 2.1.2.",
    },
    Variable {
        name: "v3_enabled",
        sandbox_default: "true",
        production_default: Some("false"),
        secret: false,
        purpose: "`true` serves the v3 routes, and looks people up in v3 too when they sign in.",
    },
    Variable {
        name: "trusted_proxies",
        sandbox_default: "",
        production_default: Some(""),
        secret: false,
        purpose: "Addresses of proxies whose forwarded client address is believed, separated by commas.",
    },
    Variable {
        name: "forwarded_header",
        sandbox_default: "x-forwarded-for",
        production_default: Some("x-forwarded-for"),
        secret: false,
        purpose: "`x-forwarded-for` or `forwarded` (RFC 7239): the one header in which those proxies name the client. The other is never read.",
    },
    Variable {
        name: "operators",
        sandbox_default: "",
        production_default: Some(""),
        secret: true,
        purpose: "Operators as `name:role:sha256(token)`, separated by commas. The hash is hexadecimal; roles are read, approve, lock.",
    },
    Variable {
        name: "rate_limit_per_minute",
        sandbox_default: "6000",
        production_default: Some("6000"),
        secret: false,
        purpose: "Requests a minute for each application and for each address, at each surface: docs/limits.md.",
    },
    Variable {
        name: "person_limit_per_minute",
        sandbox_default: "600",
        production_default: Some("600"),
        secret: false,
        purpose: "FHIR and userinfo calls a minute for each person at an application, within those of the application.",
    },
    Variable {
        name: "registration_limit_per_minute",
        sandbox_default: "600",
        production_default: Some("10"),
        secret: false,
        purpose: "Registrations and changes of them a minute for each address, over HTTP and at the portal together; ten times as many new ones for all addresses.",
    },
    Variable {
        name: "password_limit_per_minute",
        sandbox_default: "300",
        production_default: Some("10"),
        secret: false,
        purpose: "Passwords tried or set at the portal, and tokens of operators tried, a minute for each address; half of it for one name from one address, six times for all addresses.",
    },
    Variable {
        name: "clock_offset_s",
        sandbox_default: "0",
        production_default: Some("0"),
        secret: false,
        purpose: "Seconds added to the clock; sandbox only.",
    },
];

/// Variables of the sandbox component alone, in `spin.toml` only.
pub const SANDBOX_VARIABLES: [Variable; 2] = [
    Variable {
        name: "sandbox_today",
        sandbox_default: "",
        production_default: None,
        secret: false,
        purpose: "The day, as `YYYY-MM-DD`, up to which the sandbox's claims backend has loaded claims; empty is the day of the clock. Move it to try an incremental sync by `_lastUpdated`.",
    },
    Variable {
        name: "sandbox_faults",
        sandbox_default: "",
        production_default: None,
        secret: false,
        purpose: "Faults of the sandbox's claims backend, separated by commas, such as `slow;ms=3000, fail;status=503;patient=BBUser20023`: see docs/sandbox.md.",
    },
];

/// `docs/configuration.md`, written from the table.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         What `bluegate variables` prints; `--output json` gives the same as a list. Written from the table in \
         `gateway/src/base/config/variables.rs` by `cargo run -p bluegate-cli -- variables`; a test keeps the two the same.\n\n\
         Each variable is declared in the manifest and can be set in the environment as `SPIN_VARIABLE_` and its name in \
         upper case. `spin.toml` has the sandbox defaults, `deploy/spin.toml` those of production; a variable that says \
         *required* must be given there, or Spin does not start. With a wrong value every route but `/health` answers 503, \
         and one line in the log names the variable and says what to write. \
         `bluegate check-config` says the same before anything is deployed.\n\n\
         | Variable | Sandbox | Production | Purpose |\n|---|---|---|---|\n",
    );
    let shown = |value: &str| match value {
        "" => "empty".to_owned(),
        _ => format!("`{value}`"),
    };
    for variable in &VARIABLES {
        let secret = if variable.secret { " (secret)" } else { "" };
        let production = variable
            .production_default
            .map_or_else(|| "*required*".to_owned(), shown);
        text.push_str(&format!(
            "| `{}`{secret} | {} | {production} | {} |\n",
            variable.name,
            shown(variable.sandbox_default),
            variable.purpose,
        ));
    }
    text.push_str(
        "\nOf the sandbox alone, where `deploy/spin.toml` has no such component:\n\n\
         | Variable | Default | Purpose |\n|---|---|---|\n",
    );
    for variable in &SANDBOX_VARIABLES {
        text.push_str(&format!(
            "| `{}` | {} | {} |\n",
            variable.name,
            shown(variable.sandbox_default),
            variable.purpose,
        ));
    }
    text
}

/// What the sandbox manifest has as the client secret at its own provider. Public knowledge.
pub(super) const SANDBOX_IDP_CLIENT_SECRET: &str = "sandbox-only-idp-client-secret";
