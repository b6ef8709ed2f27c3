//! The property `kit_is_total` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("kit_is_total");
