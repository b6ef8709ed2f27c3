//! The property `names_are_judged` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("names_are_judged");
