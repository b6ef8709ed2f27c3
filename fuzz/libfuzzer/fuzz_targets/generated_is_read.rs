//! The property `generated_is_read` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("generated_is_read");
