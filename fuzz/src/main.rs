//! Runs properties on mutated seeds for a time, or for so many inputs:
//! `dryload-fuzz all --seconds 5`, `dryload-fuzz windows_agree --execs 10000000`.
//!
//! Deterministic from `--seed`. A failing input is written to `--artifacts`
//! (default: the system's temporary folder) and its name printed; further
//! seeds may be given as files.

#![allow(clippy::print_stdout)] // A command: its results are its output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dryload_fuzz::{PROPERTIES, Property, generated, input, policy, seeds};
use dryload_gen::Rng;

struct Options {
    targets: Vec<&'static Property>,
    seconds: u64,
    execs: u64,
    seed: u64,
    artifacts: PathBuf,
    files: Vec<PathBuf>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        targets: Vec::new(),
        seconds: 5,
        execs: u64::MAX,
        seed: 1,
        artifacts: std::env::temp_dir(),
        files: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--seconds" => options.seconds = value()?.parse().map_err(|_| "--seconds takes a number".to_owned())?,
            "--execs" => {
                options.execs = value()?.parse().map_err(|_| "--execs takes a number".to_owned())?;
                options.seconds = u64::MAX;
            }
            "--seed" => options.seed = value()?.parse().map_err(|_| "--seed takes a number".to_owned())?,
            "--artifacts" => options.artifacts = value()?.into(),
            "all" => options.targets.extend(PROPERTIES),
            name => match PROPERTIES.iter().find(|p| p.name == name) {
                Some(property) => options.targets.push(property),
                None => options.files.push(name.into()),
            },
        }
    }
    if options.targets.is_empty() {
        let names: Vec<_> = PROPERTIES.iter().map(|p| p.name).collect();
        return Err(format!("name a target: all, {}", names.join(", ")));
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("dryload-fuzz: {message}");
            return ExitCode::from(2);
        }
    };
    let mut inputs: Vec<(String, Vec<u8>)> =
        seeds().into_iter().chain(generated()).map(|(n, d)| (n.to_owned(), d)).collect();
    for path in &options.files {
        match std::fs::read(path) {
            Ok(data) => inputs.push((path.to_string_lossy().into_owned(), data)),
            Err(e) => {
                eprintln!("dryload-fuzz: {}: {e}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    let mut failed = false;
    for property in &options.targets {
        failed |= !run(property, &options, &inputs);
    }
    ExitCode::from(u8::from(failed))
}

/// Runs one property; false when it failed.
fn run(property: &Property, options: &Options, inputs: &[(String, Vec<u8>)]) -> bool {
    let names = policy();
    let mut rng = Rng::new(options.seed);
    let (start, time) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut tried = 0u64;
    while start.elapsed() < time && tried < options.execs {
        let as_it_is = usize::try_from(tried).ok().and_then(|i| inputs.get(i));
        let (name, data) = match as_it_is {
            Some((name, seed)) => (name.as_str(), seed.clone()),
            None => input(inputs, &mut rng),
        };
        tried = tried.saturating_add(1);
        if catch_unwind(AssertUnwindSafe(|| (property.check)(&data, name, &names))).is_err() {
            let path = options.artifacts.join(format!("dryload-{}-{tried}.bin", property.name));
            let written = std::fs::write(&path, &data).map_or_else(|e| e.to_string(), |()| path.display().to_string());
            println!("{}: FAILED on input {tried} (as {name}): {written}", property.name);
            return false;
        }
    }
    println!("{}: {tried} inputs, no failure: {}", property.name, property.claim);
    true
}
