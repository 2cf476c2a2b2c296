//! What of the surroundings a command under test must not see.

use std::process::Command;

/// Takes settings of whoever runs the tests out of a command's environment; among them may be some that orgd does not know.
pub fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORGD_")) {
        command.env_remove(name);
    }
    command
}
