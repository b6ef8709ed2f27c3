//! The property `bounded_memory` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("bounded_memory");
