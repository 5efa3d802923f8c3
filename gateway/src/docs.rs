//! `/openapi.json`, the same as a Postman collection, and `/docs`, a page that can try the calls without any script.
//!
//! What is described is one file, `assets/openapi.json`; tests compare it with the routes.

pub(crate) mod page;
mod postman;

use std::borrow::Cow;

use axum::Extension;
use axum::extract::State;
use http::Method;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::base::calls::{Body, Caller, Outgoing};
use crate::base::http::Request;
use crate::base::http::reply::{Answer, document, see_other};
use crate::base::page as pages;
use crate::base::site::Site;
use crate::docs::page as shown;
use crate::oauth::parameters::Parameters;

/// The description. `{base}` stands for the gateway's address.
pub(crate) const OPENAPI: &str = include_str!("../assets/openapi.json");

/// GET `/openapi.json`.
pub(crate) async fn openapi(State(site): State<Site>) -> Answer {
    document(&described(&site)).into()
}

/// GET `/postman.json`.
pub(crate) async fn postman(State(site): State<Site>) -> Answer {
    document(&postman::collection(
        &described(&site),
        &site.app.config.public_base_url,
    ))
    .into()
}

/// GET `/docs`.
pub(crate) async fn page(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let query = request.parameters();
    let language = pages::language(&request, query.first("lang"));
    shown::list(language, &operations(&described(&site))).into()
}

/// POST `/docs`: sends the call of the form and shows what came back. Whoever tries a call brings what it needs;
/// no cookie counts.
pub(crate) async fn attempt(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
) -> Answer {
    let form = request.form();
    let language = pages::language(&request, form.first("lang"));
    let wanted = form.first("operation").unwrap_or_default();
    let operations = operations(&described(&site));
    let found = operations
        .iter()
        .find(|operation| operation.id == wanted && operation.can_be_tried());
    let Some(operation) = found else {
        return see_other("/docs").into();
    };
    let outgoing = operation.request(&form);
    match Caller::new(&site, &request).send(&outgoing, false).await {
        Some((_, exchange)) => shown::tried(language, operation, &exchange).into(),
        None => see_other("/docs").into(),
    }
}

/// One operation, as the page needs it.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) tag: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    pub(crate) needs: Needs,
    pub(crate) answers: Vec<(String, String)>,
}

/// A parameter.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "in")]
    pub(crate) place: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    example: Value,
    #[serde(default)]
    schema: Value,
}

impl Parameter {
    /// What the form starts with.
    pub(crate) fn start(&self) -> Cow<'_, str> {
        let value = [&self.example, &self.schema["default"]]
            .into_iter()
            .find(|value| !value.is_null());
        // Optional filters start empty, so that a first try is a simple one.
        let shown = value.filter(|_| self.required);
        shown.map_or(Cow::Borrowed(""), text_of)
    }

    /// An example in words beside the form.
    pub(crate) fn hint(&self) -> String {
        let options = self.schema["enum"].as_array();
        match options {
            Some(options) => options.iter().map(text_of).collect::<Vec<_>>().join(", "),
            None => text_of(&self.example).into_owned(),
        }
    }
}

/// A body.
pub(crate) struct RequestBody {
    form: bool,
    /// What the form starts with: lines `name=value`, or JSON.
    pub(crate) start: String,
}

/// What a call needs to authenticate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Needs {
    Nothing,
    /// A bearer token.
    Token,
    /// Client credentials in the body.
    Client,
}

impl Operation {
    /// Pages are for people, and files are not typed.
    pub(crate) fn can_be_tried(&self) -> bool {
        self.tag != "Pages" && !self.path.ends_with("/authorize/") && !self.path.contains("/logo")
    }

    fn request(&self, form: &Parameters) -> Outgoing {
        let mut path = self.path.clone();
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut headers = Vec::new();
        for parameter in &self.parameters {
            let value = form
                .first(&format!("p.{}", parameter.name))
                .unwrap_or_default()
                .trim();
            if value.is_empty() {
                continue;
            }
            match parameter.place.as_str() {
                "path" => {
                    let encoded: String =
                        form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    path = path.replace(&format!("{{{}}}", parameter.name), &encoded);
                }
                "query" => {
                    query.append_pair(&parameter.name, value);
                }
                _ => {
                    if let Ok(name) = parameter.name.parse() {
                        headers.push((name, value.to_owned()));
                    }
                }
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let token = form.first("token").unwrap_or_default().trim();
        if !token.is_empty() {
            headers.push((AUTHORIZATION, format!("Bearer {token}")));
        }
        let typed = form.first("body").unwrap_or_default();
        let body = match &self.body {
            None => Body::None,
            Some(body) if body.form => Body::Form(
                typed
                    .lines()
                    .filter_map(|line| line.trim().split_once('='))
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            ),
            Some(_) => Body::Text("application/json", typed.to_owned()),
        };
        Outgoing {
            method: self.method.clone(),
            path,
            headers,
            body,
        }
    }
}

/// The description with the gateway's address.
fn described(site: &Site) -> Value {
    let text = OPENAPI.replace("{base}", &site.app.config.public_base_url);
    serde_json::from_str(&text).unwrap_or_default()
}

/// The operations in the order of the description.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let nothing = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&nothing);
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.filter_map(|(method, operation)| read(document, path, method, operation))
        })
        .collect()
}

fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Option<Operation> {
    let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    let security = operation["security"].to_string();
    Some(Operation {
        id: text("operationId"),
        tag: operation["tags"][0].as_str().unwrap_or_default().to_owned(),
        method: method.to_ascii_uppercase().parse().ok()?,
        path: path.to_owned(),
        summary: text("summary"),
        description: text("description"),
        parameters: parameters
            .filter_map(|parameter| Parameter::deserialize(resolved(document, parameter)).ok())
            .collect(),
        body: body(document, &operation["requestBody"]),
        needs: match () {
            () if security.contains("bluegate") || security.contains("registrationToken") => {
                Needs::Token
            }
            () if security.contains("clientBasic") => Needs::Client,
            () => Needs::Nothing,
        },
        answers: answers
            .map(|(status, answer)| {
                let answer = resolved(document, answer);
                let words = answer["description"].as_str().unwrap_or_default();
                (status.clone(), words.to_owned())
            })
            .collect(),
    })
}

fn body(document: &Value, body: &Value) -> Option<RequestBody> {
    let (media_type, content) = body["content"].as_object()?.iter().next()?;
    let schema = resolved(document, &content["schema"]);
    let form = media_type == "application/x-www-form-urlencoded";
    let start = if form {
        let fields = schema["properties"].as_object().into_iter().flatten();
        fields
            .map(|(name, _)| format!("{name}="))
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        serde_json::to_string_pretty(&schema["example"]).unwrap_or_default()
    };
    Some(RequestBody { form, start })
}

/// What a `$ref` stands for, or the value itself.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    target
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(items) => items.first().map_or(Cow::Borrowed(""), |item| {
            Cow::Owned(text_of(item).into_owned())
        }),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    /// The paths of a source file's route table.
    fn routes(source: &str) -> Vec<String> {
        source
            .split(".route(")
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_route_is_described() {
        let described: Vec<_> = document()["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(|path| match path.strip_suffix('/') {
                Some(bare) if !bare.is_empty() => bare.to_owned(),
                _ => path.clone(),
            })
            .collect();
        let mut seen = 0;
        for route in routes(include_str!("app/gateway.rs")) {
            // Operators' routes have a page of their own; the style sheet is part of the pages.
            if route.starts_with("/ops")
                || route.starts_with("/assets")
                || route.starts_with("/sandbox")
            {
                continue;
            }
            let route = route
                .replace("UserInfo", "userinfo")
                .replace("{resource}", "Patient");
            assert!(described.contains(&route), "{route} is not in openapi.json");
            seen += 1;
        }
        assert!(seen > 25, "{seen}");
    }

    #[test]
    fn operations_have_ids_of_their_own_and_every_reference_leads_somewhere() {
        let document = document();
        let operations = operations(&document);
        let mut ids: Vec<_> = operations.iter().map(|operation| &operation.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), operations.len());
        for reference in OPENAPI.split("\"$ref\": \"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        for operation in &operations {
            for name in operation.path.split('{').skip(1) {
                let name = name.split('}').next().unwrap();
                let declared = operation.parameters.iter().any(|parameter| {
                    parameter.name == name && parameter.place == "path" && parameter.required
                });
                assert!(declared, "{} {name}", operation.id);
            }
            assert!(!operation.summary.is_empty() && !operation.answers.is_empty());
        }
    }
}
