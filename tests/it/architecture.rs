//! The invariants of services/README.md, held by a test and not by review.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines of one Rust file at most.
const FILE_LINES_MAX: usize = 400;
/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[("services/intake/tests/bad_input.rs", "one table of bad input, read as one")];

const SERVICES: &[&str] = &["directory", "intake", "normalize", "aggregate", "route", "deliver"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Package name -> names of the packages it depends on (tests' dependencies left out).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"] != "dev");
            let names = needs.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

/// Every Rust file of the project with its path from the root.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["schemas", "services", "tests"] {
        walk(&root().join(folder), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn the_top_level_is_exactly_this() {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    let top: BTreeSet<&str> =
        files.lines().map(|line| line.split('/').next().unwrap()).filter(|name| !name.starts_with('.')).collect();
    let wanted =
        ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "clippy.toml", "deploy", "schemas", "services", "tests"];
    assert_eq!(top.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn no_service_depends_on_another_and_nobody_on_the_binary() {
    for (package, needs) in dependencies() {
        let sees_all = package == "skillwire" || package == "skillwire-tests";
        for service in SERVICES {
            let name = format!("skillwire-{service}");
            assert!(
                sees_all || package == name || !needs.contains(&name),
                "{package} depends on {name}: services never depend on one another"
            );
        }
        assert!(package == "skillwire-tests" || !needs.contains("skillwire"), "{package} depends on the binary");
    }
}

#[test]
fn each_engine_has_one_crate_that_names_it() {
    let dependencies = dependencies();
    let named_by = |crate_name: &str| -> Vec<&str> {
        dependencies
            .iter()
            .filter(|(package, needs)| *package != "skillwire-tests" && needs.contains(crate_name))
            .map(|(package, _)| package.as_str())
            .collect()
    };
    assert_eq!(named_by("async-nats"), ["skillwire-bus"]);
    assert_eq!(named_by("lettre"), ["skillwire-deliver"]);
    assert!(!dependencies["skillwire-schemas"].iter().any(|d| d.starts_with("skillwire-")), "schemas knows nobody");
}

#[test]
fn sql_is_written_in_store_folders_only() {
    for (name, text) in sources() {
        let allowed =
            name.contains("/store/") || name.starts_with("services/platform/store/") || name.starts_with("tests/");
        assert!(allowed || !text.contains("sqlx::query"), "{name} writes SQL outside a store folder");
    }
}

#[test]
fn a_service_names_no_other_services_tables() {
    for (name, text) in sources() {
        let Some(own) = SERVICES.iter().find(|s| name.starts_with(&format!("services/{s}/"))) else { continue };
        for other in SERVICES.iter().filter(|s| s != &own) {
            for verb in ["from", "join", "into", "update"] {
                let needle = format!("{verb} {other}.");
                assert!(!text.contains(&needle), "{name} touches the schema of {other}: `{needle}`");
            }
        }
    }
}

#[test]
fn files_are_short() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(long, _)| *long == name);
        assert!(lines <= FILE_LINES_MAX || excused, "{name} has {lines} lines; {FILE_LINES_MAX} is the wall");
        assert!(!excused || lines > FILE_LINES_MAX, "{name} is short again: take it off the list");
    }
}

#[test]
fn decisions_know_no_runtime_and_no_database() {
    // A pure file is one that no `use` line connects with the world; these are the ones that decide.
    let pure = [
        "services/aggregate/src/suppress.rs",
        "services/aggregate/src/fold.rs",
        "services/route/src/holds.rs",
        "services/route/src/index.rs",
        "services/route/src/bits.rs",
        "services/route/src/told.rs",
        "services/deliver/src/window.rs",
        "services/deliver/src/retry.rs",
        "services/deliver/src/next_step.rs",
        "services/deliver/src/bounce/judge.rs",
        "services/deliver/src/bounce/parts.rs",
        "services/deliver/src/bounce/read.rs",
        "services/deliver/src/bounce/verp.rs",
        "services/deliver/src/mail/failure.rs",
        "services/deliver/src/webhook/schedule.rs",
        "services/deliver/src/webhook/breaker.rs",
        "services/deliver/src/webhook/sign.rs",
        "services/deliver/src/webhook/body.rs",
        "services/deliver/src/webhook/notice.rs",
        "services/platform/web/src/outbound.rs",
        "services/normalize/src/matcher.rs",
        "services/normalize/src/index.rs",
        "services/normalize/src/fold.rs",
        "services/normalize/src/need.rs",
        "services/normalize/src/reading.rs",
        "services/normalize/src/review/mod.rs",
        "services/normalize/src/review/asked.rs",
        "services/normalize/src/review/rules.rs",
        "services/platform/bus/src/taking.rs",
    ];
    let sources: BTreeMap<String, String> = sources().into_iter().collect();
    for name in pure {
        let text = sources.get(name).unwrap_or_else(|| panic!("{name} is gone: mend this list"));
        for world in ["tokio", "sqlx", "async_nats", "axum", "std::fs", "std::net"] {
            assert!(!text.contains(world), "{name} names {world}");
        }
    }
}

#[test]
fn the_map_names_every_folder() {
    let map = std::fs::read_to_string(root().join("services/README.md")).unwrap();
    for folder in ["services", "services/platform"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                assert!(map.contains(&format!("{name}/")), "services/README.md does not name {name}/");
            }
        }
    }
}
