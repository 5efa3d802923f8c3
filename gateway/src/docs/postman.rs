//! The OpenAPI description as a Postman collection (format 2.1.0).

use serde_json::{Value, json};

use super::{Needs, Operation, operations};

/// The collection: one folder for each tag, one request for each operation that is no page.
pub(crate) fn collection(document: &Value, base: &str) -> Value {
    let operations = operations(document);
    let tags = document["tags"].as_array().into_iter().flatten();
    let folders: Vec<_> = tags
        .filter_map(|tag| tag["name"].as_str())
        .filter_map(|tag| {
            let items: Vec<_> = operations
                .iter()
                .filter(|operation| operation.tag == tag && operation.tag != "Pages")
                .map(item)
                .collect();
            (!items.is_empty()).then(|| json!({ "name": tag, "item": items }))
        })
        .collect();
    json!({
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {
            "type": "oauth2",
            "oauth2": [
                text("grant_type", "authorization_code_with_pkce"),
                text("challengeAlgorithm", "S256"),
                text("authUrl", "{{base}}/v2/o/authorize/"),
                text("accessTokenUrl", "{{base}}/v2/o/token/"),
                text("clientId", "{{client_id}}"),
                text("clientSecret", "{{client_secret}}"),
                text("redirect_uri", "https://oauth.pstmn.io/v1/callback"),
                text("state", "0123456789abcdef"),
                text("addTokenTo", "header"),
            ],
        },
        "variable": [
            { "key": "base", "value": base },
            { "key": "version", "value": "v2" },
            { "key": "client_id", "value": "" },
            { "key": "client_secret", "value": "" },
        ],
        "item": folders,
    })
}

fn item(operation: &Operation) -> Value {
    let path = operation.path.replace("{version}", "{{version}}");
    let segments: Vec<_> = path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(name) if !segment.starts_with("{{") => format!(":{}", name.trim_end_matches('}')),
            _ => segment.to_owned(),
        })
        .collect();
    let of = |place: &'static str| {
        operation
            .parameters
            .iter()
            .filter(move |parameter| parameter.place == place)
    };
    let query: Vec<_> = of("query")
        .map(|parameter| {
            json!({
                "key": parameter.name,
                "value": parameter.hint(),
                "description": parameter.description,
                "disabled": !parameter.required,
            })
        })
        .collect();
    let variables: Vec<_> = of("path")
        .filter(|parameter| parameter.name != "version")
        .map(|parameter| json!({ "key": parameter.name, "value": parameter.start() }))
        .collect();
    let headers: Vec<_> = of("header")
        .map(|parameter| json!({ "key": parameter.name, "value": parameter.hint(), "disabled": true }))
        .collect();
    let mut request = json!({
        "method": operation.method.as_str(),
        "description": operation.description,
        "header": headers,
        "url": {
            "raw": format!("{{{{base}}}}/{}", segments.join("/")),
            "host": ["{{base}}"],
            "path": segments,
            "query": query,
            "variable": variables,
        },
    });
    if operation.needs != Needs::Token {
        request["auth"] = json!({ "type": "noauth" });
    }
    if let Some(body) = &operation.body {
        request["body"] = if body.form {
            let fields: Vec<_> = body
                .start
                .lines()
                .map(|line| line.trim_end_matches('='))
                .map(|name| {
                    let value = match name {
                        "client_id" | "client_secret" => format!("{{{{{name}}}}}"),
                        _ => String::new(),
                    };
                    json!({ "key": name, "value": value, "type": "text" })
                })
                .collect();
            json!({ "mode": "urlencoded", "urlencoded": fields })
        } else {
            json!({ "mode": "raw", "raw": body.start, "options": { "raw": { "language": "json" } } })
        };
    }
    json!({ "name": operation.summary, "request": request, "response": [] })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": value, "type": "string" })
}
