//! What has grown beyond the aims of the house style. A list, never a failure.

use std::fmt::Write;

use crate::source::{Token, length_of_item, tokens, without_tests};
use crate::workspace::{Workspace, files, read};

const FILE_LINES: usize = 150;
const FUNCTION_LINES: usize = 25;

/// Long files and functions, longest first; tests are not counted.
pub(crate) fn report(workspace: &Workspace) -> anyhow::Result<String> {
    let mut long_files = Vec::new();
    let mut long_functions = Vec::new();
    for package in &workspace.packages {
        for file in files(&package.dir.join("src"), "rs")? {
            let shown = file.strip_prefix(&workspace.root).unwrap_or(&file).display().to_string();
            let code = without_tests(&tokens(&read(&file)?));
            long_files.push((lines(&code), shown.clone()));
            for (name, line, length) in functions(&code) {
                long_functions.push((length, format!("{shown}:{line} {name}")));
            }
        }
    }
    let mut report = String::new();
    for (title, aim, mut found) in
        [("files", FILE_LINES, long_files), ("functions", FUNCTION_LINES, long_functions)]
    {
        found.retain(|(length, _)| *length > aim);
        found.sort_by(|one, other| other.cmp(one));
        writeln!(report, "{} {title} longer than {aim} lines", found.len())?;
        for (length, what) in found {
            writeln!(report, "{length:>6}  {what}")?;
        }
    }
    Ok(report)
}

/// From the first line of code to the last.
fn lines(code: &[Token]) -> usize {
    code.last().map_or(0, |token| token.line)
}

fn functions(code: &[Token]) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, pair) in code.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        // A `fn(…)` without a name is a type.
        if keyword.text != "fn" || name.text == "(" {
            continue;
        }
        let rest = code.get(at..).unwrap_or_default();
        let end = rest.get(length_of_item(rest).saturating_sub(1));
        let length = end.map_or(0, |end| end.line + 1 - keyword.line);
        found.push((name.text.clone(), keyword.line, length));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_long_as_its_lines() {
        let source = "fn a(b: fn(u8) -> u8) -> [u8; 2] {\n  c()\n}\ntrait D {\n  fn e();\n}\n";
        let found = [("a".to_owned(), 1, 3), ("e".to_owned(), 5, 1)];
        assert_eq!(functions(&tokens(source)), found);
    }
}
