//! The property `short_way_agrees` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("short_way_agrees");
