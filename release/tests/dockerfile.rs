//! `Dockerfile` cannot be built without a container engine; what it says is what `make image` does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeMap, fs, path::Path};

use microservice_release::pack::{OPERATOR, operator_image};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The instructions, as word and rest, without comments, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let split = |line: &str| {
        let (word, rest) = line.split_once(' ').unwrap();
        (word.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    joined.lines().filter(|line| !line.is_empty()).map(split).collect()
}

#[test]
fn the_last_stage_holds_the_program_alone_and_runs_it_as_make_image_says() {
    let all = instructions();
    let last = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
    let options = operator_image(BTreeMap::new());
    let program = &options.entrypoint;
    let said: Vec<(&str, &str)> = all[last..].iter().map(|(word, rest)| (word.as_str(), rest.as_str())).collect();
    let expected = [
        ("FROM", "scratch".to_owned()),
        ("COPY", format!("--from=build {program} {program}")),
        ("USER", options.user.clone().unwrap()),
        ("ENTRYPOINT", format!("[{program:?}]")),
    ];
    assert_eq!(said, expected.each_ref().map(|(word, rest)| (*word, rest.as_str())));
    assert!(options.arguments.is_empty() && options.env.is_empty() && options.links.is_empty());
}

#[test]
fn the_program_is_built_static_from_the_lock_file_with_the_pinned_toolchain() {
    let all = instructions();
    let run = &all.iter().find(|(word, _)| word == "RUN").unwrap().1;
    for part in ["--locked", "--profile release", "--target ", &format!("--package {OPERATOR} --bin {OPERATOR} ")] {
        assert!(run.contains(part), "{part}: {run}");
    }
    let env = |name: &str| {
        let found =
            all.iter().find_map(|(word, rest)| rest.strip_prefix(&format!("{name}=")).filter(|_| word == "ENV"));
        found.unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    assert!(env("RUSTFLAGS").contains("-Ctarget-feature=+crt-static"));
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let toolchain: toml::Table = toml::from_str(&toolchain).unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert_eq!(env("RUSTUP_TOOLCHAIN"), channel);
    let builder = all.iter().find_map(|(_, rest)| rest.strip_prefix("BUILDER=")).unwrap();
    assert!(builder.starts_with(&format!("rust:{channel}-")), "{builder}");
}

#[test]
fn what_the_builder_needs_is_not_kept_from_it() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let top = member.as_str().unwrap().split('/').next().unwrap();
        assert!(ignored.lines().any(|line| line == format!("!{top}")), "{top} is missing in .dockerignore");
    }
}
