#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tetherd_sandbox::fuzzing::frames(bytes));
