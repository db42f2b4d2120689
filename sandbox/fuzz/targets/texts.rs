#![no_main]
libfuzzer_sys::fuzz_target!(|text: &str| tetherd_sandbox::fuzzing::texts(text));
