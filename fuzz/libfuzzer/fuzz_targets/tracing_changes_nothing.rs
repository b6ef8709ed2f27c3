//! The property `tracing_changes_nothing` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("tracing_changes_nothing");
