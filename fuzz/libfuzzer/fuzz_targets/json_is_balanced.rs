//! The property `json_is_balanced` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("json_is_balanced");
