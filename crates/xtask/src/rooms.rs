//! Which words cannot stand in which room of a service.

use std::path::PathBuf;

use crate::source::{Token, begins, length_of_item, tokens, without_tests};
use crate::workspace::{Package, Workspace, files, read};

/// A word that a room does not know.
#[derive(Debug, Clone, Copy)]
enum Word {
    /// A crate or keyword: `serde` stands for `serde_json` too.
    Name(&'static str),
    /// A path: `store::`, `crate::app`.
    Path(&'static [&'static str]),
}

const ROOMS: [(&str, &[Word]); 4] = [
    (
        "domain",
        &[
            Word::Name("async"),
            Word::Name("serde"),
            Word::Name("sqlx"),
            Word::Name("axum"),
            Word::Name("tokio"),
        ],
    ),
    ("routes", &[Word::Name("sqlx"), Word::Path(&["store", "::"])]),
    ("events", &[Word::Name("sqlx"), Word::Path(&["store", "::"])]),
    ("store", &[Word::Path(&["crate", "::", "app"])]),
];

/// Every such word, as `file:line: …`.
pub(crate) fn violations(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for service in workspace.services() {
        for (room, words) in ROOMS {
            for file in files_of(service, room)? {
                let shown = file.strip_prefix(&workspace.root).unwrap_or(&file).display();
                for (line, word) in strangers(&read(&file)?, words) {
                    findings.push(format!("{shown}:{line}: {room} does not know `{word}`"));
                }
            }
        }
    }
    Ok(findings)
}

/// `src/domain.rs` and everything under `src/domain/`.
fn files_of(service: &Package, room: &str) -> anyhow::Result<Vec<PathBuf>> {
    let source = service.dir.join("src");
    let mut found = files(&source.join(room), "rs")?;
    found.extend(Some(source.join(format!("{room}.rs"))).filter(|file| file.is_file()));
    Ok(found)
}

fn strangers(source: &str, words: &[Word]) -> Vec<(usize, String)> {
    let code = without_tests(&tokens(source));
    let mut found = Vec::new();
    for (at, token) in code.iter().enumerate() {
        let rest = code.get(at..).unwrap_or_default();
        for word in words {
            match *word {
                Word::Name(name) if is_named(&token.text, name) => {
                    found.push((token.line, token.text.clone()));
                }
                Word::Path(path) if begins(rest, path) || is_grouped(rest, path) => {
                    found.push((token.line, path.concat()));
                }
                _ => {}
            }
        }
    }
    found
}

fn is_named(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// `crate::{clock, app::App}` is `crate::app` too.
fn is_grouped(tokens: &[Token], path: &[&str]) -> bool {
    let [root, "::", name] = path else { return false };
    if !begins(tokens, &[root, "::", "{"]) {
        return false;
    }
    let group = tokens.get(2..).unwrap_or_default();
    let group = group.get(..length_of_item(group)).unwrap_or_default();
    let mut depth = 0_usize;
    group.windows(2).any(|pair| {
        let [before, token] = pair else { return false };
        match before.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 1 && matches!(before.text.as_str(), "{" | ",") && token.text == *name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURE: &[Word] = &[Word::Name("serde"), Word::Name("async")];
    const STORE: &[Word] = &[Word::Path(&["crate", "::", "app"])];

    #[test]
    fn a_stranger_is_found_where_it_stands() {
        let source = "use std::fmt;\nuse serde_json::Value;\nasync fn f() {}\n";
        let found = [(2, "serde_json".to_owned()), (3, "async".to_owned())];
        assert_eq!(strangers(source, PURE), found);
    }

    #[test]
    fn words_in_comments_texts_tests_and_longer_names_are_no_strangers() {
        let source = "// serde\nlet a = \"async\";\nlet asynchronous = deserde;
                      #[cfg(test)]\nmod live { async fn f() {} }";
        assert!(strangers(source, PURE).is_empty());
    }

    #[test]
    fn a_path_is_found_in_a_group_too() {
        for source in ["crate::app::App", "use crate::{app::App};", "use crate::{a::{b}, app};"] {
            assert_eq!(strangers(source, STORE).len(), 1, "{source}");
        }
        for source in ["crate::application", "use crate::{domain::app};", "use crate::{a::{app}};"]
        {
            assert!(strangers(source, STORE).is_empty(), "{source}");
        }
    }

    #[test]
    fn every_room_of_this_workspace_knows_only_its_words() {
        let found = violations(&Workspace::load().unwrap()).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}
