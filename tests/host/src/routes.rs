//! Which component answers a path, and what Spin tells it about the match.

use anyhow::{Result, anyhow};

use crate::manifest::HttpTrigger;

/// The routes of the application.
pub struct Routes(routefinder::Router<Route>);

#[derive(Debug, Clone)]
struct Route {
    component: String,
    pattern: String,
}

/// A path that found its component.
#[derive(Debug)]
pub struct Match {
    /// The component that answers.
    pub component: String,
    /// The pattern as the manifest writes it.
    pub pattern: String,
    /// What the trailing wildcard took, with its leading slash.
    pub path_info: String,
    /// What `:name` parts of the pattern took.
    pub named: Vec<(String, String)>,
}

impl Routes {
    /// Builds the routes; of two with the same pattern the later one stays, as on Spin.
    pub fn new(triggers: &[HttpTrigger]) -> Result<Self> {
        let mut router = routefinder::Router::new();
        for (index, trigger) in triggers.iter().enumerate() {
            let Some(pattern) = &trigger.route else {
                continue;
            };
            let replaced = |later: &HttpTrigger| later.route.as_ref() == Some(pattern);
            if triggers.iter().skip(index + 1).any(replaced) {
                continue;
            }
            let route = Route {
                component: trigger.component.clone(),
                pattern: pattern.clone(),
            };
            router
                .add(routefinder_pattern(pattern).as_str(), route)
                .map_err(|e| {
                    anyhow!(
                        "route {pattern:?} of component {:?}: {e}",
                        trigger.component
                    )
                })?;
        }
        Ok(Self(router))
    }

    /// Finds who answers `path`: an exact route first, then the longest prefix.
    pub fn find(&self, path: &str) -> Option<Match> {
        let found = self.0.best_match(path)?;
        let captures = found.captures();
        let path_info = captures
            .wildcard()
            .map(|rest| match (rest.is_empty(), path.ends_with('/')) {
                (true, false) => String::new(),
                (true, true) => "/".to_owned(),
                (false, false) => format!("/{rest}"),
                (false, true) => format!("/{rest}/"),
            })
            .unwrap_or_default();
        Some(Match {
            component: found.component.clone(),
            pattern: found.pattern.clone(),
            path_info,
            named: captures
                .iter()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        })
    }
}

impl Match {
    /// How a component sees a request that another component sent it.
    pub fn internal(component: &str, path: &str) -> Self {
        Self {
            component: component.to_owned(),
            pattern: "/...".to_owned(),
            path_info: path.to_owned(),
            named: Vec::new(),
        }
    }

    /// The pattern without its trailing wildcard.
    pub fn pattern_prefix(&self) -> &str {
        self.pattern.strip_suffix("/...").unwrap_or(&self.pattern)
    }
}

fn routefinder_pattern(pattern: &str) -> String {
    let pattern = if pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        format!("/{pattern}")
    };
    let pattern = pattern.strip_suffix('/').unwrap_or(&pattern);
    match pattern.strip_suffix("/...") {
        Some(prefix) => format!("{prefix}/*"),
        None => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(patterns: &[&str]) -> Routes {
        let triggers: Vec<HttpTrigger> = patterns
            .iter()
            .enumerate()
            .map(|(index, pattern)| HttpTrigger {
                component: format!("{index}:{pattern}"),
                route: Some((*pattern).to_owned()),
            })
            .collect();
        Routes::new(&triggers).expect("routes")
    }

    #[track_caller]
    fn goes(routes: &Routes, path: &str, component: &str, path_info: &str) {
        let found = routes.find(path).expect("a route");
        assert_eq!(
            (found.component.as_str(), found.path_info.as_str()),
            (component, path_info),
            "{path}"
        );
    }

    #[test]
    fn exact_routes_come_before_the_longest_prefix() {
        let routes = routes(&["/...", "/a/...", "/a/b/...", "/a/b"]);
        goes(&routes, "/", "0:/...", "/");
        goes(&routes, "/x/y", "0:/...", "/x/y");
        goes(&routes, "/a", "1:/a/...", "");
        goes(&routes, "/a/", "1:/a/...", "/");
        goes(&routes, "/a/x", "1:/a/...", "/x");
        goes(&routes, "/a/b", "3:/a/b", "");
        goes(&routes, "/a/b/c/", "2:/a/b/...", "/c/");
        goes(&routes, "/ab", "0:/...", "/ab");
    }

    #[test]
    fn a_path_without_a_route_finds_nothing() {
        let routes = routes(&["/a", "/b/..."]);
        assert!(routes.find("/").is_none());
        assert!(routes.find("/a/x").is_none());
        assert!(routes.find("/c").is_none());
    }

    #[test]
    fn named_parts_are_kept() {
        let found = routes(&["/u/:id/..."]).find("/u/42/x").expect("a route");
        assert_eq!(found.named, [("id".to_owned(), "42".to_owned())]);
        assert_eq!(
            (found.path_info.as_str(), found.pattern_prefix()),
            ("/x", "/u/:id")
        );
    }

    #[test]
    fn of_two_equal_routes_the_later_one_stays() {
        goes(&routes(&["/a", "/a"]), "/a", "1:/a", "");
    }
}
