//! The property `streams_are_few` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("streams_are_few");
