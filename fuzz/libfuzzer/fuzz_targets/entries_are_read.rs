//! The property `entries_are_read` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("entries_are_read");
