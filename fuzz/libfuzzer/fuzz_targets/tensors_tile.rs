//! The property `tensors_tile` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("tensors_tile");
