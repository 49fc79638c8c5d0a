//! The Dockerfile, and the images that the compose file and the manifests name.

use std::collections::{BTreeMap, BTreeSet};

use super::{compose, objects::Overlay, path, text, variables::Program};

/// The instructions of each stage, by its name, with continued lines joined.
fn stages() -> BTreeMap<String, Vec<String>> {
    let (mut stages, mut stage) = (BTreeMap::<String, Vec<String>>::new(), String::new());
    let text = text("deploy/Dockerfile").replace("\\\n", " ");
    for line in text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        if let Some(from) = line.strip_prefix("FROM ") {
            from.split_once(" AS ")
                .expect("every stage has a name")
                .1
                .clone_into(&mut stage);
        }
        stages
            .entry(stage.clone())
            .or_default()
            .push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    stages
}

#[test]
fn each_program_has_an_image_that_runs_it_without_root_or_shell() {
    let stages = stages();
    let base = &stages["base"];
    assert!(base.contains(&"FROM gcr.io/distroless/cc-debian12:nonroot AS base".to_owned()));
    assert!(base.contains(&"USER 65532:65532".to_owned()));
    for (target, program) in [
        ("api", "bulk-export-api"),
        ("worker", "bulk-export-worker"),
        ("cli", "bulk-export"),
    ] {
        let stage = &stages[target];
        assert_eq!(stage[0], format!("FROM base AS {target}"));
        assert!(
            stage.contains(&format!("COPY --from=build /out/{program} /usr/local/bin/")),
            "{stage:?}"
        );
        assert!(
            stage.contains(&format!("ENTRYPOINT [\"/usr/local/bin/{program}\"]")),
            "{stage:?}"
        );
        assert!(
            !stage
                .iter()
                .any(|line| line.starts_with("USER") || line.starts_with("RUN")),
            "{stage:?}"
        );
    }
}

#[test]
fn the_build_takes_the_locked_versions_and_needs_no_library_at_run_time() {
    let build = stages()["build"].join("\n");
    assert!(build.contains("cargo build --release --locked"));
    assert!(build.contains("--features fhir-bulk-export-store/bundled-libpq"));
    assert!(text("crates/store/Cargo.toml").contains("\nbundled-libpq = "));
    let rust = text("Cargo.toml");
    let rust = rust
        .lines()
        .find_map(|l| l.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"')
        .to_owned();
    assert!(
        text("deploy/Dockerfile").contains(&format!("ARG RUST={rust}-")),
        "the images are built with another Rust"
    );
}

#[test]
fn every_variable_of_an_image_is_documented() {
    let lines = stages().into_values().flatten();
    let names: Vec<_> = lines
        .filter_map(|l| Some(l.strip_prefix("ENV ")?.split_once('=')?.0.to_owned()))
        .collect();
    assert_eq!(names.len(), 1);
    Program::Image.check("Dockerfile", names.iter().map(String::as_str));
}

#[test]
fn the_build_sees_what_cargo_reads_and_no_more() {
    let ignore = text("deploy/Dockerfile.dockerignore");
    let lines: Vec<_> = ignore.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(lines[0], "*");
    let seen: Vec<_> = lines[1..]
        .iter()
        .map(|l| l.strip_prefix('!').unwrap())
        .collect();
    assert_eq!(
        seen,
        [
            "Cargo.toml",
            "Cargo.lock",
            "crates",
            "deploy/dev/clinical.sql",
            "migrations",
            "tests",
            "vendor"
        ]
    );
    for entry in seen {
        assert!(path(entry).exists(), "{entry}");
    }
}

fn of_manifests(overlay: &Overlay) -> BTreeSet<String> {
    overlay
        .pods()
        .into_iter()
        .flat_map(|p| p.spec.containers)
        .map(|c| c.image.unwrap())
        .collect()
}

#[test]
fn the_compose_file_and_the_dev_overlay_run_the_same_images() {
    let file = compose::file();
    let images: BTreeSet<_> = file.services.values().map(|s| s.image.clone()).collect();
    assert_eq!(of_manifests(Overlay::dev()), images);
    for (name, service) in &file.services {
        let Some(build) = &service.build else {
            continue;
        };
        assert_eq!(
            (build.context.as_str(), build.dockerfile.as_str()),
            ("..", "deploy/Dockerfile"),
            "{name}"
        );
        assert_eq!(
            service.image,
            format!("fhir-bulk-export-{}:dev", build.target),
            "{name}"
        );
        assert!(stages().contains_key(&build.target), "{name}");
    }
}

#[test]
fn production_runs_one_version_of_ours_and_the_same_node() {
    let images = of_manifests(Overlay::prod());
    let ours = |name: &str| format!("images.example.org/fhir-bulk-export/{name}:0.1.0");
    let node = "ipfs/kubo:v0.43.0".to_owned();
    assert_eq!(
        images,
        BTreeSet::from([ours("api"), ours("worker"), ours("cli"), node])
    );
}
