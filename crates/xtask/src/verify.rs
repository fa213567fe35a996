//! Every check of what is not Rust, in one table: what passed, what failed, what could not be asked.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A check that lacks its tool ends so (the convention of automake's tests), and its last line says what is missing.
const ABSENT: i32 = 77;
/// The shell's word for a command that is not there.
const NOT_FOUND: i32 = 127;
/// The validators of Python, with their versions.
const REQUIREMENTS: &str = "tools/validators/requirements.txt";
const TOOLS: &str = ".local/validators";

/// What is asked, under which name.
struct Check {
    name: &'static str,
    command: &'static str,
}

/// In this order; the quick ones first.
const CHECKS: [Check; 11] = [
    Check { name: "workflows", command: "actionlint" },
    Check { name: "dockerfile", command: "hadolint Dockerfile" },
    Check { name: "scripts", command: "shellcheck --severity warning $(git ls-files '*.sh')" },
    Check { name: "configuration", command: "python3 -B tools/config-md.py --check" },
    Check { name: "documents", command: "sh tools/validators/apis.sh" },
    Check {
        name: "observability",
        command: "PROMTOOL=$(sh tools/validators/promtool.sh) || { echo \"$PROMTOOL\"; exit 77; }
                  export PROMTOOL; sh observability/check.sh",
    },
    Check {
        name: "load-tests",
        command: "NODE=$(sh tools/validators/node.sh) || { echo \"$NODE\"; exit 77; }
                  TSC=$NODE/.bin/tsc TYPES=$NODE/@types sh load-tests/k6/check.sh",
    },
    Check { name: "kubernetes", command: "sh k8s/check.sh" },
    Check { name: "terraform", command: "sh terraform/check.sh" },
    Check { name: "terraform-scan", command: "sh terraform/check.sh --scan" },
    Check { name: "terraform-emulator", command: "sh terraform/emulator.sh" },
];

enum Outcome {
    Passed,
    Failed,
    /// What is missing.
    Absent(String),
}

/// Runs the checks named, or all; which of them failed.
///
/// # Errors
/// A name that is none; where nothing can be written.
pub(crate) fn run(root: &Path, target: &Path, names: &[&str]) -> anyhow::Result<Vec<String>> {
    if let Some(stranger) = names.iter().find(|name| CHECKS.iter().all(|it| it.name != **name)) {
        bail!("there is no check called {stranger}: {}", CHECKS.map(|check| check.name).join(", "));
    }
    let logs = target.join("verify");
    fs::create_dir_all(&logs)?;
    let path = path_with_tools(root)?;
    let (mut table, mut failed) = (String::new(), Vec::new());
    for check in CHECKS.iter().filter(|it| names.is_empty() || names.contains(&it.name)) {
        let log = logs.join(format!("{}.log", check.name));
        let began = Instant::now();
        let outcome = ask(root, &path, check, &log)?;
        let line = line(check.name, &outcome, began.elapsed());
        super::say(&line)?;
        table.push_str(&line);
        if matches!(outcome, Outcome::Failed) {
            let said = fs::read_to_string(&log).unwrap_or_default();
            failed.push(format!("{} failed; {}:\n{}", check.name, log.display(), last(&said, 40)));
        }
    }
    fs::write(logs.join("table.txt"), table)?;
    Ok(failed)
}

fn ask(root: &Path, path: &str, check: &Check, log: &Path) -> anyhow::Result<Outcome> {
    let said = File::create(log)?;
    let status = Command::new("sh")
        .args(["-c", check.command])
        .current_dir(root)
        .env("PATH", path)
        .stdout(said.try_clone()?)
        .stderr(said)
        .status()
        .context("sh")?;
    Ok(match status.code() {
        Some(0) => Outcome::Passed,
        Some(ABSENT | NOT_FOUND) => Outcome::Absent(last(&fs::read_to_string(log)?, 1)),
        _ => Outcome::Failed,
    })
}

fn line(name: &str, outcome: &Outcome, took: Duration) -> String {
    let (word, why) = match outcome {
        Outcome::Passed => ("passed", ""),
        Outcome::Failed => ("FAILED", ""),
        Outcome::Absent(why) => ("not available", why.as_str()),
    };
    let mut line = String::new();
    // Writing into a string cannot fail.
    let _infallible = write!(line, "{name:<20} {word:<14}{:>7.1} s  {why}", took.as_secs_f64());
    format!("{}\n", line.trim_end())
}

fn last(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

/// The validators come first on the path; they are fetched once, aside. Without Python what needs them is absent.
fn path_with_tools(root: &Path) -> anyhow::Result<String> {
    let (tools, wanted) = (root.join(TOOLS), root.join(REQUIREMENTS));
    let mark = tools.join("requirements.txt");
    if wanted.exists() && fs::read(&mark).ok() != fs::read(&wanted).ok() {
        fetch(&tools, &wanted).and_then(|()| Ok(fs::copy(&wanted, &mark).map(drop)?)).or_else(
            |error| super::say(&format!("the validators cannot be fetched: {error:#}\n")),
        )?;
    }
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = [tools.join("bin")].into_iter().chain(std::env::split_paths(&old));
    let path = std::env::join_paths(all.collect::<Vec<PathBuf>>())?;
    path.into_string().map_err(|_| anyhow::anyhow!("PATH is no text"))
}

fn fetch(tools: &Path, wanted: &Path) -> anyhow::Result<()> {
    super::say("fetching the validators, once\n")?;
    let run = |command: &mut Command| {
        let output = command.output().with_context(|| format!("{command:?}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{command:?}: {}", last(&said, 3));
        anyhow::Ok(())
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(tools))?;
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(tools.join("bin/pip")).args(quiet).arg(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome_of(command: &'static str) -> Outcome {
        let root = std::env::temp_dir();
        let log = root.join(format!("verify-{}-{}.log", std::process::id(), command.len()));
        let outcome = ask(&root, "/usr/bin:/bin", &Check { name: "it", command }, &log).unwrap();
        fs::remove_file(log).unwrap();
        outcome
    }

    #[test]
    fn what_lacks_its_tool_has_neither_passed_nor_failed() {
        assert!(matches!(outcome_of("exit 0"), Outcome::Passed));
        assert!(matches!(outcome_of("echo no; exit 1"), Outcome::Failed));
        let missing = outcome_of("echo once; echo 'promtool is missing'; exit 77");
        assert!(matches!(missing, Outcome::Absent(why) if why == "promtool is missing"));
        assert!(
            matches!(outcome_of("no-such-validator"), Outcome::Absent(why) if why.contains("not found"))
        );
    }

    #[test]
    fn a_line_says_name_outcome_seconds_and_what_is_missing() {
        let took = Duration::from_millis(1_250);
        let absent = line("kubernetes", &Outcome::Absent("kubectl is missing".to_owned()), took);
        assert_eq!(absent, "kubernetes           not available     1.2 s  kubectl is missing\n");
        assert_eq!(
            line("dockerfile", &Outcome::Passed, took),
            "dockerfile           passed            1.2 s\n"
        );
    }
}
