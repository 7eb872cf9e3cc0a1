//! Links the compiler's support for unwinding into the program, so that it needs the C library and
//! nothing else, and starts a twentieth sooner.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let environment = std::env::var("CARGO_CFG_TARGET_ENV");
    if environment.as_deref() == Ok("gnu") {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
