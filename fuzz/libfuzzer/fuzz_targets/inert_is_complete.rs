//! The property `inert_is_complete` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("inert_is_complete");
