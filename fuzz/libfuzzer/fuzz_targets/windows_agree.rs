//! The property `windows_agree` behind libFuzzer.

#![no_main]

dryload_libfuzzer::target!("windows_agree");
