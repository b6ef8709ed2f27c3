//! The property `offsets_are_inside` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("offsets_are_inside");
