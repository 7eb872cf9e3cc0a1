//! x
use std::io::Write;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let now = || {
        cib::time::DateTime::from_epoch_s(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs() as i64,
        )
    };
    let o = pcs::crm_simulate::run(&args, now, &mut pcs::files::MachineFiles);
    std::io::stdout()
        .write_all(o.standard_output.as_bytes())
        .unwrap();
    std::io::stderr()
        .write_all(o.standard_error.as_bytes())
        .unwrap();
    std::process::exit(i32::from(o.exit_code.0));
}
